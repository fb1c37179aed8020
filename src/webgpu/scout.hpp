// Tries out memory of others on a Vulkan device of its own before Dawn sees it. What a driver refuses Dawn takes for
// the loss of its device, and a texture that somebody else sent must not cost a program everything that it has there.
#pragma once

#include <vulkan/vulkan_core.h>

#include <cstdint>
#include <vector>

#include <geyser/error.hpp>

#include "webgpu/vulkan_device.hpp"

namespace geyser::webgpu {

// Memory that somebody else made. The descriptor stays the caller's.
struct ForeignMemory {
  VkExternalMemoryHandleTypeFlagBits type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;  // or OPAQUE_FD
  int descriptor = -1;
  std::uint64_t size = 0;
  // Of an opaque descriptor, as its maker says.
  std::uint32_t memory_type = 0;
  bool dedicated = false;
};

class Scout {
 public:
  Scout() = default;
  ~Scout() { close(); }
  Scout(const Scout&) = delete;
  Scout& operator=(const Scout&) = delete;

  // Makes the image, imports a duplicate of the descriptor and binds it; then everything goes. The device is made by
  // the first call. Nothing is tried, and nothing refused, where `vulkan` is empty or such a device cannot be made.
  // Errors: incompatible_layout (no such image, or one that needs more or other memory), invalid_handle or
  // out_of_memory (the driver does not open it, in its own words), with Vulkan's code.
  Result<void> try_out(const VulkanDevice& vulkan, const VkImageCreateInfo& info, const ForeignMemory& memory);

  // Its device goes: before the instance that it is of.
  void close() noexcept;

 private:
  static std::vector<const char*> extensions_of(const VulkanDevice& vulkan);
  bool open(const VulkanDevice& vulkan);
  Result<void> bind(VkImage image, const ForeignMemory& memory);
  // The memory types that the descriptor is of.
  Result<std::uint32_t> types_of(const ForeignMemory& memory) const;

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
