#include "vulkan/dma_buf.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/shared_memory.hpp"
#include "vulkan/error.hpp"

namespace geyser::vulkan {

using detail::text;

std::vector<VkDrmFormatModifierPropertiesEXT> modifiers_of(const Device& device, VkFormat format) {
  if (!device.extensions().dma_buf) return {};
  VkDrmFormatModifierPropertiesListEXT list{VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_EXT, nullptr, 0,
                                            nullptr};
  VkFormatProperties2 properties{VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, &list, {}};
  const auto ask = [&] {
    device.instance_functions().vkGetPhysicalDeviceFormatProperties2(device.native().physical_device, format,
                                                                     &properties);
  };
  ask();
  std::vector<VkDrmFormatModifierPropertiesEXT> modifiers(list.drmFormatModifierCount);
  list.pDrmFormatModifierProperties = modifiers.data();
  ask();
  modifiers.resize(list.drmFormatModifierCount);
  return modifiers;
}

Result<void> read_modifier_layout(const Device& device, VkImage image, VkFormat format, MemoryLayout& layout) {
  VkImageDrmFormatModifierPropertiesEXT chosen{VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_PROPERTIES_EXT, nullptr, 0};
  if (const VkResult result =
          device.functions().vkGetImageDrmFormatModifierPropertiesEXT(device.handle(), image, &chosen);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetImageDrmFormatModifierPropertiesEXT"));
  }
  const auto modifiers = modifiers_of(device, format);
  const auto found = std::find_if(modifiers.begin(), modifiers.end(),
                                  [&](const auto& row) { return row.drmFormatModifier == chosen.drmFormatModifier; });
  if (found == modifiers.end() || found->drmFormatModifierPlaneCount > max_memory_planes) {
    return fail(ErrorCode::unsupported,
                text("The driver chose modifier [", chosen.drmFormatModifier,
                     "], which it does not list, or which has more than [", max_memory_planes, "] memory planes."));
  }
  layout.tiling = Tiling::drm_modifier;
  layout.modifier = chosen.drmFormatModifier;
  layout.plane_count = found->drmFormatModifierPlaneCount;
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    const VkImageSubresource plane{static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT) << i, 0, 0};
    VkSubresourceLayout where{};
    device.functions().vkGetImageSubresourceLayout(device.handle(), image, &plane, &where);
    layout.planes[i] = {0, where.offset, where.rowPitch};
  }
  return {};
}

std::array<VkSubresourceLayout, max_memory_planes> explicit_planes(const MemoryLayout& layout) noexcept {
  std::array<VkSubresourceLayout, max_memory_planes> planes{};
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    planes[i].offset = layout.planes[i].offset;
    planes[i].rowPitch = layout.planes[i].stride;
  }
  return planes;
}

Result<ReceivedBuffer> inspect_dma_buf(const Device& device, const ApiTextureHandle& parcel) {
  const OwnedHandle& first = parcel.handles[0];
  const auto size = platform::kernel_size(first.get());
  if (!size) return fail(GeyserError(size.error()));
  if (*size < parcel.layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.allocation_size] is [", parcel.layout.allocation_size,
                     "], but the handle's object has [", *size, "] bytes."));
  }
  // The same buffer may come under several numbers.
  const auto identity = platform::kernel_identity(first.get());
  if (!identity) return fail(GeyserError(identity.error()));
  for (std::uint32_t i = 1; i < parcel.handle_count; ++i) {
    const auto other = platform::kernel_identity(parcel.handles[i].get());
    if (!other) return fail(GeyserError(other.error()));
    if (!(*other == *identity)) {
      return fail(ErrorCode::unsupported,
                  text("Handle [", i,
                       "] is another buffer than handle [0]; planes in several buffers (disjoint images) "
                       "are not supported."));
    }
  }
  MemoryLayout in_one = parcel.layout;
  in_one.allocation_size = *size;
  for (MemoryPlane& plane : in_one.planes) plane.handle_index = 0;
  if (auto valid = validate(in_one, parcel.descriptor, 1); !valid) return fail(std::move(valid.error()));
  VkMemoryFdPropertiesKHR properties{VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR, nullptr, 0};
  if (const VkResult result = device.functions().vkGetMemoryFdPropertiesKHR(
          device.handle(), VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT, static_cast<int>(first.get()), &properties);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetMemoryFdPropertiesKHR"));
  }
  return ReceivedBuffer{*size, properties.memoryTypeBits};
}

}  // namespace geyser::vulkan
