#include "support/watched_vulkan.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <utility>

namespace geyser::test {

namespace {

struct Watch {
  PFN_vkGetInstanceProcAddr get_instance = nullptr;
  PFN_vkGetDeviceProcAddr get_device = nullptr;
  PFN_vkCmdPipelineBarrier barrier = nullptr;
  PFN_vkQueueSubmit submit = nullptr;
  PFN_vkCreateSemaphore create_semaphore = nullptr;
  std::size_t semaphores = 0;
  std::size_t submissions = 0;
  std::map<VkCommandBuffer, std::vector<VkImageMemoryBarrier>> recorded;
  std::vector<VkImageMemoryBarrier> submitted;
};

Watch& watch() {
  static Watch one;
  return one;
}

VKAPI_ATTR void VKAPI_CALL on_barrier(VkCommandBuffer buffer, VkPipelineStageFlags from, VkPipelineStageFlags to,
                                      VkDependencyFlags flags, std::uint32_t memory_count,
                                      const VkMemoryBarrier* memory, std::uint32_t buffer_count,
                                      const VkBufferMemoryBarrier* buffers, std::uint32_t image_count,
                                      const VkImageMemoryBarrier* images) {
  auto& recorded = watch().recorded[buffer];
  recorded.insert(recorded.end(), images, images + image_count);
  watch().barrier(buffer, from, to, flags, memory_count, memory, buffer_count, buffers, image_count, images);
}

VKAPI_ATTR VkResult VKAPI_CALL on_submit(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos, VkFence fence) {
  ++watch().submissions;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t j = 0; j < infos[i].commandBufferCount; ++j) {
      const auto& barriers = watch().recorded[infos[i].pCommandBuffers[j]];
      watch().submitted.insert(watch().submitted.end(), barriers.begin(), barriers.end());
    }
  }
  return watch().submit(queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL on_create_semaphore(VkDevice device, const VkSemaphoreCreateInfo* info,
                                                   const VkAllocationCallbacks* allocator, VkSemaphore* semaphore) {
  ++watch().semaphores;
  return watch().create_semaphore(device, info, allocator, semaphore);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL on_get_device(VkDevice device, const char* name) {
  const PFN_vkVoidFunction real = watch().get_device(device, name);
  if (std::strcmp(name, "vkCmdPipelineBarrier") == 0) {
    watch().barrier = reinterpret_cast<PFN_vkCmdPipelineBarrier>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_barrier);
  }
  if (std::strcmp(name, "vkQueueSubmit") == 0) {
    watch().submit = reinterpret_cast<PFN_vkQueueSubmit>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_submit);
  }
  if (std::strcmp(name, "vkCreateSemaphore") == 0) {
    watch().create_semaphore = reinterpret_cast<PFN_vkCreateSemaphore>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_create_semaphore);
  }
  return real;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL on_get_instance(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction real = watch().get_instance(instance, name);
  if (std::strcmp(name, "vkGetDeviceProcAddr") != 0) return real;
  watch().get_device = reinterpret_cast<PFN_vkGetDeviceProcAddr>(real);
  return reinterpret_cast<PFN_vkVoidFunction>(on_get_device);
}

}  // namespace

PFN_vkGetInstanceProcAddr watch_vulkan(PFN_vkGetInstanceProcAddr real) {
  watch() = {};
  watch().get_instance = real;
  return on_get_instance;
}

std::size_t semaphores_created() { return watch().semaphores; }
std::size_t submissions() { return watch().submissions; }

std::vector<VkImageMemoryBarrier> take_submitted_barriers(VkImage image) {
  std::vector<VkImageMemoryBarrier> taken;
  for (const VkImageMemoryBarrier& barrier : std::exchange(watch().submitted, {})) {
    if (barrier.image == image) taken.push_back(barrier);
  }
  return taken;
}

}  // namespace geyser::test
