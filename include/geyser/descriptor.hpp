// What the user wants a texture to be. A value: copies, compares, crosses processes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/format.hpp>

namespace geyser {

enum class TextureDimension : std::uint8_t {
  two_d = 0,  // array_layers is 1
  two_d_array = 1,
  cube = 2,        // array_layers is 6, faces +X -X +Y -Y +Z -Z
  cube_array = 3,  // array_layers is a multiple of 6
  three_d = 4,     // extent.depth slices, array_layers is 1
};
[[nodiscard]] GEYSER_API std::string_view to_string(TextureDimension dimension) noexcept;

// Texels. depth is 1 for everything but three_d.
struct Extent3D {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t depth = 1;
  friend bool operator==(const Extent3D&, const Extent3D&) = default;
};

// What will be done with the texture, at either end. A set: combine with |.
enum class TextureUsage : std::uint32_t {
  none = 0,
  sampled = 1,
  storage = 2,
  color_attachment = 4,
  depth_stencil_attachment = 8,
  transfer_source = 16,
  transfer_destination = 32,
};
inline constexpr TextureUsage all_texture_usages = static_cast<TextureUsage>(63);
constexpr TextureUsage operator|(TextureUsage a, TextureUsage b) noexcept {
  return static_cast<TextureUsage>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr TextureUsage operator&(TextureUsage a, TextureUsage b) noexcept {
  return static_cast<TextureUsage>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr bool contains(TextureUsage set, TextureUsage subset) noexcept {
  return (set & subset) == subset;
}
[[nodiscard]] GEYSER_API std::string to_string(TextureUsage usage);  // "sampled|storage"

// Facts about the picture. Geyser carries them and never changes pixels for them.
enum class PictureOrigin : std::uint8_t { top_left = 0, bottom_left = 1 };
enum class AlphaMode : std::uint8_t { opaque = 0, premultiplied = 1, straight = 2 };
enum class ColorRange : std::uint8_t { full = 0, limited = 1 };
// Code points of ITU-T H.273, so that every video API maps one to one; 2 is "unspecified".
struct PictureInfo {
  PictureOrigin origin = PictureOrigin::top_left;
  AlphaMode alpha = AlphaMode::premultiplied;
  ColorRange range = ColorRange::full;
  std::uint8_t color_primaries = 2;
  std::uint8_t transfer_characteristics = 2;
  std::uint8_t matrix_coefficients = 2;
  friend bool operator==(const PictureInfo&, const PictureInfo&) = default;
};

inline constexpr std::uint32_t max_texture_extent = 65536;
inline constexpr std::uint32_t max_array_layers = 4096;
inline constexpr std::size_t max_label_bytes = 64;

struct TextureDescriptor {
  TextureDimension dimension = TextureDimension::two_d;
  Extent3D extent;
  std::uint32_t mip_levels = 1;
  std::uint32_t array_layers = 1;
  std::uint32_t samples = 1;
  TextureFormat format = TextureFormat::rgba8_unorm;
  TextureUsage usage = TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
  PictureInfo picture;
  std::string label;  // for people, UTF-8, at most max_label_bytes; crosses processes

  friend bool operator==(const TextureDescriptor&, const TextureDescriptor&) = default;
};

// Whether any driver could make this: ranges, dimension against layers and depth, mips against extent, samples,
// usage against format, total size without overflow. Errors: invalid_argument, naming the field and its limit.
[[nodiscard]] GEYSER_API Result<void> validate(const TextureDescriptor& descriptor);

// "two_d 1920x1080 rgba8_unorm, 1 mip, 1 layer [preview]"
[[nodiscard]] GEYSER_API std::string to_string(const TextureDescriptor& descriptor);

// Extent of one mip level of one format plane, at least 1 each way.
[[nodiscard]] GEYSER_API Extent3D mip_extent(const TextureDescriptor& descriptor, std::uint32_t mip_level,
                                             std::uint32_t plane = 0) noexcept;

}  // namespace geyser
