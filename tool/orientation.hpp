// The eight ways in which a picture can lie in its rows and columns.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace geyser::tool {

enum class Orientation : std::uint8_t {
  upright,
  mirrored,
  upside_down,
  turned_180,
  turned_90,   // clockwise
  turned_270,  // clockwise
  transposed,
  transversed,
};

inline constexpr std::array<Orientation, 8> all_orientations{
    Orientation::upright,   Orientation::mirrored,   Orientation::upside_down, Orientation::turned_180,
    Orientation::turned_90, Orientation::turned_270, Orientation::transposed,  Orientation::transversed};

struct Place {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

// Width and height change places.
[[nodiscard]] constexpr bool is_turned(Orientation orientation) noexcept {
  return orientation >= Orientation::turned_90;
}

// Where the texel `at` of an upright picture of width x height is found in one that lies so.
[[nodiscard]] constexpr Place turn(Orientation orientation, Place at, std::uint32_t width,
                                   std::uint32_t height) noexcept {
  const std::uint32_t right = width - 1 - at.x;
  const std::uint32_t below = height - 1 - at.y;
  switch (orientation) {
    case Orientation::upright:
      return at;
    case Orientation::mirrored:
      return {right, at.y};
    case Orientation::upside_down:
      return {at.x, below};
    case Orientation::turned_180:
      return {right, below};
    case Orientation::turned_90:
      return {below, at.x};
    case Orientation::turned_270:
      return {at.y, right};
    case Orientation::transposed:
      return {at.y, at.x};
    case Orientation::transversed:
      return {below, right};
  }
  return at;
}

[[nodiscard]] constexpr std::string_view to_words(Orientation orientation) noexcept {
  switch (orientation) {
    case Orientation::upright:
      return "upright";
    case Orientation::mirrored:
      return "columns mirrored";
    case Orientation::upside_down:
      return "upside down";
    case Orientation::turned_180:
      return "turned by 180 degrees";
    case Orientation::turned_90:
      return "turned by 90 degrees clockwise";
    case Orientation::turned_270:
      return "turned by 90 degrees anticlockwise";
    case Orientation::transposed:
      return "rows and columns exchanged";
    case Orientation::transversed:
      return "rows and columns exchanged, and turned by 180 degrees";
  }
  return "";
}

}  // namespace geyser::tool
