// Geyser's strings are UTF-8, the system's UTF-16.
#pragma once

#include <string>
#include <string_view>

namespace geyser::platform {

[[nodiscard]] std::wstring to_wide(std::string_view text);
[[nodiscard]] std::string to_utf8(std::wstring_view text);

}  // namespace geyser::platform
