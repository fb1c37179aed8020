// Any bytes; what decodes has exactly one encoding.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <geyser/wire.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto frame = geyser::wire::decode_frame(bytes);
  if (!frame) return 0;
  const auto again = geyser::wire::encode(*frame);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  static_cast<void>(geyser::wire::to_access_state(*frame, {}));
  return 0;
}
