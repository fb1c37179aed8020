#include "opengl/format.hpp"

#include <array>

namespace geyser::opengl {

namespace {

// Multi-planar formats have no OpenGL equal.
using F = TextureFormat;
constexpr std::array<GlFormat, 106> table{{
    {F::r8_unorm, GL_R8, false, true, nullptr, nullptr},
    {F::r8_snorm, GL_R8_SNORM, false, true, nullptr, nullptr},
    {F::r8_uint, GL_R8UI, false, true, nullptr, nullptr},
    {F::r8_sint, GL_R8I, false, true, nullptr, nullptr},
    {F::r8_srgb, GL_SR8_EXT, false, false, "GL_EXT_texture_sRGB_R8", "GL_EXT_texture_sRGB_R8"},
    {F::rg8_unorm, GL_RG8, false, true, nullptr, nullptr},
    {F::rg8_snorm, GL_RG8_SNORM, false, true, nullptr, nullptr},
    {F::rg8_uint, GL_RG8UI, false, true, nullptr, nullptr},
    {F::rg8_sint, GL_RG8I, false, true, nullptr, nullptr},
    {F::rg8_srgb, GL_SRG8_EXT, false, false, "GL_EXT_texture_sRGB_RG8", "GL_EXT_texture_sRGB_RG8"},
    {F::rgba8_unorm, GL_RGBA8, false, true, nullptr, nullptr},
    {F::rgba8_snorm, GL_RGBA8_SNORM, false, true, nullptr, nullptr},
    {F::rgba8_uint, GL_RGBA8UI, false, true, nullptr, nullptr},
    {F::rgba8_sint, GL_RGBA8I, false, true, nullptr, nullptr},
    {F::rgba8_srgb, GL_SRGB8_ALPHA8, false, true, nullptr, nullptr},
    {F::bgra8_unorm, GL_RGBA8, true, true, nullptr, nullptr},
    {F::bgra8_srgb, GL_SRGB8_ALPHA8, true, true, nullptr, nullptr},
    {F::r16_unorm, GL_R16, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::r16_snorm, GL_R16_SNORM, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::r16_uint, GL_R16UI, false, true, nullptr, nullptr},
    {F::r16_sint, GL_R16I, false, true, nullptr, nullptr},
    {F::r16_float, GL_R16F, false, true, nullptr, nullptr},
    {F::rg16_unorm, GL_RG16, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::rg16_snorm, GL_RG16_SNORM, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::rg16_uint, GL_RG16UI, false, true, nullptr, nullptr},
    {F::rg16_sint, GL_RG16I, false, true, nullptr, nullptr},
    {F::rg16_float, GL_RG16F, false, true, nullptr, nullptr},
    {F::rgba16_unorm, GL_RGBA16, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::rgba16_snorm, GL_RGBA16_SNORM, false, false, "GL_EXT_texture_norm16", nullptr},
    {F::rgba16_uint, GL_RGBA16UI, false, true, nullptr, nullptr},
    {F::rgba16_sint, GL_RGBA16I, false, true, nullptr, nullptr},
    {F::rgba16_float, GL_RGBA16F, false, true, nullptr, nullptr},
    {F::r32_uint, GL_R32UI, false, true, nullptr, nullptr},
    {F::r32_sint, GL_R32I, false, true, nullptr, nullptr},
    {F::r32_float, GL_R32F, false, true, nullptr, nullptr},
    {F::rg32_uint, GL_RG32UI, false, true, nullptr, nullptr},
    {F::rg32_sint, GL_RG32I, false, true, nullptr, nullptr},
    {F::rg32_float, GL_RG32F, false, true, nullptr, nullptr},
    {F::rgba32_uint, GL_RGBA32UI, false, true, nullptr, nullptr},
    {F::rgba32_sint, GL_RGBA32I, false, true, nullptr, nullptr},
    {F::rgba32_float, GL_RGBA32F, false, true, nullptr, nullptr},
    {F::rgb10a2_unorm, GL_RGB10_A2, false, true, nullptr, nullptr},
    {F::rgb10a2_uint, GL_RGB10_A2UI, false, true, nullptr, nullptr},
    {F::bgr10a2_unorm, GL_RGB10_A2, true, true, nullptr, nullptr},
    {F::rg11b10_float, GL_R11F_G11F_B10F, false, true, nullptr, nullptr},
    {F::rgb9e5_float, GL_RGB9_E5, false, true, nullptr, nullptr},
    {F::rgb565_unorm, GL_RGB565, false, true, nullptr, nullptr},
    {F::d16_unorm, GL_DEPTH_COMPONENT16, false, true, nullptr, nullptr},
    {F::d24_unorm_s8_uint, GL_DEPTH24_STENCIL8, false, true, nullptr, nullptr},
    {F::d32_float, GL_DEPTH_COMPONENT32F, false, true, nullptr, nullptr},
    {F::d32_float_s8_uint, GL_DEPTH32F_STENCIL8, false, true, nullptr, nullptr},
    {F::s8_uint, GL_STENCIL_INDEX8, false, true, nullptr, nullptr},
    {F::bc1_rgb_unorm, GL_COMPRESSED_RGB_S3TC_DXT1_EXT, false, false, "GL_EXT_texture_compression_s3tc",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc1_rgb_srgb, GL_COMPRESSED_SRGB_S3TC_DXT1_EXT, false, false, "GL_EXT_texture_compression_s3tc_srgb",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc1_rgba_unorm, GL_COMPRESSED_RGBA_S3TC_DXT1_EXT, false, false, "GL_EXT_texture_compression_s3tc",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc1_rgba_srgb, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT1_EXT, false, false, "GL_EXT_texture_compression_s3tc_srgb",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc2_unorm, GL_COMPRESSED_RGBA_S3TC_DXT3_EXT, false, false, "GL_EXT_texture_compression_s3tc",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc2_srgb, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT3_EXT, false, false, "GL_EXT_texture_compression_s3tc_srgb",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc3_unorm, GL_COMPRESSED_RGBA_S3TC_DXT5_EXT, false, false, "GL_EXT_texture_compression_s3tc",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc3_srgb, GL_COMPRESSED_SRGB_ALPHA_S3TC_DXT5_EXT, false, false, "GL_EXT_texture_compression_s3tc_srgb",
     "GL_EXT_texture_compression_s3tc"},
    {F::bc4_unorm, GL_COMPRESSED_RED_RGTC1, false, false, "GL_EXT_texture_compression_rgtc", nullptr},
    {F::bc4_snorm, GL_COMPRESSED_SIGNED_RED_RGTC1, false, false, "GL_EXT_texture_compression_rgtc", nullptr},
    {F::bc5_unorm, GL_COMPRESSED_RG_RGTC2, false, false, "GL_EXT_texture_compression_rgtc", nullptr},
    {F::bc5_snorm, GL_COMPRESSED_SIGNED_RG_RGTC2, false, false, "GL_EXT_texture_compression_rgtc", nullptr},
    {F::bc6h_ufloat, GL_COMPRESSED_RGB_BPTC_UNSIGNED_FLOAT, false, false, "GL_EXT_texture_compression_bptc", nullptr},
    {F::bc6h_sfloat, GL_COMPRESSED_RGB_BPTC_SIGNED_FLOAT, false, false, "GL_EXT_texture_compression_bptc", nullptr},
    {F::bc7_unorm, GL_COMPRESSED_RGBA_BPTC_UNORM, false, false, "GL_EXT_texture_compression_bptc", nullptr},
    {F::bc7_srgb, GL_COMPRESSED_SRGB_ALPHA_BPTC_UNORM, false, false, "GL_EXT_texture_compression_bptc", nullptr},
    {F::etc2_rgb8_unorm, GL_COMPRESSED_RGB8_ETC2, false, true, nullptr, nullptr},
    {F::etc2_rgb8_srgb, GL_COMPRESSED_SRGB8_ETC2, false, true, nullptr, nullptr},
    {F::etc2_rgb8a1_unorm, GL_COMPRESSED_RGB8_PUNCHTHROUGH_ALPHA1_ETC2, false, true, nullptr, nullptr},
    {F::etc2_rgb8a1_srgb, GL_COMPRESSED_SRGB8_PUNCHTHROUGH_ALPHA1_ETC2, false, true, nullptr, nullptr},
    {F::etc2_rgba8_unorm, GL_COMPRESSED_RGBA8_ETC2_EAC, false, true, nullptr, nullptr},
    {F::etc2_rgba8_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ETC2_EAC, false, true, nullptr, nullptr},
    {F::eac_r11_unorm, GL_COMPRESSED_R11_EAC, false, true, nullptr, nullptr},
    {F::eac_r11_snorm, GL_COMPRESSED_SIGNED_R11_EAC, false, true, nullptr, nullptr},
    {F::eac_rg11_unorm, GL_COMPRESSED_RG11_EAC, false, true, nullptr, nullptr},
    {F::eac_rg11_snorm, GL_COMPRESSED_SIGNED_RG11_EAC, false, true, nullptr, nullptr},
    {F::astc_4x4_unorm, GL_COMPRESSED_RGBA_ASTC_4x4_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_4x4_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_4x4_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_5x4_unorm, GL_COMPRESSED_RGBA_ASTC_5x4_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_5x4_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_5x4_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_5x5_unorm, GL_COMPRESSED_RGBA_ASTC_5x5_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_5x5_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_5x5_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_6x5_unorm, GL_COMPRESSED_RGBA_ASTC_6x5_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_6x5_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_6x5_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_6x6_unorm, GL_COMPRESSED_RGBA_ASTC_6x6_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_6x6_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_6x6_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x5_unorm, GL_COMPRESSED_RGBA_ASTC_8x5_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x5_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_8x5_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x6_unorm, GL_COMPRESSED_RGBA_ASTC_8x6_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x6_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_8x6_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x8_unorm, GL_COMPRESSED_RGBA_ASTC_8x8_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_8x8_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_8x8_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x5_unorm, GL_COMPRESSED_RGBA_ASTC_10x5_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x5_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_10x5_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x6_unorm, GL_COMPRESSED_RGBA_ASTC_10x6_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x6_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_10x6_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x8_unorm, GL_COMPRESSED_RGBA_ASTC_10x8_KHR, false, true, nullptr, "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x8_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_10x8_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x10_unorm, GL_COMPRESSED_RGBA_ASTC_10x10_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_10x10_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_10x10_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_12x10_unorm, GL_COMPRESSED_RGBA_ASTC_12x10_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_12x10_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_12x10_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_12x12_unorm, GL_COMPRESSED_RGBA_ASTC_12x12_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
    {F::astc_12x12_srgb, GL_COMPRESSED_SRGB8_ALPHA8_ASTC_12x12_KHR, false, true, nullptr,
     "GL_KHR_texture_compression_astc_ldr"},
}};

}  // namespace

GlFormat to_gl(TextureFormat format) noexcept {
  for (const GlFormat& row : table) {
    if (row.format == format) return row;
  }
  return {};
}

TextureFormat from_gl(GLenum internal_format) noexcept {
  for (const GlFormat& row : table) {
    if (row.internal_format == internal_format && !row.swizzle_red_blue) return row.format;
  }
  return TextureFormat::unknown;
}

GLenum target_of(TextureDimension dimension) noexcept {
  switch (dimension) {
    case TextureDimension::two_d:
      return GL_TEXTURE_2D;
    case TextureDimension::two_d_array:
      return GL_TEXTURE_2D_ARRAY;
    case TextureDimension::cube:
      return GL_TEXTURE_CUBE_MAP;
    case TextureDimension::cube_array:
      return GL_TEXTURE_CUBE_MAP_ARRAY;
    case TextureDimension::three_d:
      return GL_TEXTURE_3D;
  }
  return 0;
}

RawFormat raw_format(std::uint32_t block_bytes) noexcept {
  switch (block_bytes) {
    case 1:
      return {GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE};
    case 2:
      return {GL_R16UI, GL_RED_INTEGER, GL_UNSIGNED_SHORT};
    case 4:
      return {GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT};
    case 8:
      return {GL_RG32UI, GL_RG_INTEGER, GL_UNSIGNED_INT};
    case 16:
      return {GL_RGBA32UI, GL_RGBA_INTEGER, GL_UNSIGNED_INT};
    default:
      return {};
  }
}

}  // namespace geyser::opengl
