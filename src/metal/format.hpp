// Metal's column of the format table, which Vulkan on Metal reads, too (surface/pixel_format.hpp).
#pragma once

#include "surface/pixel_format.hpp"

namespace geyser::metal {

using MetalFormat = surface::PixelFormat;
using surface::Needs;

inline const MetalFormat* find_format(TextureFormat format) noexcept { return surface::find_pixel_format(format); }

}  // namespace geyser::metal
