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

// By making an image of two planes in one memory, where no two of them can begin at the same byte.
PlaneAspects probe_plane_aspects(const Device& device);

// For vkGetImageSubresourceLayout and its like.
VkImageAspectFlags memory_plane(const Device& device, std::uint32_t index) noexcept;

// Modifier and memory planes as the driver chose them, all in handle 0.
// Errors: unsupported (a modifier that the driver does not list, more planes than fit).
Result<void> read_modifier_layout(const Device& device, VkImage image, VkFormat format, MemoryLayout& layout);

// For VkImageDrmFormatModifierExplicitCreateInfoEXT: offset and pitch as given, size 0 as Vulkan wants it.
std::array<VkSubresourceLayout, max_memory_planes> explicit_planes(const MemoryLayout& layout) noexcept;

// What the handles of a parcel are: a buffer is a kernel object, whatever number it has and however often it came.
struct ReceivedBuffer {
  std::uint32_t handle = 0;        // the first of the parcel's handles for it
  std::uint64_t size = 0;          // the kernel's word, not the sender's
  std::uint32_t memory_types = 0;  // that the driver can import it as
};
struct ReceivedBuffers {
  std::uint32_t count = 0;
  std::array<ReceivedBuffer, max_memory_planes> buffers{};
  std::array<std::uint32_t, max_memory_planes> of_plane{};  // which buffer each memory plane is in
};
// All but what the driver says. Errors: invalid_handle (none, no memory), incompatible_layout (too small, a plane that
// runs over, a buffer that no plane is in).
Result<ReceivedBuffers> sort_buffers(const ApiTextureHandle& parcel);
// Errors: those, and invalid_handle (not a buffer that the driver takes).
Result<ReceivedBuffers> inspect_dma_bufs(const Device& device, const ApiTextureHandle& parcel);

}  // namespace geyser::vulkan
