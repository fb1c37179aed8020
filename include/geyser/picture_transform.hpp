// Ready numbers for showing a texture as its picture facts (PictureInfo) say, for whoever writes the shader. Values and
// pure functions. Code points are those of ITU-T H.273; 2 (unspecified) is read as sRGB, and for Y'CbCr as BT.709 from
// 720 rows on, else as BT.601.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <geyser/descriptor.hpp>
#include <geyser/export.hpp>

namespace geyser {

struct PictureTransform {
  // Where to sample for a point of the upright picture, u to the right and v downwards from 0 to 1:
  // (u, v) * scale + offset, when texel row 0 in memory is at v = 0 (in Vulkan, Direct3D, Metal, and for textures
  // of Geyser also in OpenGL).
  std::array<float, 2> scale{1, 1};
  std::array<float, 2> offset{0, 0};
  // What is sampled (R, G, B, or Y, Cb, Cr from the planes in order) to R, G, B from 0 to 1, encoded by `transfer`:
  // rgb[i] = to_rgb[i] . (x, y, z, 1). Undoes limited range and the Y'CbCr matrix.
  std::array<std::array<float, 4>, 3> to_rgb{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}};
  // What R, G, B are encoded by; 8: they are linear (as samplers give them of sRGB formats).
  std::uint8_t transfer = 13;
  // Linear R, G, B of the picture's primaries to those of sRGB and BT.709; out-of-gamut colours leave 0 to 1.
  std::array<std::array<float, 3>, 3> to_bt709{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  AlphaMode alpha = AlphaMode::premultiplied;
  friend bool operator==(const PictureTransform&, const PictureTransform&) = default;
};

// `descriptor` must have passed validate().
[[nodiscard]] GEYSER_API PictureTransform picture_transform(const TextureDescriptor& descriptor) noexcept;

// An encoded value to linear light, and back. 1.0 is reference white: 203 cd/m2 for PQ (16), 75 % for HLG (18, without
// its system gamma). BT.709, 601 and 2020 (1, 6, 14, 15) decode as screens do, by BT.1886. Unknown codes: as 13.
[[nodiscard]] GEYSER_API float to_linear(std::uint8_t transfer, float encoded) noexcept;
[[nodiscard]] GEYSER_API float from_linear(std::uint8_t transfer, float linear) noexcept;
// The same as GLSL functions, for #version 130, 300 es and later, to be put before main():
// `vec3 geyser_to_linear(int transfer, vec3 encoded)` and `vec3 geyser_from_linear(int transfer, vec3 linear)`.
[[nodiscard]] GEYSER_API std::string_view glsl_transfer_functions() noexcept;

}  // namespace geyser
