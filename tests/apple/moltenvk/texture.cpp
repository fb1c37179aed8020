// Images over MTLTextures. The driver behind has such an image elsewhere in memory than Metal's double has the texture,
// so its pixels are carried: to the image where a barrier acquires it from outside, to the texture where one releases
// it. MoltenVK itself has them in one place, and takes no notice of who owns an image: the specification does, and here
// who does not hand an image over sees what was there before.
#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "double.hpp"
#include "driver.hpp"

namespace moltenvk_double {

namespace {

using namespace geyser::apple_double;

struct OverTexture {
  VkDevice device = VK_NULL_HANDLE;
  void* texture = nullptr;
  TextureMemory memory;
  VkBuffer buffer = VK_NULL_HANDLE;  // the texture's own memory
  VkDeviceMemory buffer_memory = VK_NULL_HANDLE;
  VkImageAspectFlags aspect = VK_IMAGE_ASPECT_COLOR_BIT;
  bool exportable = false;
};

std::mutex mutex;
std::map<VkImage, OverTexture> images;

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

VkResult make_buffer(OverTexture& over) {
  const VkExternalMemoryBufferCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, nullptr,
                                                  VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
  const VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                &external,
                                0,
                                over.memory.size,
                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                VK_SHARING_MODE_EXCLUSIVE,
                                0,
                                nullptr};
  if (const VkResult made = REAL_OF(over.device, vkCreateBuffer)(over.device, &info, nullptr, &over.buffer);
      made != VK_SUCCESS) {
    return made;
  }
  const VkResult imported = import_host(over.device, over.memory.base, over.memory.size, over.buffer_memory);
  if (imported != VK_SUCCESS) return imported;
  return REAL_OF(over.device, vkBindBufferMemory)(over.device, over.buffer, over.buffer_memory, 0);
}

void destroy(OverTexture& over) {
  REAL_OF(over.device, vkDestroyBuffer)(over.device, over.buffer, nullptr);
  REAL_OF(over.device, vkFreeMemory)(over.device, over.buffer_memory, nullptr);
  release(over.texture);
}

// Levels and slices one after another, as Metal's double has them.
std::vector<VkBufferImageCopy> regions_of(const OverTexture& over) {
  const TextureMemory& memory = over.memory;
  const auto at = [](std::uint64_t texels, std::uint32_t level) {
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(texels >> level, 1));
  };
  std::vector<VkBufferImageCopy> regions;
  VkDeviceSize offset = 0;
  for (std::uint32_t slice = 0; slice < memory.slices; ++slice) {
    for (std::uint32_t level = 0; level < memory.levels; ++level) {
      const VkExtent3D extent{at(memory.width, level), at(memory.height, level), at(memory.depth, level)};
      regions.push_back({offset, 0, 0, {over.aspect, level, slice, 1}, {0, 0, 0}, extent});
      const VkDeviceSize across = (extent.width + memory.block_width - 1) / memory.block_width;
      const VkDeviceSize down = (extent.height + memory.block_height - 1) / memory.block_height;
      offset += across * down * extent.depth * memory.block_bytes;
    }
  }
  return regions;
}

bool is_outside(std::uint32_t family) {
  return family == VK_QUEUE_FAMILY_EXTERNAL || family == VK_QUEUE_FAMILY_FOREIGN_EXT;
}

enum class Toward { image, texture };

void carry(VkCommandBuffer commands, VkImage image, const OverTexture& over, Toward toward) {
  constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  const VkMemoryBarrier all{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, everything, everything};
  const auto barrier = REAL_OF(over.device, vkCmdPipelineBarrier);
  const std::vector<VkBufferImageCopy> regions = regions_of(over);
  const auto count = static_cast<std::uint32_t>(regions.size());
  const auto between = [&] {
    barrier(commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &all, 0, nullptr, 0,
            nullptr);
  };
  between();
  if (toward == Toward::image) {
    REAL_OF(over.device, vkCmdCopyBufferToImage)
    (commands, over.buffer, image, VK_IMAGE_LAYOUT_GENERAL, count, regions.data());
  } else {
    REAL_OF(over.device, vkCmdCopyImageToBuffer)
    (commands, image, VK_IMAGE_LAYOUT_GENERAL, over.buffer, count, regions.data());
  }
  between();
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
  OverTexture over;
  over.device = device;
  const auto* imported = reinterpret_cast<const VkImportMetalTextureInfoEXT*>(
      find(info.pNext, VK_STRUCTURE_TYPE_IMPORT_METAL_TEXTURE_INFO_EXT));
  over.exportable = find(info.pNext, VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT) != nullptr;
  if (imported != nullptr) {
    if (imported->plane != VK_IMAGE_ASPECT_PLANE_0_BIT) {
      wrong("a texture for another plane than the image's only one (VUID-VkImageCreateInfo-pNext-06785)");
    }
    if (imported->mtlTexture == nullptr) wrong("Geyser makes its textures itself");
    over.texture = imported->mtlTexture;
    retain(over.texture);
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
    over.texture = new_private_texture(wanted);
    if (over.texture == nullptr) return VK_ERROR_FORMAT_NOT_SUPPORTED;
  }
  over.memory = memory_of(over.texture);
  check(info, over.memory);
  if (over.memory.pixel_format >= 250) over.aspect = VK_IMAGE_ASPECT_DEPTH_BIT;
  VkImageCreateInfo own = info;
  own.pNext = nullptr;
  own.usage |= VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  VkResult result = make_buffer(over);
  if (result == VK_SUCCESS) result = REAL_OF(device, vkCreateImage)(device, &own, callbacks, made);
  if (result != VK_SUCCESS) {
    destroy(over);
    return result;
  }
  const std::scoped_lock lock(mutex);
  images[*made] = over;
  return result;
}

void forget_over_texture(VkImage image) {
  const std::scoped_lock lock(mutex);
  const auto found = images.find(image);
  if (found == images.end()) return;
  destroy(found->second);
  images.erase(found);
}

void* texture_of(const VkExportMetalTextureInfoEXT& info) {
  if (info.image == VK_NULL_HANDLE || info.imageView != VK_NULL_HANDLE || info.bufferView != VK_NULL_HANDLE) {
    wrong("not exactly one of image, imageView and bufferView (VUID-VkExportMetalObjectsInfoEXT-pNext-06794)");
  }
  const std::scoped_lock lock(mutex);
  const auto found = images.find(info.image);
  if (found == images.end() || !found->second.exportable) {
    wrong("an image that exports no texture (VUID-VkExportMetalObjectsInfoEXT-pNext-06795)");
  }
  if (info.plane != VK_IMAGE_ASPECT_PLANE_0_BIT) wrong("another plane than the image's only one");
  return found->second.texture;
}

VKAPI_ATTR void VKAPI_CALL pipeline_barrier(VkCommandBuffer commands, VkPipelineStageFlags source,
                                            VkPipelineStageFlags destination, VkDependencyFlags flags,
                                            std::uint32_t memory_count, const VkMemoryBarrier* memory,
                                            std::uint32_t buffer_count, const VkBufferMemoryBarrier* buffers,
                                            std::uint32_t image_count, const VkImageMemoryBarrier* of_images) {
  const auto each = [&](bool releases) {
    const std::scoped_lock lock(mutex);
    for (std::uint32_t i = 0; i < image_count; ++i) {
      const VkImageMemoryBarrier& one = of_images[i];
      const auto found = images.find(one.image);
      if (found == images.end() || is_outside(one.srcQueueFamilyIndex) == is_outside(one.dstQueueFamilyIndex)) continue;
      if (is_outside(one.dstQueueFamilyIndex) != releases) continue;
      carry(commands, one.image, found->second, releases ? Toward::texture : Toward::image);
    }
  };
  each(true);
  real<PFN_vkCmdPipelineBarrier>("vkCmdPipelineBarrier")(commands, source, destination, flags, memory_count, memory,
                                                         buffer_count, buffers, image_count, of_images);
  each(false);
}

}  // namespace moltenvk_double
