#include "metal/format.hpp"

#import <Metal/Metal.h>

#include <algorithm>

namespace geyser::metal {

namespace {

using F = TextureFormat;

constexpr std::uint32_t code(const char (&name)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(name[i]);
  return value;
}

// CoreVideo/CVPixelBuffer.h documents the four characters of each kCVPixelFormatType.
constexpr MetalFormat table[] = {
    {F::r8_unorm, {MTLPixelFormatR8Unorm}, {code("L008")}},
    {F::r8_snorm, {MTLPixelFormatR8Snorm}},
    {F::r8_uint, {MTLPixelFormatR8Uint}},
    {F::r8_sint, {MTLPixelFormatR8Sint}},
    {F::r8_srgb, {MTLPixelFormatR8Unorm_sRGB}, {}, Needs::apple_gpu},
    {F::rg8_unorm, {MTLPixelFormatRG8Unorm}, {code("2C08")}},
    {F::rg8_snorm, {MTLPixelFormatRG8Snorm}},
    {F::rg8_uint, {MTLPixelFormatRG8Uint}},
    {F::rg8_sint, {MTLPixelFormatRG8Sint}},
    {F::rg8_srgb, {MTLPixelFormatRG8Unorm_sRGB}, {}, Needs::apple_gpu},
    {F::rgba8_unorm, {MTLPixelFormatRGBA8Unorm}, {code("RGBA")}},
    {F::rgba8_snorm, {MTLPixelFormatRGBA8Snorm}},
    {F::rgba8_uint, {MTLPixelFormatRGBA8Uint}},
    {F::rgba8_sint, {MTLPixelFormatRGBA8Sint}},
    {F::rgba8_srgb, {MTLPixelFormatRGBA8Unorm_sRGB}, {code("RGBA")}},
    {F::bgra8_unorm, {MTLPixelFormatBGRA8Unorm}, {code("BGRA")}},
    {F::bgra8_srgb, {MTLPixelFormatBGRA8Unorm_sRGB}, {code("BGRA")}},
    {F::r16_unorm, {MTLPixelFormatR16Unorm}, {code("L016")}},
    {F::r16_snorm, {MTLPixelFormatR16Snorm}},
    {F::r16_uint, {MTLPixelFormatR16Uint}},
    {F::r16_sint, {MTLPixelFormatR16Sint}},
    {F::r16_float, {MTLPixelFormatR16Float}, {code("L00h")}},
    {F::rg16_unorm, {MTLPixelFormatRG16Unorm}, {code("2C16")}},
    {F::rg16_snorm, {MTLPixelFormatRG16Snorm}},
    {F::rg16_uint, {MTLPixelFormatRG16Uint}},
    {F::rg16_sint, {MTLPixelFormatRG16Sint}},
    {F::rg16_float, {MTLPixelFormatRG16Float}, {code("2C0h")}},
    {F::rgba16_unorm, {MTLPixelFormatRGBA16Unorm}, {code("l64r")}},
    {F::rgba16_snorm, {MTLPixelFormatRGBA16Snorm}},
    {F::rgba16_uint, {MTLPixelFormatRGBA16Uint}},
    {F::rgba16_sint, {MTLPixelFormatRGBA16Sint}},
    {F::rgba16_float, {MTLPixelFormatRGBA16Float}, {code("RGhA")}},
    {F::r32_uint, {MTLPixelFormatR32Uint}},
    {F::r32_sint, {MTLPixelFormatR32Sint}},
    {F::r32_float, {MTLPixelFormatR32Float}, {code("L00f")}},
    {F::rg32_uint, {MTLPixelFormatRG32Uint}},
    {F::rg32_sint, {MTLPixelFormatRG32Sint}},
    {F::rg32_float, {MTLPixelFormatRG32Float}, {code("2C0f")}},
    {F::rgba32_uint, {MTLPixelFormatRGBA32Uint}},
    {F::rgba32_sint, {MTLPixelFormatRGBA32Sint}},
    {F::rgba32_float, {MTLPixelFormatRGBA32Float}, {code("RGfA")}},
    // 'l10r' has blue in the lowest bits. CoreVideo has no name for red there: a surface of four bytes without a name.
    {F::bgr10a2_unorm, {MTLPixelFormatBGR10A2Unorm}, {code("l10r")}},
    {F::rgb10a2_unorm, {MTLPixelFormatRGB10A2Unorm}, {}, Needs::nothing, true},
    {F::rgb10a2_uint, {MTLPixelFormatRGB10A2Uint}},
    {F::rg11b10_float, {MTLPixelFormatRG11B10Float}},
    {F::rgb9e5_float, {MTLPixelFormatRGB9E5Float}},
    {F::rgb565_unorm, {MTLPixelFormatB5G6R5Unorm}, {}, Needs::apple_gpu},
    {F::bc1_rgba_unorm, {MTLPixelFormatBC1_RGBA}, {}, Needs::block_compression},
    {F::bc1_rgba_srgb, {MTLPixelFormatBC1_RGBA_sRGB}, {}, Needs::block_compression},
    {F::bc2_unorm, {MTLPixelFormatBC2_RGBA}, {}, Needs::block_compression},
    {F::bc2_srgb, {MTLPixelFormatBC2_RGBA_sRGB}, {}, Needs::block_compression},
    {F::bc3_unorm, {MTLPixelFormatBC3_RGBA}, {}, Needs::block_compression},
    {F::bc3_srgb, {MTLPixelFormatBC3_RGBA_sRGB}, {}, Needs::block_compression},
    {F::bc4_unorm, {MTLPixelFormatBC4_RUnorm}, {}, Needs::block_compression},
    {F::bc4_snorm, {MTLPixelFormatBC4_RSnorm}, {}, Needs::block_compression},
    {F::bc5_unorm, {MTLPixelFormatBC5_RGUnorm}, {}, Needs::block_compression},
    {F::bc5_snorm, {MTLPixelFormatBC5_RGSnorm}, {}, Needs::block_compression},
    {F::bc6h_ufloat, {MTLPixelFormatBC6H_RGBUfloat}, {}, Needs::block_compression},
    {F::bc6h_sfloat, {MTLPixelFormatBC6H_RGBFloat}, {}, Needs::block_compression},
    {F::bc7_unorm, {MTLPixelFormatBC7_RGBAUnorm}, {}, Needs::block_compression},
    {F::bc7_srgb, {MTLPixelFormatBC7_RGBAUnorm_sRGB}, {}, Needs::block_compression},
    {F::nv12, {MTLPixelFormatR8Unorm, MTLPixelFormatRG8Unorm}, {code("420v"), code("420f")}},
    {F::p010, {MTLPixelFormatR16Unorm, MTLPixelFormatRG16Unorm}, {code("x420"), code("xf20")}},
    {F::i420, {MTLPixelFormatR8Unorm, MTLPixelFormatR8Unorm, MTLPixelFormatR8Unorm}, {code("y420"), code("f420")}},
};

}  // namespace

const MetalFormat* find_format(TextureFormat format) noexcept {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const MetalFormat& row) { return row.format == format; });
  return found != std::end(table) ? found : nullptr;
}

bool has_surfaces(TextureFormat format) noexcept {
  const MetalFormat* row = find_format(format);
  return row != nullptr && (row->surface_formats[0] != 0 || row->unnamed_surface);
}

std::uint32_t surface_format_of(TextureFormat format, bool limited) noexcept {
  const MetalFormat* row = find_format(format);
  if (row == nullptr) return 0;
  return row->surface_formats[1] == 0 || limited ? row->surface_formats[0] : row->surface_formats[1];
}

bool is_surface_format(TextureFormat format, std::uint32_t name) noexcept {
  const MetalFormat* row = find_format(format);
  if (row == nullptr) return false;
  if (name == 0) return row->unnamed_surface;
  return name == row->surface_formats[0] || name == row->surface_formats[1];
}

std::string four_characters(std::uint32_t name) {
  std::string out;
  for (unsigned shift = 32; shift != 0; shift -= 8) {
    const auto character = static_cast<unsigned char>(name >> (shift - 8) & 0xffU);
    out += character >= 0x20 && character < 0x7f ? static_cast<char>(character) : '?';
  }
  return out;
}

}  // namespace geyser::metal
