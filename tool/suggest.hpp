// "Did you mean": the nearest of some names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace geyser::tool {

// Insertions, deletions and replacements of bytes that make one text the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
// The nearest name, or nothing when none is near.
[[nodiscard]] std::string nearest(std::string_view wanted, std::span<const std::string> names);
// "a, b, c"
[[nodiscard]] std::string join(std::span<const std::string> names);

}  // namespace geyser::tool
