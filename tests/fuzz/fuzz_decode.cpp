// Any bytes, any number of handles; what decodes is encoded again and must decode to the same kind of message.
#include <cstdint>
#include <cstdlib>

#include <geyser/wire.hpp>

#include "platform/shared_memory.hpp"
#include "support/messages.hpp"

namespace {

std::vector<geyser::OwnedHandle> handles(std::size_t count) {
  static const geyser::OwnedHandle memory = *geyser::platform::create_shared_memory(4096);
  std::vector<geyser::OwnedHandle> copies;
  for (std::size_t i = 0; i < count; ++i) copies.push_back(*memory.duplicate());
  return copies;
}

}  // namespace

// libFuzzer's own hook: some inputs begin as a valid Offer, Pool, Subscribe or Feed, which random bytes would never
// become.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  using geyser::wire::Message;
  static const auto messages = [] {
    std::vector<geyser::wire::EncodedMessage> all;
    all.push_back(*geyser::wire::encode(Message(geyser::test::make_offer())));
    all.push_back(*geyser::wire::encode(Message(geyser::test::make_pool())));
    all.push_back(*geyser::wire::encode(Message(geyser::test::make_subscribe())));
    all.push_back(*geyser::wire::encode(Message(geyser::wire::Feed{geyser::test::make_feed()})));
    return all;
  }();
  const auto& message = messages[seed / 16 % messages.size()];
  if (seed % 16 == 0 && message.bytes.size() + 1 <= max_size) {
    data[0] = static_cast<std::uint8_t>(message.handles.size());
    for (std::size_t i = 0; i < message.bytes.size(); ++i)
      data[i + 1] = std::to_integer<std::uint8_t>(message.bytes[i]);
    size = message.bytes.size() + 1;
  }
  return LLVMFuzzerMutate(data, size, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  auto message = geyser::wire::decode(bytes, handles(data[0] % 8));
  if (!message) return 0;
  const std::size_t kind = message->index();
  auto encoded = geyser::wire::encode(*std::move(message));
  if (!encoded) std::abort();
  auto again = geyser::wire::decode(encoded->bytes, std::move(encoded->handles));
  if (!again || again->index() != kind) std::abort();
  return 0;
}
