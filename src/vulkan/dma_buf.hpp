// Images in kernel dma-bufs: a format's modifiers, the layout that a driver chose, and what a received buffer really
// is. VK_EXT_external_memory_dma_buf, VK_EXT_image_drm_format_modifier.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <vulkan/vulkan_core.h>

#include <geyser/descriptor.hpp>
#include <geyser/layout.hpp>
#include <geyser/texture.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Every modifier of a format; empty without the extension.
std::vector<VkDrmFormatModifierPropertiesEXT> modifiers_of(const Device& device, VkFormat format);

// Modifier and memory planes as the driver chose them, all in handle 0.
// Errors: unsupported (a modifier that the driver does not list, more planes than fit).
Result<void> read_modifier_layout(const Device& device, VkImage image, VkFormat format, MemoryLayout& layout);

// For VkImageDrmFormatModifierExplicitCreateInfoEXT: offset and pitch as given, size 0 as Vulkan wants it.
std::array<VkSubresourceLayout, max_memory_planes> explicit_planes(const MemoryLayout& layout) noexcept;

struct ReceivedBuffer {
  std::uint64_t size = 0;          // the kernel's word, not the sender's
  std::uint32_t memory_types = 0;  // that the driver can import it as
};
// Errors: invalid_handle (none, or not a buffer that the driver takes), incompatible_layout (too small, a plane that
// runs over), unsupported (planes in different buffers).
Result<ReceivedBuffer> inspect_dma_buf(const Device& device, const ApiTextureHandle& parcel);

}  // namespace geyser::vulkan
