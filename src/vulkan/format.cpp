#include "vulkan/format.hpp"

#include <array>
#include <utility>

namespace geyser::vulkan {

namespace {

using F = TextureFormat;
constexpr std::array<std::pair<TextureFormat, VkFormat>, 109> table{{
    {F::r8_unorm, VK_FORMAT_R8_UNORM},
    {F::r8_snorm, VK_FORMAT_R8_SNORM},
    {F::r8_uint, VK_FORMAT_R8_UINT},
    {F::r8_sint, VK_FORMAT_R8_SINT},
    {F::r8_srgb, VK_FORMAT_R8_SRGB},
    {F::rg8_unorm, VK_FORMAT_R8G8_UNORM},
    {F::rg8_snorm, VK_FORMAT_R8G8_SNORM},
    {F::rg8_uint, VK_FORMAT_R8G8_UINT},
    {F::rg8_sint, VK_FORMAT_R8G8_SINT},
    {F::rg8_srgb, VK_FORMAT_R8G8_SRGB},
    {F::rgba8_unorm, VK_FORMAT_R8G8B8A8_UNORM},
    {F::rgba8_snorm, VK_FORMAT_R8G8B8A8_SNORM},
    {F::rgba8_uint, VK_FORMAT_R8G8B8A8_UINT},
    {F::rgba8_sint, VK_FORMAT_R8G8B8A8_SINT},
    {F::rgba8_srgb, VK_FORMAT_R8G8B8A8_SRGB},
    {F::r16_unorm, VK_FORMAT_R16_UNORM},
    {F::r16_snorm, VK_FORMAT_R16_SNORM},
    {F::r16_uint, VK_FORMAT_R16_UINT},
    {F::r16_sint, VK_FORMAT_R16_SINT},
    {F::r16_float, VK_FORMAT_R16_SFLOAT},
    {F::rg16_unorm, VK_FORMAT_R16G16_UNORM},
    {F::rg16_snorm, VK_FORMAT_R16G16_SNORM},
    {F::rg16_uint, VK_FORMAT_R16G16_UINT},
    {F::rg16_sint, VK_FORMAT_R16G16_SINT},
    {F::rg16_float, VK_FORMAT_R16G16_SFLOAT},
    {F::rgba16_unorm, VK_FORMAT_R16G16B16A16_UNORM},
    {F::rgba16_snorm, VK_FORMAT_R16G16B16A16_SNORM},
    {F::rgba16_uint, VK_FORMAT_R16G16B16A16_UINT},
    {F::rgba16_sint, VK_FORMAT_R16G16B16A16_SINT},
    {F::rgba16_float, VK_FORMAT_R16G16B16A16_SFLOAT},
    {F::r32_uint, VK_FORMAT_R32_UINT},
    {F::r32_sint, VK_FORMAT_R32_SINT},
    {F::r32_float, VK_FORMAT_R32_SFLOAT},
    {F::rg32_uint, VK_FORMAT_R32G32_UINT},
    {F::rg32_sint, VK_FORMAT_R32G32_SINT},
    {F::rg32_float, VK_FORMAT_R32G32_SFLOAT},
    {F::rgba32_uint, VK_FORMAT_R32G32B32A32_UINT},
    {F::rgba32_sint, VK_FORMAT_R32G32B32A32_SINT},
    {F::rgba32_float, VK_FORMAT_R32G32B32A32_SFLOAT},
    {F::bgra8_unorm, VK_FORMAT_B8G8R8A8_UNORM},
    {F::bgra8_srgb, VK_FORMAT_B8G8R8A8_SRGB},
    {F::rgb10a2_unorm, VK_FORMAT_A2B10G10R10_UNORM_PACK32},
    {F::rgb10a2_uint, VK_FORMAT_A2B10G10R10_UINT_PACK32},
    {F::bgr10a2_unorm, VK_FORMAT_A2R10G10B10_UNORM_PACK32},
    {F::rg11b10_float, VK_FORMAT_B10G11R11_UFLOAT_PACK32},
    {F::rgb9e5_float, VK_FORMAT_E5B9G9R9_UFLOAT_PACK32},
    {F::rgb565_unorm, VK_FORMAT_R5G6B5_UNORM_PACK16},
    {F::d16_unorm, VK_FORMAT_D16_UNORM},
    {F::d24_unorm_s8_uint, VK_FORMAT_D24_UNORM_S8_UINT},
    {F::d32_float, VK_FORMAT_D32_SFLOAT},
    {F::d32_float_s8_uint, VK_FORMAT_D32_SFLOAT_S8_UINT},
    {F::s8_uint, VK_FORMAT_S8_UINT},
    {F::bc1_rgb_unorm, VK_FORMAT_BC1_RGB_UNORM_BLOCK},
    {F::bc1_rgb_srgb, VK_FORMAT_BC1_RGB_SRGB_BLOCK},
    {F::bc1_rgba_unorm, VK_FORMAT_BC1_RGBA_UNORM_BLOCK},
    {F::bc1_rgba_srgb, VK_FORMAT_BC1_RGBA_SRGB_BLOCK},
    {F::bc2_unorm, VK_FORMAT_BC2_UNORM_BLOCK},
    {F::bc2_srgb, VK_FORMAT_BC2_SRGB_BLOCK},
    {F::bc3_unorm, VK_FORMAT_BC3_UNORM_BLOCK},
    {F::bc3_srgb, VK_FORMAT_BC3_SRGB_BLOCK},
    {F::bc7_unorm, VK_FORMAT_BC7_UNORM_BLOCK},
    {F::bc7_srgb, VK_FORMAT_BC7_SRGB_BLOCK},
    {F::bc4_unorm, VK_FORMAT_BC4_UNORM_BLOCK},
    {F::bc4_snorm, VK_FORMAT_BC4_SNORM_BLOCK},
    {F::bc5_unorm, VK_FORMAT_BC5_UNORM_BLOCK},
    {F::bc5_snorm, VK_FORMAT_BC5_SNORM_BLOCK},
    {F::bc6h_ufloat, VK_FORMAT_BC6H_UFLOAT_BLOCK},
    {F::bc6h_sfloat, VK_FORMAT_BC6H_SFLOAT_BLOCK},
    {F::etc2_rgb8_unorm, VK_FORMAT_ETC2_R8G8B8_UNORM_BLOCK},
    {F::etc2_rgb8_srgb, VK_FORMAT_ETC2_R8G8B8_SRGB_BLOCK},
    {F::etc2_rgb8a1_unorm, VK_FORMAT_ETC2_R8G8B8A1_UNORM_BLOCK},
    {F::etc2_rgb8a1_srgb, VK_FORMAT_ETC2_R8G8B8A1_SRGB_BLOCK},
    {F::etc2_rgba8_unorm, VK_FORMAT_ETC2_R8G8B8A8_UNORM_BLOCK},
    {F::etc2_rgba8_srgb, VK_FORMAT_ETC2_R8G8B8A8_SRGB_BLOCK},
    {F::eac_r11_unorm, VK_FORMAT_EAC_R11_UNORM_BLOCK},
    {F::eac_r11_snorm, VK_FORMAT_EAC_R11_SNORM_BLOCK},
    {F::eac_rg11_unorm, VK_FORMAT_EAC_R11G11_UNORM_BLOCK},
    {F::eac_rg11_snorm, VK_FORMAT_EAC_R11G11_SNORM_BLOCK},
    {F::astc_4x4_unorm, VK_FORMAT_ASTC_4x4_UNORM_BLOCK},
    {F::astc_4x4_srgb, VK_FORMAT_ASTC_4x4_SRGB_BLOCK},
    {F::astc_5x4_unorm, VK_FORMAT_ASTC_5x4_UNORM_BLOCK},
    {F::astc_5x4_srgb, VK_FORMAT_ASTC_5x4_SRGB_BLOCK},
    {F::astc_5x5_unorm, VK_FORMAT_ASTC_5x5_UNORM_BLOCK},
    {F::astc_5x5_srgb, VK_FORMAT_ASTC_5x5_SRGB_BLOCK},
    {F::astc_6x5_unorm, VK_FORMAT_ASTC_6x5_UNORM_BLOCK},
    {F::astc_6x5_srgb, VK_FORMAT_ASTC_6x5_SRGB_BLOCK},
    {F::astc_6x6_unorm, VK_FORMAT_ASTC_6x6_UNORM_BLOCK},
    {F::astc_6x6_srgb, VK_FORMAT_ASTC_6x6_SRGB_BLOCK},
    {F::astc_8x5_unorm, VK_FORMAT_ASTC_8x5_UNORM_BLOCK},
    {F::astc_8x5_srgb, VK_FORMAT_ASTC_8x5_SRGB_BLOCK},
    {F::astc_8x6_unorm, VK_FORMAT_ASTC_8x6_UNORM_BLOCK},
    {F::astc_8x6_srgb, VK_FORMAT_ASTC_8x6_SRGB_BLOCK},
    {F::astc_8x8_unorm, VK_FORMAT_ASTC_8x8_UNORM_BLOCK},
    {F::astc_8x8_srgb, VK_FORMAT_ASTC_8x8_SRGB_BLOCK},
    {F::astc_10x5_unorm, VK_FORMAT_ASTC_10x5_UNORM_BLOCK},
    {F::astc_10x5_srgb, VK_FORMAT_ASTC_10x5_SRGB_BLOCK},
    {F::astc_10x6_unorm, VK_FORMAT_ASTC_10x6_UNORM_BLOCK},
    {F::astc_10x6_srgb, VK_FORMAT_ASTC_10x6_SRGB_BLOCK},
    {F::astc_10x8_unorm, VK_FORMAT_ASTC_10x8_UNORM_BLOCK},
    {F::astc_10x8_srgb, VK_FORMAT_ASTC_10x8_SRGB_BLOCK},
    {F::astc_10x10_unorm, VK_FORMAT_ASTC_10x10_UNORM_BLOCK},
    {F::astc_10x10_srgb, VK_FORMAT_ASTC_10x10_SRGB_BLOCK},
    {F::astc_12x10_unorm, VK_FORMAT_ASTC_12x10_UNORM_BLOCK},
    {F::astc_12x10_srgb, VK_FORMAT_ASTC_12x10_SRGB_BLOCK},
    {F::astc_12x12_unorm, VK_FORMAT_ASTC_12x12_UNORM_BLOCK},
    {F::astc_12x12_srgb, VK_FORMAT_ASTC_12x12_SRGB_BLOCK},
    {F::nv12, VK_FORMAT_G8_B8R8_2PLANE_420_UNORM},
    {F::p010, VK_FORMAT_G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16},
    {F::i420, VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM},
}};

}  // namespace

VkFormat to_vulkan(TextureFormat format) noexcept {
  for (const auto& [geyser_format, vulkan_format] : table) {
    if (geyser_format == format) return vulkan_format;
  }
  return VK_FORMAT_UNDEFINED;
}

TextureFormat from_vulkan(VkFormat format) noexcept {
  for (const auto& [geyser_format, vulkan_format] : table) {
    if (vulkan_format == format) return geyser_format;
  }
  return TextureFormat::unknown;
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

VkImageAspectFlags aspects_of(TextureFormat format) noexcept {
  const FormatInfo& info = format_info(format);
  if (info.plane_count > 1) {
    VkImageAspectFlags aspects = VK_IMAGE_ASPECT_PLANE_0_BIT | VK_IMAGE_ASPECT_PLANE_1_BIT;
    if (info.plane_count > 2) aspects |= VK_IMAGE_ASPECT_PLANE_2_BIT;
    return aspects;
  }
  VkImageAspectFlags aspects = 0;
  if (info.has_depth) aspects |= VK_IMAGE_ASPECT_DEPTH_BIT;
  if (info.has_stencil) aspects |= VK_IMAGE_ASPECT_STENCIL_BIT;
  return aspects != 0 ? aspects : static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_COLOR_BIT);
}

VkImageType image_type_of(TextureDimension dimension) noexcept {
  return dimension == TextureDimension::three_d ? VK_IMAGE_TYPE_3D : VK_IMAGE_TYPE_2D;
}

VkImageCreateFlags create_flags_of(TextureDimension dimension) noexcept {
  const bool cube = dimension == TextureDimension::cube || dimension == TextureDimension::cube_array;
  return cube ? static_cast<VkImageCreateFlags>(VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) : 0;
}

}  // namespace geyser::vulkan
