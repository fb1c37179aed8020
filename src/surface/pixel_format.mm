#include "surface/pixel_format.hpp"

#import <Metal/Metal.h>

#include <algorithm>

namespace geyser::surface {

namespace {

using F = TextureFormat;

constexpr PixelFormat table[] = {
    {F::r8_unorm, {MTLPixelFormatR8Unorm}},
    {F::r8_snorm, {MTLPixelFormatR8Snorm}},
    {F::r8_uint, {MTLPixelFormatR8Uint}},
    {F::r8_sint, {MTLPixelFormatR8Sint}},
    {F::r8_srgb, {MTLPixelFormatR8Unorm_sRGB}, Needs::apple_gpu},
    {F::rg8_unorm, {MTLPixelFormatRG8Unorm}},
    {F::rg8_snorm, {MTLPixelFormatRG8Snorm}},
    {F::rg8_uint, {MTLPixelFormatRG8Uint}},
    {F::rg8_sint, {MTLPixelFormatRG8Sint}},
    {F::rg8_srgb, {MTLPixelFormatRG8Unorm_sRGB}, Needs::apple_gpu},
    {F::rgba8_unorm, {MTLPixelFormatRGBA8Unorm}},
    {F::rgba8_snorm, {MTLPixelFormatRGBA8Snorm}},
    {F::rgba8_uint, {MTLPixelFormatRGBA8Uint}},
    {F::rgba8_sint, {MTLPixelFormatRGBA8Sint}},
    {F::rgba8_srgb, {MTLPixelFormatRGBA8Unorm_sRGB}},
    {F::bgra8_unorm, {MTLPixelFormatBGRA8Unorm}},
    {F::bgra8_srgb, {MTLPixelFormatBGRA8Unorm_sRGB}},
    {F::r16_unorm, {MTLPixelFormatR16Unorm}},
    {F::r16_snorm, {MTLPixelFormatR16Snorm}},
    {F::r16_uint, {MTLPixelFormatR16Uint}},
    {F::r16_sint, {MTLPixelFormatR16Sint}},
    {F::r16_float, {MTLPixelFormatR16Float}},
    {F::rg16_unorm, {MTLPixelFormatRG16Unorm}},
    {F::rg16_snorm, {MTLPixelFormatRG16Snorm}},
    {F::rg16_uint, {MTLPixelFormatRG16Uint}},
    {F::rg16_sint, {MTLPixelFormatRG16Sint}},
    {F::rg16_float, {MTLPixelFormatRG16Float}},
    {F::rgba16_unorm, {MTLPixelFormatRGBA16Unorm}},
    {F::rgba16_snorm, {MTLPixelFormatRGBA16Snorm}},
    {F::rgba16_uint, {MTLPixelFormatRGBA16Uint}},
    {F::rgba16_sint, {MTLPixelFormatRGBA16Sint}},
    {F::rgba16_float, {MTLPixelFormatRGBA16Float}},
    {F::r32_uint, {MTLPixelFormatR32Uint}},
    {F::r32_sint, {MTLPixelFormatR32Sint}},
    {F::r32_float, {MTLPixelFormatR32Float}},
    {F::rg32_uint, {MTLPixelFormatRG32Uint}},
    {F::rg32_sint, {MTLPixelFormatRG32Sint}},
    {F::rg32_float, {MTLPixelFormatRG32Float}},
    {F::rgba32_uint, {MTLPixelFormatRGBA32Uint}},
    {F::rgba32_sint, {MTLPixelFormatRGBA32Sint}},
    {F::rgba32_float, {MTLPixelFormatRGBA32Float}},
    {F::bgr10a2_unorm, {MTLPixelFormatBGR10A2Unorm}},
    {F::rgb10a2_unorm, {MTLPixelFormatRGB10A2Unorm}},
    {F::rgb10a2_uint, {MTLPixelFormatRGB10A2Uint}},
    {F::rg11b10_float, {MTLPixelFormatRG11B10Float}},
    {F::rgb9e5_float, {MTLPixelFormatRGB9E5Float}},
    {F::rgb565_unorm, {MTLPixelFormatB5G6R5Unorm}, Needs::apple_gpu},
    {F::bc1_rgba_unorm, {MTLPixelFormatBC1_RGBA}, Needs::block_compression},
    {F::bc1_rgba_srgb, {MTLPixelFormatBC1_RGBA_sRGB}, Needs::block_compression},
    {F::bc2_unorm, {MTLPixelFormatBC2_RGBA}, Needs::block_compression},
    {F::bc2_srgb, {MTLPixelFormatBC2_RGBA_sRGB}, Needs::block_compression},
    {F::bc3_unorm, {MTLPixelFormatBC3_RGBA}, Needs::block_compression},
    {F::bc3_srgb, {MTLPixelFormatBC3_RGBA_sRGB}, Needs::block_compression},
    {F::bc4_unorm, {MTLPixelFormatBC4_RUnorm}, Needs::block_compression},
    {F::bc4_snorm, {MTLPixelFormatBC4_RSnorm}, Needs::block_compression},
    {F::bc5_unorm, {MTLPixelFormatBC5_RGUnorm}, Needs::block_compression},
    {F::bc5_snorm, {MTLPixelFormatBC5_RGSnorm}, Needs::block_compression},
    {F::bc6h_ufloat, {MTLPixelFormatBC6H_RGBUfloat}, Needs::block_compression},
    {F::bc6h_sfloat, {MTLPixelFormatBC6H_RGBFloat}, Needs::block_compression},
    {F::bc7_unorm, {MTLPixelFormatBC7_RGBAUnorm}, Needs::block_compression},
    {F::bc7_srgb, {MTLPixelFormatBC7_RGBAUnorm_sRGB}, Needs::block_compression},
    {F::eac_r11_unorm, {MTLPixelFormatEAC_R11Unorm}, Needs::apple_gpu},
    {F::eac_r11_snorm, {MTLPixelFormatEAC_R11Snorm}, Needs::apple_gpu},
    {F::eac_rg11_unorm, {MTLPixelFormatEAC_RG11Unorm}, Needs::apple_gpu},
    {F::eac_rg11_snorm, {MTLPixelFormatEAC_RG11Snorm}, Needs::apple_gpu},
    {F::etc2_rgba8_unorm, {MTLPixelFormatEAC_RGBA8}, Needs::apple_gpu},
    {F::etc2_rgba8_srgb, {MTLPixelFormatEAC_RGBA8_sRGB}, Needs::apple_gpu},
    {F::etc2_rgb8_unorm, {MTLPixelFormatETC2_RGB8}, Needs::apple_gpu},
    {F::etc2_rgb8_srgb, {MTLPixelFormatETC2_RGB8_sRGB}, Needs::apple_gpu},
    {F::etc2_rgb8a1_unorm, {MTLPixelFormatETC2_RGB8A1}, Needs::apple_gpu},
    {F::etc2_rgb8a1_srgb, {MTLPixelFormatETC2_RGB8A1_sRGB}, Needs::apple_gpu},
    {F::astc_4x4_unorm, {MTLPixelFormatASTC_4x4_LDR}, Needs::apple_gpu},
    {F::astc_4x4_srgb, {MTLPixelFormatASTC_4x4_sRGB}, Needs::apple_gpu},
    {F::astc_5x4_unorm, {MTLPixelFormatASTC_5x4_LDR}, Needs::apple_gpu},
    {F::astc_5x4_srgb, {MTLPixelFormatASTC_5x4_sRGB}, Needs::apple_gpu},
    {F::astc_5x5_unorm, {MTLPixelFormatASTC_5x5_LDR}, Needs::apple_gpu},
    {F::astc_5x5_srgb, {MTLPixelFormatASTC_5x5_sRGB}, Needs::apple_gpu},
    {F::astc_6x5_unorm, {MTLPixelFormatASTC_6x5_LDR}, Needs::apple_gpu},
    {F::astc_6x5_srgb, {MTLPixelFormatASTC_6x5_sRGB}, Needs::apple_gpu},
    {F::astc_6x6_unorm, {MTLPixelFormatASTC_6x6_LDR}, Needs::apple_gpu},
    {F::astc_6x6_srgb, {MTLPixelFormatASTC_6x6_sRGB}, Needs::apple_gpu},
    {F::astc_8x5_unorm, {MTLPixelFormatASTC_8x5_LDR}, Needs::apple_gpu},
    {F::astc_8x5_srgb, {MTLPixelFormatASTC_8x5_sRGB}, Needs::apple_gpu},
    {F::astc_8x6_unorm, {MTLPixelFormatASTC_8x6_LDR}, Needs::apple_gpu},
    {F::astc_8x6_srgb, {MTLPixelFormatASTC_8x6_sRGB}, Needs::apple_gpu},
    {F::astc_8x8_unorm, {MTLPixelFormatASTC_8x8_LDR}, Needs::apple_gpu},
    {F::astc_8x8_srgb, {MTLPixelFormatASTC_8x8_sRGB}, Needs::apple_gpu},
    {F::astc_10x5_unorm, {MTLPixelFormatASTC_10x5_LDR}, Needs::apple_gpu},
    {F::astc_10x5_srgb, {MTLPixelFormatASTC_10x5_sRGB}, Needs::apple_gpu},
    {F::astc_10x6_unorm, {MTLPixelFormatASTC_10x6_LDR}, Needs::apple_gpu},
    {F::astc_10x6_srgb, {MTLPixelFormatASTC_10x6_sRGB}, Needs::apple_gpu},
    {F::astc_10x8_unorm, {MTLPixelFormatASTC_10x8_LDR}, Needs::apple_gpu},
    {F::astc_10x8_srgb, {MTLPixelFormatASTC_10x8_sRGB}, Needs::apple_gpu},
    {F::astc_10x10_unorm, {MTLPixelFormatASTC_10x10_LDR}, Needs::apple_gpu},
    {F::astc_10x10_srgb, {MTLPixelFormatASTC_10x10_sRGB}, Needs::apple_gpu},
    {F::astc_12x10_unorm, {MTLPixelFormatASTC_12x10_LDR}, Needs::apple_gpu},
    {F::astc_12x10_srgb, {MTLPixelFormatASTC_12x10_sRGB}, Needs::apple_gpu},
    {F::astc_12x12_unorm, {MTLPixelFormatASTC_12x12_LDR}, Needs::apple_gpu},
    {F::astc_12x12_srgb, {MTLPixelFormatASTC_12x12_sRGB}, Needs::apple_gpu},
    // Depth with stencil is two planes to Metal's copies, and no one texel to anybody.
    {F::d16_unorm, {MTLPixelFormatDepth16Unorm}},
    {F::d32_float, {MTLPixelFormatDepth32Float}},
    {F::nv12, {MTLPixelFormatR8Unorm, MTLPixelFormatRG8Unorm}},
    {F::p010, {MTLPixelFormatR16Unorm, MTLPixelFormatRG16Unorm}},
    {F::i420, {MTLPixelFormatR8Unorm, MTLPixelFormatR8Unorm, MTLPixelFormatR8Unorm}},
};

}  // namespace

const PixelFormat* find_pixel_format(TextureFormat format) noexcept {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const PixelFormat& row) { return row.format == format; });
  return found != std::end(table) ? found : nullptr;
}

}  // namespace geyser::surface
