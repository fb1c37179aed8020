#include "vulkan/dma_buf.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/dma_buf.hpp"
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

namespace {

constexpr VkImageAspectFlags aspect(VkImageAspectFlagBits first, std::uint32_t index) {
  return static_cast<VkImageAspectFlags>(first) << index;
}

VkDeviceSize offset_of(const Device& device, VkImage image, VkImageAspectFlags plane) {
  const VkImageSubresource subresource{plane, 0, 0};
  VkSubresourceLayout where{};
  device.functions().vkGetImageSubresourceLayout(device.handle(), image, &subresource, &where);
  return where.offset;
}

}  // namespace

PlaneAspects probe_plane_aspects(const Device& device) {
  constexpr VkFormat format = VK_FORMAT_G8_B8R8_2PLANE_420_UNORM;
  for (const VkDrmFormatModifierPropertiesEXT& modifier : modifiers_of(device, format)) {
    if (modifier.drmFormatModifierPlaneCount != 2) continue;
    const VkImageDrmFormatModifierListCreateInfoEXT list{
        VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT, nullptr, 1, &modifier.drmFormatModifier};
    const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, &list,
                                                   VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
    const VkPhysicalDeviceImageDrmFormatModifierInfoEXT asked{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
        nullptr,
        modifier.drmFormatModifier,
        VK_SHARING_MODE_EXCLUSIVE,
        0,
        nullptr};
    const VkPhysicalDeviceExternalImageFormatInfo shared{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                         &asked, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
    constexpr VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    const VkPhysicalDeviceImageFormatInfo2 question{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                                    &shared,
                                                    format,
                                                    VK_IMAGE_TYPE_2D,
                                                    VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                                                    usage,
                                                    0};
    VkImageFormatProperties2 answer{VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, nullptr, {}};
    if (device.instance_functions().vkGetPhysicalDeviceImageFormatProperties2(device.native().physical_device,
                                                                              &question, &answer) != VK_SUCCESS) {
      continue;
    }
    const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                                 &external,
                                 0,
                                 VK_IMAGE_TYPE_2D,
                                 format,
                                 {64, 64, 1},
                                 1,
                                 1,
                                 VK_SAMPLE_COUNT_1_BIT,
                                 VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                                 usage,
                                 VK_SHARING_MODE_EXCLUSIVE,
                                 0,
                                 nullptr,
                                 VK_IMAGE_LAYOUT_UNDEFINED};
    VkImage image = VK_NULL_HANDLE;
    if (device.functions().vkCreateImage(device.handle(), &info, nullptr, &image) != VK_SUCCESS) continue;
    const auto tells_apart = [&](VkImageAspectFlagBits first) {
      return offset_of(device, image, aspect(first, 0)) != offset_of(device, image, aspect(first, 1));
    };
    const PlaneAspects found = tells_apart(VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT) ? PlaneAspects::memory
                               : tells_apart(VK_IMAGE_ASPECT_PLANE_0_BIT)          ? PlaneAspects::format
                                                                                   : PlaneAspects::none;
    device.functions().vkDestroyImage(device.handle(), image, nullptr);
    return found;
  }
  return PlaneAspects::memory;  // nothing to tell apart
}

VkImageAspectFlags memory_plane(const Device& device, std::uint32_t index) noexcept {
  const bool by_format = device.extensions().plane_aspects == PlaneAspects::format;
  return aspect(by_format ? VK_IMAGE_ASPECT_PLANE_0_BIT : VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT, index);
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
    // The one plane of other formats every driver tells.
    const bool only = layout.plane_count == 1;
    const VkImageSubresource plane{
        only ? static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT) : memory_plane(device, i), 0, 0};
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

namespace {

// Which kernel objects the parcel's handles are, and which of them each plane is in.
Result<ReceivedBuffers> tell_apart(const ApiTextureHandle& parcel) {
  ReceivedBuffers received;
  std::array<platform::KernelIdentity, max_memory_planes> identities{};
  std::array<std::uint32_t, max_memory_planes> of_handle{};
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    // A driver may take other memory that it can map; one with a GPU does not.
    if (!platform::is_dma_buf(parcel.handles[i].get())) {
      return fail(ErrorCode::invalid_handle, text("Handle [", i, "] is not a dma-buf."));
    }
    const auto size = platform::kernel_size(parcel.handles[i].get());
    if (!size) return fail(GeyserError(size.error()));
    const auto identity = platform::kernel_identity(parcel.handles[i].get());
    if (!identity) return fail(GeyserError(identity.error()));
    const auto* const known = std::find(identities.data(), identities.data() + received.count, *identity);
    of_handle[i] = static_cast<std::uint32_t>(known - identities.data());
    if (of_handle[i] != received.count) continue;
    identities[received.count] = *identity;
    received.buffers[received.count++] = {i, *size, 0};
  }
  std::array<bool, max_memory_planes> used{};
  for (std::uint32_t i = 0; i < parcel.layout.plane_count; ++i) {
    received.of_plane[i] = of_handle[parcel.layout.planes[i].handle_index];
    used[received.of_plane[i]] = true;
  }
  for (std::uint32_t i = 0; i < received.count; ++i) {
    if (used[i]) continue;
    return fail(ErrorCode::incompatible_layout,
                text("Handle [", received.buffers[i].handle, "] is a buffer that none of the [",
                     parcel.layout.plane_count, "] memory planes is in."));
  }
  return received;
}

// Whether the planes in one buffer fit into it. The others' are looked at with their own.
Result<void> check_planes(const ApiTextureHandle& parcel, const ReceivedBuffers& received, std::uint32_t buffer) {
  MemoryLayout in_one = parcel.layout;
  in_one.allocation_size = received.buffers[buffer].size;
  for (std::uint32_t i = 0; i < in_one.plane_count; ++i) {
    in_one.planes[i].handle_index = received.of_plane[i] == buffer ? 0 : 1;
  }
  return validate(in_one, parcel.descriptor, 2);
}

}  // namespace

Result<ReceivedBuffers> sort_buffers(const ApiTextureHandle& parcel) {
  auto received = tell_apart(parcel);
  if (!received) return received;
  if (received->buffers[0].size < parcel.layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.allocation_size] is [", parcel.layout.allocation_size,
                     "], but the handle's object has [", received->buffers[0].size, "] bytes."));
  }
  for (std::uint32_t i = 0; i < received->count; ++i) {
    if (auto fits = check_planes(parcel, *received, i); !fits) return fail(std::move(fits.error()));
  }
  return received;
}

Result<ReceivedBuffers> inspect_dma_bufs(const Device& device, const ApiTextureHandle& parcel) {
  auto received = sort_buffers(parcel);
  if (!received) return received;
  for (std::uint32_t i = 0; i < received->count; ++i) {
    ReceivedBuffer& buffer = received->buffers[i];
    VkMemoryFdPropertiesKHR properties{VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR, nullptr, 0};
    if (const VkResult result = device.functions().vkGetMemoryFdPropertiesKHR(
            device.handle(), VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
            static_cast<int>(parcel.handles[buffer.handle].get()), &properties);
        result != VK_SUCCESS) {
      return fail(
          make_error(result, "vkGetMemoryFdPropertiesKHR").during(text("looking at handle [", buffer.handle, "]")));
    }
    buffer.memory_types = properties.memoryTypeBits;
  }
  return received;
}

}  // namespace geyser::vulkan
