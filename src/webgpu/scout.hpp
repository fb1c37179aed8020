// Tries out dma-bufs of others on a Vulkan device of its own before Dawn sees it. What a driver refuses Dawn takes for
// the loss of its device, and a texture that somebody else sent must not cost a program everything that it has there.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>

#include <geyser/error.hpp>

#include "webgpu/vulkan_device.hpp"

namespace geyser::webgpu {

class Scout {
 public:
  Scout() = default;
  ~Scout() { close(); }
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;

  // Makes the image, imports a duplicate of the dma-buf (`descriptor`, of `size` bytes) and binds it; then everything
  // goes. The device is made by the first call. Nothing is tried, and nothing refused, where `vulkan` is empty or such
  // a device cannot be made.
  // Errors: incompatible_layout (no such image, or one that needs more than the buffer has), invalid_handle (the driver
  // does not open it), with Vulkan's code.
  Result<void> try_out(const VulkanDevice& vulkan, const VkImageCreateInfo& info, int descriptor, std::uint64_t size);

  // Its device goes: before the instance that it is of.
  void close() noexcept;

 private:
  bool open(const VulkanDevice& vulkan);
  Result<void> bind(VkImage image, int descriptor, std::uint64_t size);

  struct Functions {
    PFN_vkDestroyDevice vkDestroyDevice = nullptr;
    PFN_vkCreateImage vkCreateImage = nullptr;
    PFN_vkDestroyImage vkDestroyImage = nullptr;
    PFN_vkGetImageMemoryRequirements vkGetImageMemoryRequirements = nullptr;
    PFN_vkGetMemoryFdPropertiesKHR vkGetMemoryFdPropertiesKHR = nullptr;
    PFN_vkAllocateMemory vkAllocateMemory = nullptr;
    PFN_vkFreeMemory vkFreeMemory = nullptr;
    PFN_vkBindImageMemory vkBindImageMemory = nullptr;
  };
  bool tried_to_open_ = false;
  VkDevice device_ = VK_NULL_HANDLE;
  Functions functions_;
};

}  // namespace geyser::webgpu
