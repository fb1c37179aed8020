// Images of Metal's objects. The driver behind has such an image elsewhere in memory than Metal's double has the
// surface or the texture, so its pixels are carried: to the image where a barrier acquires it from outside, to the
// object where one releases it. MoltenVK itself has them in one place, and takes no notice of who owns an image: the
// specification does, and here who does not hand an image over sees what was there before.
#include <map>
#include <mutex>
#include <utility>

#include "driver.hpp"

namespace moltenvk_double {

namespace {

struct Carried {
  Pixels pixels;
  VkDevice device = VK_NULL_HANDLE;
  VkBuffer buffer = VK_NULL_HANDLE;  // the object's own memory
  VkDeviceMemory memory = VK_NULL_HANDLE;
};

std::mutex mutex;
std::map<VkImage, Carried> images;

VkResult import_memory(Carried& carried) {
  const VkDevice device = carried.device;
  const Pixels& pixels = carried.pixels;
  constexpr auto type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  const VkExternalMemoryBufferCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO, nullptr, type};
  const VkBufferCreateInfo of_buffer{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                     &external,
                                     0,
                                     pixels.size,
                                     VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                     VK_SHARING_MODE_EXCLUSIVE,
                                     0,
                                     nullptr};
  VkResult result = REAL_OF(device, vkCreateBuffer)(device, &of_buffer, nullptr, &carried.buffer);
  if (result != VK_SUCCESS) return result;
  VkMemoryHostPointerPropertiesEXT properties{VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT, nullptr, 0};
  REAL_OF(device, vkGetMemoryHostPointerPropertiesEXT)(device, type, pixels.base, &properties);
  std::uint32_t index = 0;
  while (index < 31 && (properties.memoryTypeBits >> index & 1U) == 0) ++index;
  const VkImportMemoryHostPointerInfoEXT import{VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT, nullptr, type,
                                                pixels.base};
  const VkMemoryAllocateInfo of_memory{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import, pixels.size, index};
  result = REAL_OF(device, vkAllocateMemory)(device, &of_memory, nullptr, &carried.memory);
  if (result != VK_SUCCESS) return result;
  return REAL_OF(device, vkBindBufferMemory)(device, carried.buffer, carried.memory, 0);
}

void destroy(Carried& carried) {
  REAL_OF(carried.device, vkDestroyBuffer)(carried.device, carried.buffer, nullptr);
  REAL_OF(carried.device, vkFreeMemory)(carried.device, carried.memory, nullptr);
}

bool is_outside(std::uint32_t family) {
  return family == VK_QUEUE_FAMILY_EXTERNAL || family == VK_QUEUE_FAMILY_FOREIGN_EXT;
}

enum class Toward { image, object };

void carry(VkCommandBuffer commands, VkImage image, const Carried& carried, Toward toward) {
  constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  const VkMemoryBarrier all{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, everything, everything};
  const auto between = [&] {
    REAL_OF(carried.device, vkCmdPipelineBarrier)
    (commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1, &all, 0, nullptr, 0,
     nullptr);
  };
  const auto& regions = carried.pixels.regions;
  const auto count = static_cast<std::uint32_t>(regions.size());
  between();
  if (toward == Toward::image) {
    REAL_OF(carried.device, vkCmdCopyBufferToImage)
    (commands, carried.buffer, image, VK_IMAGE_LAYOUT_GENERAL, count, regions.data());
  } else {
    REAL_OF(carried.device, vkCmdCopyImageToBuffer)
    (commands, image, VK_IMAGE_LAYOUT_GENERAL, carried.buffer, count, regions.data());
  }
  between();
}

}  // namespace

VkResult create_carried(VkDevice device, const VkImageCreateInfo& info, const VkAllocationCallbacks* callbacks,
                        Pixels pixels, VkImage* made) {
  VkImageCreateInfo own = info;
  own.pNext = nullptr;
  own.usage |= VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
  Carried carried{std::move(pixels), device};
  VkResult result = import_memory(carried);
  if (result == VK_SUCCESS) result = REAL_OF(device, vkCreateImage)(device, &own, callbacks, made);
  if (result != VK_SUCCESS) {
    destroy(carried);
    return result;
  }
  const std::scoped_lock lock(mutex);
  images[*made] = std::move(carried);
  return result;
}

void forget_carried(VkImage image) {
  const std::scoped_lock lock(mutex);
  const auto found = images.find(image);
  if (found == images.end()) return;
  destroy(found->second);
  images.erase(found);
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
      carry(commands, one.image, found->second, releases ? Toward::object : Toward::image);
    }
  };
  each(true);
  REAL(vkCmdPipelineBarrier)
  (commands, source, destination, flags, memory_count, memory, buffer_count, buffers, image_count, of_images);
  each(false);
}

}  // namespace moltenvk_double
