// The cases of the contract suites: every format in one plain shape, and every shape in a few formats.
#pragma once

#include <vector>

#include <geyser/descriptor.hpp>

namespace geyser::test {

struct Shape {
  const char* name;
  TextureDimension dimension;
  Extent3D extent;
  std::uint32_t mips;
  std::uint32_t layers;
};
// Odd sizes wherever the format's blocks allow; multi-planar formats use even ones.
inline constexpr Shape plain{"plain", TextureDimension::two_d, {37, 23, 1}, 1, 1};
inline constexpr Shape shapes[] = {
    {"mips", TextureDimension::two_d, {53, 31, 1}, 6, 1},
    {"one_texel", TextureDimension::two_d, {1, 1, 1}, 1, 1},
    {"array", TextureDimension::two_d_array, {19, 27, 1}, 3, 5},
    {"cube", TextureDimension::cube, {24, 24, 1}, 4, 6},
    {"cube_array", TextureDimension::cube_array, {20, 20, 1}, 3, 12},
    {"volume", TextureDimension::three_d, {17, 9, 7}, 3, 1},
};
inline constexpr TextureFormat shaped_formats[] = {TextureFormat::rgba8_unorm, TextureFormat::r16_float,
                                                   TextureFormat::bgra8_unorm, TextureFormat::bc7_unorm,
                                                   TextureFormat::astc_8x5_unorm};

struct Case {
  Shape shape;
  TextureFormat format;
};
inline std::vector<Case> format_cases() {
  std::vector<Case> cases;
  for (const FormatInfo& info : all_formats()) cases.push_back({plain, info.format});
  return cases;
}
inline std::vector<Case> shape_cases() {
  std::vector<Case> cases;
  for (const Shape& shape : shapes) {
    for (const TextureFormat format : shaped_formats) cases.push_back({shape, format});
  }
  return cases;
}

inline TextureDescriptor describe(const Case& c) {
  TextureDescriptor d;
  d.dimension = c.shape.dimension;
  d.extent = c.shape.extent;
  d.mip_levels = c.shape.mips;
  d.array_layers = c.shape.layers;
  d.format = c.format;
  if (format_info(c.format).is_multi_planar()) {
    d.extent.width &= ~1U;
    d.extent.height &= ~1U;
  }
  return d;
}

}  // namespace geyser::test
