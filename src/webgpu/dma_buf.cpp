#include "webgpu/dma_buf.hpp"

#include <array>
#include <limits>
#include <utility>

#include "common/text.hpp"
#include "platform/dma_buf_parcel.hpp"
#include "webgpu/fd_system.hpp"
#include "webgpu/format.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

// Of Dawn's images in memory planes (kMaxPlanesPerFormat there).
constexpr std::uint32_t most_planes = 3;

Result<void> import(const Device& device, WGPUSharedTextureMemoryDmaBufDescriptor& dma_buf,
                    WGPUSharedTextureMemory& memory) {
  WGPUSharedTextureMemoryDescriptor info = WGPU_SHARED_TEXTURE_MEMORY_DESCRIPTOR_INIT;
  info.nextInChain = &dma_buf.chain;
  return device.check("wgpuDeviceImportSharedTextureMemory",
                      [&] { memory = device.functions().wgpuDeviceImportSharedTextureMemory(device.handle(), &info); });
}

// Asked with a modifier that no driver has, of which Dawn speaks only after it has found the fourcc in its list.
bool knows_fourcc(const Device& device, std::uint32_t fourcc) {
  const WGPUSharedTextureMemoryDmaBufPlane plane{-1, 0, 256};
  WGPUSharedTextureMemoryDmaBufDescriptor dma_buf = WGPU_SHARED_TEXTURE_MEMORY_DMA_BUF_DESCRIPTOR_INIT;
  dma_buf.size = {1, 1, 1};
  dma_buf.drmFormat = fourcc;
  dma_buf.drmModifier = drm_modifier_invalid;
  dma_buf.planeCount = 1;
  dma_buf.planes = &plane;
  WGPUSharedTextureMemory memory = nullptr;
  const auto refused = import(device, dma_buf, memory);
  if (memory != nullptr) device.functions().wgpuSharedTextureMemoryRelease(memory);
  return !refused && refused.error().message().find("modifier") != std::string::npos;
}

}  // namespace

std::vector<DmaBufModifier> importable_modifiers(const Device& device, TextureFormat format) {
  const Functions& wgpu = device.functions();
  const std::uint32_t fourcc = format_info(format).drm_fourcc;
  if (fourcc == 0 || !device.has(WGPUFeatureName_SharedTextureMemoryDmaBuf) ||
      !wgpu.wgpuAdapterHasFeature(device.native().adapter, WGPUFeatureName_DawnDrmFormatCapabilities) ||
      !knows_fourcc(device, fourcc)) {
    return {};
  }
  WGPUDawnDrmFormatCapabilities listed = WGPU_DAWN_DRM_FORMAT_CAPABILITIES_INIT;
  WGPUDawnFormatCapabilities capabilities = WGPU_DAWN_FORMAT_CAPABILITIES_INIT;
  capabilities.nextInChain = &listed.chain;
  if (wgpu.wgpuAdapterGetFormatCapabilities(device.native().adapter, to_webgpu(format).native, &capabilities) !=
      WGPUStatus_Success) {
    return {};
  }
  std::vector<DmaBufModifier> modifiers;
  for (std::size_t i = 0; i < listed.propertiesCount; ++i) {
    const WGPUDawnDrmFormatProperties& row = listed.properties[i];
    if (row.modifierPlaneCount == 0 || row.modifierPlaneCount > most_planes) continue;
    modifiers.push_back({row.modifier, row.modifierPlaneCount});
  }
  wgpu.wgpuDawnDrmFormatCapabilitiesFreeMembers(listed);
  return modifiers;
}

Result<void> try_out_dma_buf(Device& device, const TextureDescriptor& descriptor, const MemoryLayout& layout,
                             VkImageUsageFlags usage, int buffer) {
  const WebGpuFormat format = to_webgpu(descriptor.format);
  const auto views = view_formats(format);
  const VkImageFormatListCreateInfo list{VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO, nullptr,
                                         views[1] != VK_FORMAT_UNDEFINED ? 2U : 1U, views.data()};
  std::array<VkSubresourceLayout, max_memory_planes> planes{};
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    planes[i].offset = layout.planes[i].offset;
    planes[i].rowPitch = layout.planes[i].stride;
  }
  const VkImageDrmFormatModifierExplicitCreateInfoEXT tiling{
      VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT, &list, layout.modifier, layout.plane_count,
      planes.data()};
  const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, &tiling,
                                                 VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
  const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               &external,
                               VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT,
                               VK_IMAGE_TYPE_2D,
                               format.vulkan,
                               {descriptor.extent.width, descriptor.extent.height, 1},
                               1,
                               1,
                               VK_SAMPLE_COUNT_1_BIT,
                               VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                               usage,
                               VK_SHARING_MODE_EXCLUSIVE,
                               0,
                               nullptr,
                               VK_IMAGE_LAYOUT_UNDEFINED};
  ForeignMemory memory;
  memory.descriptor = buffer;
  memory.size = layout.allocation_size;
  return device.system().scout.try_out(device.system().vulkan, info, memory);
}

Result<void> import_dma_buf(Device& device, const ApiTextureHandle& parcel, TextureUsage usages,
                            WGPUSharedTextureMemory& memory) {
  const auto found = platform::inspect_dma_bufs(parcel);
  if (!found) return fail(GeyserError(found.error()));
  if (found->count != 1) {
    return fail(ErrorCode::unsupported,
                text("The planes are in [", found->count, "] buffers; Dawn opens those of [1]."));
  }
  const TextureDescriptor& d = parcel.descriptor;
  const MemoryLayout& layout = found->layout;
  std::array<WGPUSharedTextureMemoryDmaBufPlane, max_memory_planes> planes{};
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    const MemoryPlane& plane = layout.planes[i];
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::uint32_t>::max());
    if (plane.stride > most) {
      return fail(ErrorCode::incompatible_layout, text("Field [layout.planes[", i, "].stride] is [", plane.stride,
                                                       "]; Dawn's numbers end at [", most, "]."));
    }
    // One number for all: to Dawn two numbers are two buffers.
    planes[i] = {static_cast<int>(parcel.handles[found->handle[0]].get()), plane.offset,
                 static_cast<std::uint32_t>(plane.stride)};
  }
  if (auto takes = try_out_dma_buf(device, d, layout, to_vulkan(usages), planes[0].fd); !takes) return takes;
  WGPUSharedTextureMemoryDmaBufDescriptor dma_buf = WGPU_SHARED_TEXTURE_MEMORY_DMA_BUF_DESCRIPTOR_INIT;
  dma_buf.size = {d.extent.width, d.extent.height, 1};
  dma_buf.drmFormat = format_info(d.format).drm_fourcc;
  dma_buf.drmModifier = layout.modifier;
  dma_buf.planeCount = layout.plane_count;
  dma_buf.planes = planes.data();
  return import(device, dma_buf, memory);
}

}  // namespace geyser::webgpu
