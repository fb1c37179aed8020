// Builds one string from literals, strings and numbers. For error sentences: never on a success path.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace geyser::detail {

inline void append_text(std::string& out, std::string_view part) { out += part; }
inline void append_text(std::string& out, const char* part) { out += part; }
inline void append_text(std::string& out, bool part) { out += part ? "true" : "false"; }
template <typename Number>
  requires(std::integral<Number> && !std::same_as<Number, bool>)
void append_text(std::string& out, Number part) {
  out += std::to_string(part);
}

template <typename... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

}  // namespace geyser::detail
