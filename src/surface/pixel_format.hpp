// Metal's column of the format table, for Metal and for Vulkan on it.
#pragma once

#include <array>
#include <cstdint>

#include <geyser/format.hpp>

namespace geyser::surface {

// Which devices have it.
enum class Needs : std::uint8_t { nothing, apple_gpu, block_compression };

struct PixelFormat {
  TextureFormat format = TextureFormat::unknown;
  std::array<std::uint32_t, 3> pixel_formats{};  // MTLPixelFormat of each plane
  Needs needs = Needs::nothing;
};

// The row of a format; null where Metal has no equal.
const PixelFormat* find_pixel_format(TextureFormat format) noexcept;

}  // namespace geyser::surface
