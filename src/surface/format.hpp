// CoreVideo's names of the memory of surfaces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <geyser/format.hpp>

namespace geyser::surface {

// Whether textures of it can be on an IOSurface.
bool has_surfaces(TextureFormat format) noexcept;
// What a surface of that format is called for a range of colours; 0: without a name.
std::uint32_t surface_format_of(TextureFormat format, bool limited) noexcept;
struct NamedFormat {
  TextureFormat format = TextureFormat::unknown;
  bool limited = false;
};
// What a name stands for; of two formats that share one, that without srgb.
std::optional<NamedFormat> find_surface_format(std::uint32_t name) noexcept;
bool is_surface_format(TextureFormat format, std::uint32_t name) noexcept;
// The smallest part of a picture of several planes that has whole texels in each, and its bytes in all of them.
struct PlanarElement {
  std::uint64_t bytes = 0, width = 0, height = 0;
  friend bool operator==(const PlanarElement&, const PlanarElement&) = default;
};
PlanarElement planar_element_of(TextureFormat format) noexcept;
// "420v"
std::string four_characters(std::uint32_t name);

}  // namespace geyser::surface
