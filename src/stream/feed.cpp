#include <geyser/stream/feed.hpp>

#include <algorithm>

#include "common/text.hpp"
#include "common/utf8.hpp"
#include "platform/runtime_directory.hpp"

namespace geyser::stream {

using detail::text;

Result<void> validate_name(std::string_view name, std::string_view field) {
  if (name.empty()) return fail(ErrorCode::invalid_argument, text("Field [", field, "] is empty."));
  if (name.size() > max_feed_name_bytes) {
    return fail(ErrorCode::invalid_argument, text("Field [", field, "] has [", name.size(), "] bytes, at most [",
                                                  max_feed_name_bytes, "] are possible."));
  }
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
  if (control) return fail(ErrorCode::invalid_argument, text("Field [", field, "] has a control character."));
  if (!detail::is_utf8(name)) return fail(ErrorCode::invalid_argument, text("Field [", field, "] is not UTF-8."));
  return {};
}

std::string default_runtime_directory() { return platform::runtime_directory_path(); }

}  // namespace geyser::stream
