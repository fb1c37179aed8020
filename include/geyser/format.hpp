// Pixel formats, one table for all APIs. Names give channels from the first byte in memory upwards where every
// channel is a whole number of bytes (rgba8: byte 0 is red), as in Vulkan. Packed formats (rgb565, rgb10a2, ...)
// are little-endian words; `FormatInfo::packing` says which channel sits in the lowest bits.
//
// Specifications: Vulkan 1.3 "Formats"; Khronos Data Format 1.3; kernel drm_fourcc.h for the fourcc column.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <geyser/export.hpp>

namespace geyser {

// Values are stable: they travel on the wire.
enum class TextureFormat : std::uint16_t {
  unknown = 0,
  r8_unorm = 1,
  r8_snorm,
  r8_uint,
  r8_sint,
  rg8_unorm,
  rg8_snorm,
  rg8_uint,
  rg8_sint,
  rgba8_unorm,
  rgba8_snorm,
  rgba8_uint,
  rgba8_sint,
  rgba8_srgb,
  bgra8_unorm,
  bgra8_srgb,
  r16_unorm,
  r16_snorm,
  r16_uint,
  r16_sint,
  r16_float,
  rg16_unorm,
  rg16_snorm,
  rg16_uint,
  rg16_sint,
  rg16_float,
  rgba16_unorm,
  rgba16_snorm,
  rgba16_uint,
  rgba16_sint,
  rgba16_float,
  r32_uint,
  r32_sint,
  r32_float,
  rg32_uint,
  rg32_sint,
  rg32_float,
  rgba32_uint,
  rgba32_sint,
  rgba32_float,
  r8_srgb,
  rg8_srgb,

  rgb10a2_unorm = 64,  // red in bits 0-9, alpha in 30-31 (VK A2B10G10R10, DRM ABGR2101010)
  rgb10a2_uint,
  bgr10a2_unorm,  // blue in bits 0-9 (VK A2R10G10B10, DRM ARGB2101010)
  rg11b10_float,  // red in bits 0-10 (VK B10G11R11)
  rgb9e5_float,   // red in bits 0-8, shared exponent on top
  rgb565_unorm,   // red in bits 11-15, blue in bits 0-4 (VK R5G6B5, DRM RGB565)

  d16_unorm = 96,
  d24_unorm_s8_uint,
  d32_float,
  d32_float_s8_uint,
  s8_uint,

  bc1_rgb_unorm = 128,
  bc1_rgb_srgb,
  bc1_rgba_unorm,
  bc1_rgba_srgb,
  bc2_unorm,
  bc2_srgb,
  bc3_unorm,
  bc3_srgb,
  bc4_unorm,
  bc4_snorm,
  bc5_unorm,
  bc5_snorm,
  bc6h_ufloat,
  bc6h_sfloat,
  bc7_unorm,
  bc7_srgb,
  etc2_rgb8_unorm,
  etc2_rgb8_srgb,
  etc2_rgb8a1_unorm,
  etc2_rgb8a1_srgb,
  etc2_rgba8_unorm,
  etc2_rgba8_srgb,
  eac_r11_unorm,
  eac_r11_snorm,
  eac_rg11_unorm,
  eac_rg11_snorm,

  astc_4x4_unorm = 192,
  astc_4x4_srgb,
  astc_5x4_unorm,
  astc_5x4_srgb,
  astc_5x5_unorm,
  astc_5x5_srgb,
  astc_6x5_unorm,
  astc_6x5_srgb,
  astc_6x6_unorm,
  astc_6x6_srgb,
  astc_8x5_unorm,
  astc_8x5_srgb,
  astc_8x6_unorm,
  astc_8x6_srgb,
  astc_8x8_unorm,
  astc_8x8_srgb,
  astc_10x5_unorm,
  astc_10x5_srgb,
  astc_10x6_unorm,
  astc_10x6_srgb,
  astc_10x8_unorm,
  astc_10x8_srgb,
  astc_10x10_unorm,
  astc_10x10_srgb,
  astc_12x10_unorm,
  astc_12x10_srgb,
  astc_12x12_unorm,
  astc_12x12_srgb,

  nv12 = 256,  // plane 0: Y; plane 1: CbCr interleaved at half size each way
  p010,        // as nv12 in 16-bit words, value in the upper 10 bits
  i420,        // planes Y, Cb, Cr; chroma at half size each way
};

enum class NumericKind : std::uint8_t { unorm, snorm, uint, sint, floating, ufloat, srgb, mixed };
enum class FormatClass : std::uint8_t { color, packed, depth_stencil, compressed, multi_planar };

// One plane of pixels. Every single-planar format has exactly one.
struct FormatPlane {
  std::uint8_t block_bytes = 0;  // bytes of one block (for uncompressed formats: of one texel)
  std::uint8_t width_shift = 0;  // plane width = ceil(width / 2^shift)
  std::uint8_t height_shift = 0;
};

struct FormatInfo {
  TextureFormat format = TextureFormat::unknown;
  std::string_view name;  // as in the enumeration
  FormatClass format_class = FormatClass::color;
  NumericKind numeric = NumericKind::unorm;
  std::uint8_t block_width = 1;  // texels; over 1 only for compressed formats
  std::uint8_t block_height = 1;
  std::uint8_t plane_count = 1;
  std::array<FormatPlane, 3> planes{};
  // Channels: by bytes in memory for `color` ("RGBA", "BGRA"), from the lowest bits up for `packed` ("BGR").
  std::string_view channels;
  // Bits of each channel in the order of `channels`; empty for compressed and multi-planar.
  std::array<std::uint8_t, 4> channel_bits{};
  bool has_depth = false;
  bool has_stencil = false;
  std::uint32_t drm_fourcc = 0;  // drm_fourcc.h code, 0 where the kernel has none
  [[nodiscard]] bool is_compressed() const noexcept { return format_class == FormatClass::compressed; }
  [[nodiscard]] bool is_multi_planar() const noexcept { return plane_count > 1; }
  [[nodiscard]] bool is_srgb() const noexcept { return numeric == NumericKind::srgb; }
};

// The row of a format; the row of `unknown` (plane_count 0) for a value that is none. Never fails, no allocation.
[[nodiscard]] GEYSER_API const FormatInfo& format_info(TextureFormat format) noexcept;
// Every format but `unknown`, in ascending order.
[[nodiscard]] GEYSER_API std::span<const FormatInfo> all_formats() noexcept;
[[nodiscard]] GEYSER_API std::string_view to_string(TextureFormat format) noexcept;
// By the enumeration's name; `unknown` when there is no such format.
[[nodiscard]] GEYSER_API TextureFormat format_from_name(std::string_view name) noexcept;
[[nodiscard]] GEYSER_API TextureFormat format_from_drm_fourcc(std::uint32_t fourcc) noexcept;

}  // namespace geyser
