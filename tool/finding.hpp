// What `geyser check` looks at, and what it has to say of a frame.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace geyser::tool {

enum class Check : std::uint8_t {
  orientation,
  channel_order,
  pixels,
  tearing,
  numbering,  // the picture's number is FrameInfo::number
  order,      // frames come once, in order, and none is missing that the statistics do not count
  metadata,
  latency,
  agreement,
};

inline constexpr std::array<Check, 9> all_checks{Check::orientation, Check::channel_order, Check::pixels,
                                                 Check::tearing,     Check::numbering,     Check::order,
                                                 Check::metadata,    Check::latency,       Check::agreement};

[[nodiscard]] constexpr std::string_view to_string(Check check) noexcept {
  constexpr std::array<std::string_view, all_checks.size()> names{
      "orientation", "channel_order", "pixels", "tearing", "numbering", "order", "metadata", "latency", "agreement"};
  return names[static_cast<std::size_t>(check)];
}

struct Finding {
  Check check = Check::pixels;
  std::string seen;  // "columns mirrored"
};

}  // namespace geyser::tool
