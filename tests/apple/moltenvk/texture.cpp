// Images over MTLTextures: whether they may be, and whose texture is asked for.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "double.hpp"
#include "driver.hpp"

namespace moltenvk_double {

namespace {

using namespace geyser::apple_double;

std::mutex mutex;
std::map<VkImage, void*> exported_textures;

// MoltenVK's pairs; the values are MTLPixelFormat's.
unsigned long pixel_format_of(VkFormat format) {
  static constexpr struct {
    VkFormat format;
    unsigned long pixel_format;
  } pairs[] = {
      {VK_FORMAT_R8_UNORM, 10},
      {VK_FORMAT_R8_SRGB, 11},
      {VK_FORMAT_R8_SNORM, 12},
      {VK_FORMAT_R8_UINT, 13},
      {VK_FORMAT_R8_SINT, 14},
      {VK_FORMAT_R16_UNORM, 20},
      {VK_FORMAT_R16_SNORM, 22},
      {VK_FORMAT_R16_UINT, 23},
      {VK_FORMAT_R16_SINT, 24},
      {VK_FORMAT_R16_SFLOAT, 25},
      {VK_FORMAT_R8G8_UNORM, 30},
      {VK_FORMAT_R8G8_SRGB, 31},
      {VK_FORMAT_R8G8_SNORM, 32},
      {VK_FORMAT_R8G8_UINT, 33},
      {VK_FORMAT_R8G8_SINT, 34},
      {VK_FORMAT_R5G6B5_UNORM_PACK16, 40},
      {VK_FORMAT_R32_UINT, 53},
      {VK_FORMAT_R32_SINT, 54},
      {VK_FORMAT_R32_SFLOAT, 55},
      {VK_FORMAT_R16G16_UNORM, 60},
      {VK_FORMAT_R16G16_SNORM, 62},
      {VK_FORMAT_R16G16_UINT, 63},
      {VK_FORMAT_R16G16_SINT, 64},
      {VK_FORMAT_R16G16_SFLOAT, 65},
      {VK_FORMAT_R8G8B8A8_UNORM, 70},
      {VK_FORMAT_R8G8B8A8_SRGB, 71},
      {VK_FORMAT_R8G8B8A8_SNORM, 72},
      {VK_FORMAT_R8G8B8A8_UINT, 73},
      {VK_FORMAT_R8G8B8A8_SINT, 74},
      {VK_FORMAT_B8G8R8A8_UNORM, 80},
      {VK_FORMAT_B8G8R8A8_SRGB, 81},
      {VK_FORMAT_A2B10G10R10_UNORM_PACK32, 90},
      {VK_FORMAT_A2B10G10R10_UINT_PACK32, 91},
      {VK_FORMAT_B10G11R11_UFLOAT_PACK32, 92},
      {VK_FORMAT_E5B9G9R9_UFLOAT_PACK32, 93},
      {VK_FORMAT_A2R10G10B10_UNORM_PACK32, 94},
      {VK_FORMAT_R32G32_UINT, 103},
      {VK_FORMAT_R32G32_SINT, 104},
      {VK_FORMAT_R32G32_SFLOAT, 105},
      {VK_FORMAT_R16G16B16A16_UNORM, 110},
      {VK_FORMAT_R16G16B16A16_SNORM, 112},
      {VK_FORMAT_R16G16B16A16_UINT, 113},
      {VK_FORMAT_R16G16B16A16_SINT, 114},
      {VK_FORMAT_R16G16B16A16_SFLOAT, 115},
      {VK_FORMAT_R32G32B32A32_UINT, 123},
      {VK_FORMAT_R32G32B32A32_SINT, 124},
      {VK_FORMAT_R32G32B32A32_SFLOAT, 125},
      {VK_FORMAT_BC1_RGBA_UNORM_BLOCK, 130},
      {VK_FORMAT_BC1_RGBA_SRGB_BLOCK, 131},
      {VK_FORMAT_BC2_UNORM_BLOCK, 132},
      {VK_FORMAT_BC2_SRGB_BLOCK, 133},
      {VK_FORMAT_BC3_UNORM_BLOCK, 134},
      {VK_FORMAT_BC3_SRGB_BLOCK, 135},
      {VK_FORMAT_BC4_UNORM_BLOCK, 140},
      {VK_FORMAT_BC4_SNORM_BLOCK, 141},
      {VK_FORMAT_BC5_UNORM_BLOCK, 142},
      {VK_FORMAT_BC5_SNORM_BLOCK, 143},
      {VK_FORMAT_BC6H_SFLOAT_BLOCK, 150},
      {VK_FORMAT_BC6H_UFLOAT_BLOCK, 151},
      {VK_FORMAT_BC7_UNORM_BLOCK, 152},
      {VK_FORMAT_BC7_SRGB_BLOCK, 153},
      {VK_FORMAT_EAC_R11_UNORM_BLOCK, 170},
      {VK_FORMAT_EAC_R11_SNORM_BLOCK, 172},
      {VK_FORMAT_EAC_R11G11_UNORM_BLOCK, 174},
      {VK_FORMAT_EAC_R11G11_SNORM_BLOCK, 176},
      {VK_FORMAT_ETC2_R8G8B8A8_UNORM_BLOCK, 178},
      {VK_FORMAT_ETC2_R8G8B8A8_SRGB_BLOCK, 179},
      {VK_FORMAT_ETC2_R8G8B8_UNORM_BLOCK, 180},
      {VK_FORMAT_ETC2_R8G8B8_SRGB_BLOCK, 181},
      {VK_FORMAT_ETC2_R8G8B8A1_UNORM_BLOCK, 182},
      {VK_FORMAT_ETC2_R8G8B8A1_SRGB_BLOCK, 183},
      {VK_FORMAT_D16_UNORM, 250},
      {VK_FORMAT_D32_SFLOAT, 252},
  };
  for (const auto& pair : pairs) {
    if (pair.format == format) return pair.pixel_format;
  }
  // Vulkan has UNORM and SRGB of each size side by side, Metal all of SRGB first, with a gap after 6x6.
  if (format >= VK_FORMAT_ASTC_4x4_UNORM_BLOCK && format <= VK_FORMAT_ASTC_12x12_SRGB_BLOCK) {
    const auto number = static_cast<unsigned long>(format - VK_FORMAT_ASTC_4x4_UNORM_BLOCK);
    const unsigned long size = number / 2;
    return (number % 2 == 0 ? 204 : 186) + size + (size > 4 ? 1 : 0);
  }
  return 0;
}

constexpr unsigned long type_2d = 2, type_2d_array = 3, type_3d = 7;    // MTLTextureType
constexpr unsigned long shader_read = 1, shader_write = 2, target = 4;  // MTLTextureUsage

// "VkImportMetalTextureInfoEXT": the application ensures that the texture is what the image is.
void check(const VkImageCreateInfo& info, const TextureMemory& memory) {
  const auto expect = [](bool good, const char* what) {
    if (!good) wrong(what);
  };
  expect(memory.device == built_in, "a texture of another device than this one's");
  expect(memory.type == type_2d || memory.type == type_2d_array || memory.type == type_3d,
         "a cube, which MoltenVK takes for one layer (MVKImage::setMTLTexture)");
  expect((info.imageType == VK_IMAGE_TYPE_3D) == (memory.type == type_3d), "a texture of another type than its image");
  expect(memory.width == info.extent.width && memory.height == info.extent.height && memory.depth == info.extent.depth,
         "a texture of another size than its image");
  expect(memory.levels == info.mipLevels && memory.slices == info.arrayLayers,
         "a texture of other levels or layers than its image");
  expect(info.samples == VK_SAMPLE_COUNT_1_BIT && info.tiling == VK_IMAGE_TILING_OPTIMAL,
         "an image that no texture underlies");
  expect(memory.pixel_format == pixel_format_of(info.format), "a texture of another format than its image");
  // What Metal's validation layer ends a program for, later.
  constexpr VkImageUsageFlags attachments =
      VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT | VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT;
  expect((info.usage & VK_IMAGE_USAGE_STORAGE_BIT) == 0 || (memory.usage & shader_write) != 0,
         "a storage image over a texture without MTLTextureUsageShaderWrite");
  expect((info.usage & attachments) == 0 || (memory.usage & target) != 0,
         "an attachment over a texture without MTLTextureUsageRenderTarget");
  expect((info.usage & VK_IMAGE_USAGE_SAMPLED_BIT) == 0 || (memory.usage & shader_read) != 0,
         "a sampled image over a texture without MTLTextureUsageShaderRead");
}

// Levels and slices one after another, as Metal's double has them.
std::vector<VkBufferImageCopy> regions_of(const TextureMemory& memory) {
  const bool depth = memory.pixel_format >= 250;
  const VkImageAspectFlags aspect = depth ? VK_IMAGE_ASPECT_DEPTH_BIT : VK_IMAGE_ASPECT_COLOR_BIT;
  const auto at = [](std::uint64_t texels, std::uint32_t level) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(texels >> level, 1));
  };
  std::vector<VkBufferImageCopy> regions;
  VkDeviceSize offset = 0;
  for (std::uint32_t slice = 0; slice < memory.slices; ++slice) {
    for (std::uint32_t level = 0; level < memory.levels; ++level) {
      const VkExtent3D extent{at(memory.width, level), at(memory.height, level), at(memory.depth, level)};
      regions.push_back({offset, 0, 0, {aspect, level, slice, 1}, {0, 0, 0}, extent});
      const VkDeviceSize across = (extent.width + memory.block_width - 1) / memory.block_width;
      const VkDeviceSize down = (extent.height + memory.block_height - 1) / memory.block_height;
      offset += across * down * extent.depth * memory.block_bytes;
    }
  }
  return regions;
}

}  // namespace

bool is_over_texture(const VkImageCreateInfo& info) {
  const auto* exported = find(info.pNext, VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT);
  if (exported != nullptr && reinterpret_cast<const VkExportMetalObjectCreateInfoEXT*>(exported)->exportObjectType !=
                                 VK_EXPORT_METAL_OBJECT_TYPE_METAL_TEXTURE_BIT_EXT) {
    wrong("an image that is to be exported as something else than a texture (VUID-VkImageCreateInfo-pNext-06783)");
  }
  return exported != nullptr || find(info.pNext, VK_STRUCTURE_TYPE_IMPORT_METAL_TEXTURE_INFO_EXT) != nullptr;
}

VkResult create_over_texture(VkDevice device, const VkImageCreateInfo& info, const VkAllocationCallbacks* callbacks,
                             VkImage* made) {
  const auto* imported = reinterpret_cast<const VkImportMetalTextureInfoEXT*>(
      find(info.pNext, VK_STRUCTURE_TYPE_IMPORT_METAL_TEXTURE_INFO_EXT));
  void* texture = nullptr;
  if (imported != nullptr) {
    if (imported->plane != VK_IMAGE_ASPECT_PLANE_0_BIT) {
      wrong("a texture for another plane than the image's only one (VUID-VkImageCreateInfo-pNext-06785)");
    }
    if (imported->mtlTexture == nullptr) wrong("Geyser makes its textures itself");
    texture = imported->mtlTexture;
    retain(texture);
  } else {
    if ((info.flags & VK_IMAGE_CREATE_CUBE_COMPATIBLE_BIT) != 0) wrong("this double exports no cubes");
    TextureMemory wanted;
    wanted.type = info.imageType == VK_IMAGE_TYPE_3D ? type_3d : info.arrayLayers > 1 ? type_2d_array : type_2d;
    wanted.pixel_format = pixel_format_of(info.format);
    wanted.usage = shader_read | ((info.usage & VK_IMAGE_USAGE_STORAGE_BIT) != 0 ? shader_write : 0) |
                   ((info.usage & VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT) != 0 ? target : 0);
    wanted.width = info.extent.width;
    wanted.height = info.extent.height;
    wanted.depth = info.extent.depth;
    wanted.levels = info.mipLevels;
    wanted.slices = info.arrayLayers;
    texture = new_private_texture(wanted);
    if (texture == nullptr) return VK_ERROR_FORMAT_NOT_SUPPORTED;
  }
  const std::shared_ptr<void> keep(texture, release);
  const TextureMemory memory = memory_of(texture);
  check(info, memory);
  const VkResult result =
      create_carried(device, info, callbacks, {memory.base, memory.size, regions_of(memory), keep}, made);
  if (result == VK_SUCCESS && find(info.pNext, VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT) != nullptr) {
    const std::scoped_lock lock(mutex);
    exported_textures[*made] = texture;
  }
  return result;
}

void forget_over_texture(VkImage image) {
  const std::scoped_lock lock(mutex);
  exported_textures.erase(image);
}

void* texture_of(const VkExportMetalTextureInfoEXT& info) {
  if (info.image == VK_NULL_HANDLE || info.imageView != VK_NULL_HANDLE || info.bufferView != VK_NULL_HANDLE) {
    wrong("not exactly one of image, imageView and bufferView (VUID-VkExportMetalObjectsInfoEXT-pNext-06794)");
  }
  const std::scoped_lock lock(mutex);
  const auto found = exported_textures.find(info.image);
  if (found == exported_textures.end()) {
    wrong("an image that exports no texture (VUID-VkExportMetalObjectsInfoEXT-pNext-06795)");
  }
  if (info.plane != VK_IMAGE_ASPECT_PLANE_0_BIT) wrong("another plane than the image's only one");
  return found->second;
}

}  // namespace moltenvk_double
