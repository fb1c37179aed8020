// Memory of the host's that the device uses in place (VK_EXT_external_memory_host), for images and for the buffers that
// copies go through.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vulkan/vulkan_core.h>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Rows of a linear image of `format` in memory of such a handle are at the smallest multiple of so many bytes that
// holds one; 0: the device has no such images, or follows no such rule. Asks the driver about a few images.
std::uint32_t linear_row_alignment(const Device& device, VkFormat format, VkImageUsageFlags usage,
                                   VkExternalMemoryHandleTypeFlagBits handle_type);

// Whether buffers for copies can be in such memory.
bool has_host_buffers(const Device& device);

// Makes whole pages of the host's into device memory, of a coherent type in `type_bits`: whoever writes them beside
// this device flushes nothing for it. They must stay mapped as long. Errors: unsupported (no such type), the driver's.
Result<VkDeviceMemory> import_host_pointer(const Device& device, std::byte* pages, std::uint64_t size,
                                           std::uint32_t type_bits, const void* next);

}  // namespace geyser::vulkan
