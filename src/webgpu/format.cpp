#include "webgpu/format.hpp"

#include <array>

namespace geyser::webgpu {

namespace {

// Not here: what WebGPU has no equal of, or Dawn only one whose bits it chooses itself (depth24plus-stencil8), and
// multi-planar formats that Dawn opens from nothing.
using F = TextureFormat;
constexpr std::array<WebGpuFormat, 100> table{{
    {F::r8_unorm, WGPUTextureFormat_R8Unorm, VK_FORMAT_R8_UNORM},
    {F::r8_snorm, WGPUTextureFormat_R8Snorm, VK_FORMAT_R8_SNORM},
    {F::r8_uint, WGPUTextureFormat_R8Uint, VK_FORMAT_R8_UINT},
    {F::r8_sint, WGPUTextureFormat_R8Sint, VK_FORMAT_R8_SINT},
    {F::rg8_unorm, WGPUTextureFormat_RG8Unorm, VK_FORMAT_R8G8_UNORM},
    {F::rg8_snorm, WGPUTextureFormat_RG8Snorm, VK_FORMAT_R8G8_SNORM},
    {F::rg8_uint, WGPUTextureFormat_RG8Uint, VK_FORMAT_R8G8_UINT},
    {F::rg8_sint, WGPUTextureFormat_RG8Sint, VK_FORMAT_R8G8_SINT},
    {F::rgba8_unorm, WGPUTextureFormat_RGBA8Unorm, VK_FORMAT_R8G8B8A8_UNORM},
    {F::rgba8_snorm, WGPUTextureFormat_RGBA8Snorm, VK_FORMAT_R8G8B8A8_SNORM},
    {F::rgba8_uint, WGPUTextureFormat_RGBA8Uint, VK_FORMAT_R8G8B8A8_UINT},
    {F::rgba8_sint, WGPUTextureFormat_RGBA8Sint, VK_FORMAT_R8G8B8A8_SINT},
    {F::rgba8_srgb, WGPUTextureFormat_RGBA8UnormSrgb, VK_FORMAT_R8G8B8A8_SRGB},
    {F::r16_unorm, WGPUTextureFormat_R16Unorm, VK_FORMAT_R16_UNORM},
    {F::r16_snorm, WGPUTextureFormat_R16Snorm, VK_FORMAT_R16_SNORM},
    {F::r16_uint, WGPUTextureFormat_R16Uint, VK_FORMAT_R16_UINT},
    {F::r16_sint, WGPUTextureFormat_R16Sint, VK_FORMAT_R16_SINT},
    {F::r16_float, WGPUTextureFormat_R16Float, VK_FORMAT_R16_SFLOAT},
    {F::rg16_unorm, WGPUTextureFormat_RG16Unorm, VK_FORMAT_R16G16_UNORM},
    {F::rg16_snorm, WGPUTextureFormat_RG16Snorm, VK_FORMAT_R16G16_SNORM},
    {F::rg16_uint, WGPUTextureFormat_RG16Uint, VK_FORMAT_R16G16_UINT},
    {F::rg16_sint, WGPUTextureFormat_RG16Sint, VK_FORMAT_R16G16_SINT},
    {F::rg16_float, WGPUTextureFormat_RG16Float, VK_FORMAT_R16G16_SFLOAT},
    {F::rgba16_unorm, WGPUTextureFormat_RGBA16Unorm, VK_FORMAT_R16G16B16A16_UNORM},
    {F::rgba16_snorm, WGPUTextureFormat_RGBA16Snorm, VK_FORMAT_R16G16B16A16_SNORM},
    {F::rgba16_uint, WGPUTextureFormat_RGBA16Uint, VK_FORMAT_R16G16B16A16_UINT},
    {F::rgba16_sint, WGPUTextureFormat_RGBA16Sint, VK_FORMAT_R16G16B16A16_SINT},
    {F::rgba16_float, WGPUTextureFormat_RGBA16Float, VK_FORMAT_R16G16B16A16_SFLOAT},
    {F::r32_uint, WGPUTextureFormat_R32Uint, VK_FORMAT_R32_UINT},
    {F::r32_sint, WGPUTextureFormat_R32Sint, VK_FORMAT_R32_SINT},
    {F::r32_float, WGPUTextureFormat_R32Float, VK_FORMAT_R32_SFLOAT},
    {F::rg32_uint, WGPUTextureFormat_RG32Uint, VK_FORMAT_R32G32_UINT},
    {F::rg32_sint, WGPUTextureFormat_RG32Sint, VK_FORMAT_R32G32_SINT},
    {F::rg32_float, WGPUTextureFormat_RG32Float, VK_FORMAT_R32G32_SFLOAT},
    {F::rgba32_uint, WGPUTextureFormat_RGBA32Uint, VK_FORMAT_R32G32B32A32_UINT},
    {F::rgba32_sint, WGPUTextureFormat_RGBA32Sint, VK_FORMAT_R32G32B32A32_SINT},
    {F::rgba32_float, WGPUTextureFormat_RGBA32Float, VK_FORMAT_R32G32B32A32_SFLOAT},
    {F::bgra8_unorm, WGPUTextureFormat_BGRA8Unorm, VK_FORMAT_B8G8R8A8_UNORM},
    {F::bgra8_srgb, WGPUTextureFormat_BGRA8UnormSrgb, VK_FORMAT_B8G8R8A8_SRGB},
    {F::rgb10a2_unorm, WGPUTextureFormat_RGB10A2Unorm, VK_FORMAT_A2B10G10R10_UNORM_PACK32},
    {F::rgb10a2_uint, WGPUTextureFormat_RGB10A2Uint, VK_FORMAT_A2B10G10R10_UINT_PACK32},
    {F::rg11b10_float, WGPUTextureFormat_RG11B10Ufloat, VK_FORMAT_B10G11R11_UFLOAT_PACK32},
    {F::rgb9e5_float, WGPUTextureFormat_RGB9E5Ufloat, VK_FORMAT_E5B9G9R9_UFLOAT_PACK32},
    {F::d16_unorm, WGPUTextureFormat_Depth16Unorm, VK_FORMAT_D16_UNORM},
    {F::d32_float, WGPUTextureFormat_Depth32Float, VK_FORMAT_D32_SFLOAT},
    {F::d32_float_s8_uint, WGPUTextureFormat_Depth32FloatStencil8, VK_FORMAT_D32_SFLOAT_S8_UINT},
    {F::s8_uint, WGPUTextureFormat_Stencil8, VK_FORMAT_S8_UINT},
    {F::bc1_rgba_unorm, WGPUTextureFormat_BC1RGBAUnorm, VK_FORMAT_BC1_RGBA_UNORM_BLOCK},
    {F::bc1_rgba_srgb, WGPUTextureFormat_BC1RGBAUnormSrgb, VK_FORMAT_BC1_RGBA_SRGB_BLOCK},
    {F::bc2_unorm, WGPUTextureFormat_BC2RGBAUnorm, VK_FORMAT_BC2_UNORM_BLOCK},
    {F::bc2_srgb, WGPUTextureFormat_BC2RGBAUnormSrgb, VK_FORMAT_BC2_SRGB_BLOCK},
    {F::bc3_unorm, WGPUTextureFormat_BC3RGBAUnorm, VK_FORMAT_BC3_UNORM_BLOCK},
    {F::bc3_srgb, WGPUTextureFormat_BC3RGBAUnormSrgb, VK_FORMAT_BC3_SRGB_BLOCK},
    {F::bc7_unorm, WGPUTextureFormat_BC7RGBAUnorm, VK_FORMAT_BC7_UNORM_BLOCK},
    {F::bc7_srgb, WGPUTextureFormat_BC7RGBAUnormSrgb, VK_FORMAT_BC7_SRGB_BLOCK},
    {F::bc4_unorm, WGPUTextureFormat_BC4RUnorm, VK_FORMAT_BC4_UNORM_BLOCK},
    {F::bc4_snorm, WGPUTextureFormat_BC4RSnorm, VK_FORMAT_BC4_SNORM_BLOCK},
    {F::bc5_unorm, WGPUTextureFormat_BC5RGUnorm, VK_FORMAT_BC5_UNORM_BLOCK},
    {F::bc5_snorm, WGPUTextureFormat_BC5RGSnorm, VK_FORMAT_BC5_SNORM_BLOCK},
    {F::bc6h_ufloat, WGPUTextureFormat_BC6HRGBUfloat, VK_FORMAT_BC6H_UFLOAT_BLOCK},
    {F::bc6h_sfloat, WGPUTextureFormat_BC6HRGBFloat, VK_FORMAT_BC6H_SFLOAT_BLOCK},
    {F::etc2_rgb8_unorm, WGPUTextureFormat_ETC2RGB8Unorm, VK_FORMAT_ETC2_R8G8B8_UNORM_BLOCK},
    {F::etc2_rgb8_srgb, WGPUTextureFormat_ETC2RGB8UnormSrgb, VK_FORMAT_ETC2_R8G8B8_SRGB_BLOCK},
    {F::etc2_rgb8a1_unorm, WGPUTextureFormat_ETC2RGB8A1Unorm, VK_FORMAT_ETC2_R8G8B8A1_UNORM_BLOCK},
    {F::etc2_rgb8a1_srgb, WGPUTextureFormat_ETC2RGB8A1UnormSrgb, VK_FORMAT_ETC2_R8G8B8A1_SRGB_BLOCK},
    {F::etc2_rgba8_unorm, WGPUTextureFormat_ETC2RGBA8Unorm, VK_FORMAT_ETC2_R8G8B8A8_UNORM_BLOCK},
    {F::etc2_rgba8_srgb, WGPUTextureFormat_ETC2RGBA8UnormSrgb, VK_FORMAT_ETC2_R8G8B8A8_SRGB_BLOCK},
    {F::eac_r11_unorm, WGPUTextureFormat_EACR11Unorm, VK_FORMAT_EAC_R11_UNORM_BLOCK},
    {F::eac_r11_snorm, WGPUTextureFormat_EACR11Snorm, VK_FORMAT_EAC_R11_SNORM_BLOCK},
    {F::eac_rg11_unorm, WGPUTextureFormat_EACRG11Unorm, VK_FORMAT_EAC_R11G11_UNORM_BLOCK},
    {F::eac_rg11_snorm, WGPUTextureFormat_EACRG11Snorm, VK_FORMAT_EAC_R11G11_SNORM_BLOCK},
    {F::astc_4x4_unorm, WGPUTextureFormat_ASTC4x4Unorm, VK_FORMAT_ASTC_4x4_UNORM_BLOCK},
    {F::astc_4x4_srgb, WGPUTextureFormat_ASTC4x4UnormSrgb, VK_FORMAT_ASTC_4x4_SRGB_BLOCK},
    {F::astc_5x4_unorm, WGPUTextureFormat_ASTC5x4Unorm, VK_FORMAT_ASTC_5x4_UNORM_BLOCK},
    {F::astc_5x4_srgb, WGPUTextureFormat_ASTC5x4UnormSrgb, VK_FORMAT_ASTC_5x4_SRGB_BLOCK},
    {F::astc_5x5_unorm, WGPUTextureFormat_ASTC5x5Unorm, VK_FORMAT_ASTC_5x5_UNORM_BLOCK},
    {F::astc_5x5_srgb, WGPUTextureFormat_ASTC5x5UnormSrgb, VK_FORMAT_ASTC_5x5_SRGB_BLOCK},
    {F::astc_6x5_unorm, WGPUTextureFormat_ASTC6x5Unorm, VK_FORMAT_ASTC_6x5_UNORM_BLOCK},
    {F::astc_6x5_srgb, WGPUTextureFormat_ASTC6x5UnormSrgb, VK_FORMAT_ASTC_6x5_SRGB_BLOCK},
    {F::astc_6x6_unorm, WGPUTextureFormat_ASTC6x6Unorm, VK_FORMAT_ASTC_6x6_UNORM_BLOCK},
    {F::astc_6x6_srgb, WGPUTextureFormat_ASTC6x6UnormSrgb, VK_FORMAT_ASTC_6x6_SRGB_BLOCK},
    {F::astc_8x5_unorm, WGPUTextureFormat_ASTC8x5Unorm, VK_FORMAT_ASTC_8x5_UNORM_BLOCK},
    {F::astc_8x5_srgb, WGPUTextureFormat_ASTC8x5UnormSrgb, VK_FORMAT_ASTC_8x5_SRGB_BLOCK},
    {F::astc_8x6_unorm, WGPUTextureFormat_ASTC8x6Unorm, VK_FORMAT_ASTC_8x6_UNORM_BLOCK},
    {F::astc_8x6_srgb, WGPUTextureFormat_ASTC8x6UnormSrgb, VK_FORMAT_ASTC_8x6_SRGB_BLOCK},
    {F::astc_8x8_unorm, WGPUTextureFormat_ASTC8x8Unorm, VK_FORMAT_ASTC_8x8_UNORM_BLOCK},
    {F::astc_8x8_srgb, WGPUTextureFormat_ASTC8x8UnormSrgb, VK_FORMAT_ASTC_8x8_SRGB_BLOCK},
    {F::astc_10x5_unorm, WGPUTextureFormat_ASTC10x5Unorm, VK_FORMAT_ASTC_10x5_UNORM_BLOCK},
    {F::astc_10x5_srgb, WGPUTextureFormat_ASTC10x5UnormSrgb, VK_FORMAT_ASTC_10x5_SRGB_BLOCK},
    {F::astc_10x6_unorm, WGPUTextureFormat_ASTC10x6Unorm, VK_FORMAT_ASTC_10x6_UNORM_BLOCK},
    {F::astc_10x6_srgb, WGPUTextureFormat_ASTC10x6UnormSrgb, VK_FORMAT_ASTC_10x6_SRGB_BLOCK},
    {F::astc_10x8_unorm, WGPUTextureFormat_ASTC10x8Unorm, VK_FORMAT_ASTC_10x8_UNORM_BLOCK},
    {F::astc_10x8_srgb, WGPUTextureFormat_ASTC10x8UnormSrgb, VK_FORMAT_ASTC_10x8_SRGB_BLOCK},
    {F::astc_10x10_unorm, WGPUTextureFormat_ASTC10x10Unorm, VK_FORMAT_ASTC_10x10_UNORM_BLOCK},
    {F::astc_10x10_srgb, WGPUTextureFormat_ASTC10x10UnormSrgb, VK_FORMAT_ASTC_10x10_SRGB_BLOCK},
    {F::astc_12x10_unorm, WGPUTextureFormat_ASTC12x10Unorm, VK_FORMAT_ASTC_12x10_UNORM_BLOCK},
    {F::astc_12x10_srgb, WGPUTextureFormat_ASTC12x10UnormSrgb, VK_FORMAT_ASTC_12x10_SRGB_BLOCK},
    {F::astc_12x12_unorm, WGPUTextureFormat_ASTC12x12Unorm, VK_FORMAT_ASTC_12x12_UNORM_BLOCK},
    {F::astc_12x12_srgb, WGPUTextureFormat_ASTC12x12UnormSrgb, VK_FORMAT_ASTC_12x12_SRGB_BLOCK},
    {F::nv12, WGPUTextureFormat_R8BG8Biplanar420Unorm, VK_FORMAT_G8_B8R8_2PLANE_420_UNORM},
}};

}  // namespace

WebGpuFormat to_webgpu(TextureFormat format) noexcept {
  for (const WebGpuFormat& row : table) {
    if (row.format == format) return row;
  }
  return {};
}

TextureFormat from_webgpu(WGPUTextureFormat format) noexcept {
  for (const WebGpuFormat& row : table) {
    if (row.native == format) return row.format;
  }
  return TextureFormat::unknown;
}

WGPUTextureUsage to_webgpu(TextureUsage usage) noexcept {
  WGPUTextureUsage flags = WGPUTextureUsage_None;
  if (contains(usage, TextureUsage::sampled)) flags |= WGPUTextureUsage_TextureBinding;
  if (contains(usage, TextureUsage::storage)) flags |= WGPUTextureUsage_StorageBinding;
  if (contains(usage, TextureUsage::color_attachment)) flags |= WGPUTextureUsage_RenderAttachment;
  if (contains(usage, TextureUsage::depth_stencil_attachment)) flags |= WGPUTextureUsage_RenderAttachment;
  if (contains(usage, TextureUsage::transfer_source)) flags |= WGPUTextureUsage_CopySrc;
  if (contains(usage, TextureUsage::transfer_destination)) flags |= WGPUTextureUsage_CopyDst;
  return flags;
}

VkImageUsageFlags to_vulkan(TextureUsage usage) noexcept {
  VkImageUsageFlags flags = 0;
  if (contains(usage, TextureUsage::sampled)) flags |= VK_IMAGE_USAGE_SAMPLED_BIT;
  if (contains(usage, TextureUsage::storage)) flags |= VK_IMAGE_USAGE_STORAGE_BIT;
  if (contains(usage, TextureUsage::color_attachment)) flags |= VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT;
  if (contains(usage, TextureUsage::depth_stencil_attachment)) flags |= VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
  if (contains(usage, TextureUsage::transfer_source)) flags |= VK_IMAGE_USAGE_TRANSFER_SRC_BIT;
  if (contains(usage, TextureUsage::transfer_destination)) flags |= VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  return flags;
}

TextureDescriptor smallest_texture(const FormatInfo& info) {
  TextureDescriptor descriptor;
  descriptor.format = info.format;
  descriptor.extent = {info.block_width, info.block_height, 1};
  return descriptor;
}

WGPUExtent3D size_of(const TextureDescriptor& descriptor) noexcept {
  const bool volume = descriptor.dimension == TextureDimension::three_d;
  return {descriptor.extent.width, descriptor.extent.height,
          volume ? descriptor.extent.depth : descriptor.array_layers};
}

WGPUTextureDimension dimension_of(TextureDimension dimension) noexcept {
  return dimension == TextureDimension::three_d ? WGPUTextureDimension_3D : WGPUTextureDimension_2D;
}

}  // namespace geyser::webgpu
