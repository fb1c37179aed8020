// Vulkan's column of the format table.
#pragma once

#include <vulkan/vulkan_core.h>

#include <geyser/descriptor.hpp>
#include <geyser/format.hpp>

namespace geyser::vulkan {

// VK_FORMAT_UNDEFINED / TextureFormat::unknown where there is no equal.
VkFormat to_vulkan(TextureFormat format) noexcept;
TextureFormat from_vulkan(VkFormat format) noexcept;

VkImageUsageFlags to_vulkan(TextureUsage usage) noexcept;
VkImageAspectFlags aspects_of(TextureFormat format) noexcept;
VkImageType image_type_of(TextureDimension dimension) noexcept;
VkImageCreateFlags create_flags_of(TextureDimension dimension) noexcept;

}  // namespace geyser::vulkan
