#include "wire/fields.hpp"

#include <utility>

#include "common/utf8.hpp"

namespace geyser::wire {

using detail::text;

void Fields::complain(const char* field, const std::string& what, ErrorCode code) {
  if (!problem_.empty()) return;
  problem_ = text("Field [", field, "] ", what, ".");
  code_ = code;
}

TextureFormat Fields::format(std::uint16_t value) {
  const auto result = static_cast<TextureFormat>(value);
  if (format_info(result).format == TextureFormat::unknown) complain("format", text("is [", value, "], which is none"));
  return result;
}

std::string Fields::string(const flatbuffers::String* value, std::size_t limit, const char* field) {
  if (value == nullptr) return {};
  if (value->size() > limit) {
    complain(field, text("has [", value->size(), "] bytes, at most [", limit, "] are allowed"));
    return {};
  }
  if (!detail::is_utf8({value->c_str(), value->size()})) complain(field, "is not UTF-8");
  return value->str();
}

OwnedHandle Fields::take(std::uint32_t index, const char* field) {
  if (index >= handles_.size() || used_[index]) {
    complain(field, text(index < handles_.size() ? "uses a second time" : "names", " handle [", index, "] of [",
                         handles_.size(), "]"));
    return {};
  }
  used_[index] = true;
  return std::move(handles_[index]);
}

void Fields::expect_all_taken() {
  for (std::size_t i = 0; i < used_.size() && good(); ++i) {
    if (!used_[i]) complain("handle_kinds", text("has handle [", i, "], which nothing uses"));
  }
}

}  // namespace geyser::wire
