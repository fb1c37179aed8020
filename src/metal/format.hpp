// Metal's column of the format table, and IOSurface's.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <geyser/format.hpp>

namespace geyser::metal {

// Which devices have it.
enum class Needs : std::uint8_t { nothing, apple_gpu, block_compression };

struct MetalFormat {
  TextureFormat format = TextureFormat::unknown;
  std::array<std::uint32_t, 3> pixel_formats{};  // MTLPixelFormat of each plane
  // CoreVideo's names of such memory, what Geyser makes first; 0: none. Those of Y'CbCr: limited range, then full.
  std::array<std::uint32_t, 2> surface_formats{};
  Needs needs = Needs::nothing;
  bool unnamed_surface = false;  // surfaces of it have no name: only who is told the format can use them
};

// The row of a format; null where Metal has no equal.
const MetalFormat* find_format(TextureFormat format) noexcept;
// Whether textures of it can be on an IOSurface.
bool has_surfaces(TextureFormat format) noexcept;
// What a surface of that format is called for a range of colours; 0: without a name.
std::uint32_t surface_format_of(TextureFormat format, bool limited) noexcept;
bool is_surface_format(TextureFormat format, std::uint32_t name) noexcept;
// "420v"
std::string four_characters(std::uint32_t name);

}  // namespace geyser::metal
