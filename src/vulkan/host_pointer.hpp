// Images in shared memory of the host's that the device uses in place (VK_EXT_external_memory_host).
#pragma once

#include <cstdint>

#include <vulkan/vulkan_core.h>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Rows of such an image of `format` are at the smallest multiple of so many bytes that holds one; 0: the device has no
// such images, or follows no such rule. Asks the driver about a few images.
std::uint32_t host_row_alignment(const Device& device, VkFormat format, VkImageUsageFlags usage);

}  // namespace geyser::vulkan
