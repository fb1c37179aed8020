// As little Vulkan as a hand-off needs, loaded at run time; used by the floor, the copy, and for drawing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <vulkan/vulkan_core.h>

namespace bench {

// clang-format off
#define BENCH_VK_FUNCTIONS(X)                                                                                        \
  X(vkGetDeviceQueue) X(vkCreateImage) X(vkGetImageMemoryRequirements) X(vkAllocateMemory) X(vkBindImageMemory)       \
  X(vkCreateBuffer) X(vkGetBufferMemoryRequirements) X(vkBindBufferMemory) X(vkMapMemory) X(vkCreateCommandPool)      \
  X(vkAllocateCommandBuffers) X(vkBeginCommandBuffer) X(vkEndCommandBuffer) X(vkCmdPipelineBarrier)                   \
  X(vkCmdCopyBufferToImage) X(vkCmdCopyImageToBuffer) X(vkQueueSubmit) X(vkCreateFence) X(vkWaitForFences)            \
  X(vkResetFences) X(vkCreateSemaphore) X(vkGetMemoryFdKHR) X(vkGetSemaphoreFdKHR) X(vkImportSemaphoreFdKHR)          \
  X(vkWaitSemaphores) X(vkDeviceWaitIdle) X(vkCreateQueryPool) X(vkCmdResetQueryPool) X(vkCmdWriteTimestamp)         \
  X(vkGetQueryPoolResults) X(vkCmdClearColorImage) X(vkDestroyImage) X(vkFreeMemory)
// clang-format on

struct BareVulkan {
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VkCommandPool pool = VK_NULL_HANDLE;
  VkPhysicalDeviceMemoryProperties memory{};
  bool timeline = false;  // exportable as opaque fd
  bool binary = false;
  std::array<std::uint8_t, 16> uuid{};  // of the device
  std::string name;
  double nanoseconds_per_tick = 1;
  PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr = nullptr;
  PFN_vkGetDeviceProcAddr vkGetDeviceProcAddr = nullptr;
#define BENCH_VK_MEMBER(name) PFN_##name name = nullptr;
  BENCH_VK_FUNCTIONS(BENCH_VK_MEMBER)
#undef BENCH_VK_MEMBER

  // Makes an instance and device of its own.
  static BareVulkan open(std::uint32_t device_index);
  // Takes another's device and queue.
  static BareVulkan around(VkInstance instance, VkPhysicalDevice physical_device, VkDevice device, VkQueue queue,
                           std::uint32_t queue_family, PFN_vkGetInstanceProcAddr get);

  bool has_memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const;
  std::uint32_t memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const;
  // A recorded command buffer that may be submitted many times.
  VkCommandBuffer record(const std::function<void(VkCommandBuffer)>& write) const;
  void barrier(VkCommandBuffer buffer, VkImage image, VkImageLayout from, VkImageLayout to, std::uint32_t source_family,
               std::uint32_t destination_family) const;

 private:
  void load_device(std::uint32_t queue_family);
  void ask_for_semaphores();
};

// A mapped buffer of host-visible memory.
struct HostBuffer {
  VkBuffer buffer = VK_NULL_HANDLE;
  std::uint32_t* words = nullptr;
};
// `cached`: of memory that the CPU reads fast, where there is such.
HostBuffer make_host_buffer(const BareVulkan& vulkan, VkDeviceSize bytes, bool cached = false);

// The work of a frame, the same for every method: the producer writes the frame's number to the last texel, the
// consumer reads it back, made visible to the host.
void record_write(const BareVulkan& vulkan, VkCommandBuffer buffer, VkImage image, std::uint32_t width,
                  std::uint32_t height, VkBuffer source, VkDeviceSize offset = 0);
void record_read(const BareVulkan& vulkan, VkCommandBuffer buffer, VkImage image, std::uint32_t width,
                 std::uint32_t height, VkBuffer destination, VkDeviceSize offset = 0);

void check(VkResult result, const char* what);

}  // namespace bench
