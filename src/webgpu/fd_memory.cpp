#include <vulkan/vulkan_core.h>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/shared_memory.hpp"
#include "webgpu/dma_buf.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/external_memory.hpp"
#include "webgpu/fd_system.hpp"
#include "webgpu/format.hpp"
#include "webgpu/opaque_image.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

// One mip of one layer in two dimensions is what Dawn's shared memory holds. No depth or stencil: bringing such an
// image into the published layout would take a copy of all of it (WebGpuTexture::settle).
void add_opaque_row(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  const FormatInfo& info = format_info(row.format);
  if (info.has_depth || info.has_stencil || info.is_multi_planar()) return;
  const TextureDescriptor descriptor = smallest_texture(info);
  const VkImageUsageFlags usage = to_vulkan(row.usages);
  if (!OpaqueImage(descriptor, usage, 0).probe(device)) {
    if (!OpaqueImage(descriptor, usage, VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT).probe(device)) return;
    row.requires_mutable_format = true;
  }
  row.handle_kind = HandleKind::opaque_fd;
  row.tiling = Tiling::opaque;
  row.importable = true;
  row.max_extent = {device.limits().maxTextureDimension2D, device.limits().maxTextureDimension2D, 1};
  row.dimensions = dimension_bit(TextureDimension::two_d);
  rows.push_back(row);
}

// What Dawn lists, as far as the driver opens it as Dawn will ask it to.
void add_dma_buf_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  const VulkanDevice& vulkan = device.system().vulkan;
  if (!vulkan.has_value()) return;
  for (const DmaBufModifier& modifier : importable_modifiers(device, row.format)) {
    const auto largest = vulkan.largest_dma_buf(to_webgpu(row.format), to_vulkan(row.usages), modifier.modifier);
    if (!largest) continue;
    row.handle_kind = HandleKind::dma_buf;
    row.tiling = Tiling::drm_modifier;
    row.modifier = modifier.modifier;
    row.memory_plane_count = modifier.plane_count;
    row.importable = true;
    const std::uint32_t limit = device.limits().maxTextureDimension2D;
    row.max_extent = {std::min(largest->width, limit), std::min(largest->height, limit), 1};
    row.dimensions = dimension_bit(TextureDimension::two_d);
    rows.push_back(row);
  }
}

Result<void> import_opaque(Device& device, const ApiTextureHandle& parcel, WGPUSharedTextureMemory& memory) {
  const MemoryLayout& layout = parcel.layout;
  const OwnedHandle& handle = parcel.handles[0];
  // Drivers trust the size that they are told. Where the kernel knows the real one, it is compared.
  if (const auto size = platform::kernel_size(handle.get()); size && *size != 0 && *size < layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout, text("Field [layout.allocation_size] is [", layout.allocation_size,
                                                     "], but the handle's object has [", *size, "] bytes."));
  }
  if (layout.planes[0].offset != 0) {
    return fail(ErrorCode::unsupported,
                text("Field [planes.offset] is [", layout.planes[0].offset, "]; Dawn opens images at [0] only."));
  }
  const OpaqueImage image(parcel.descriptor, layout.vulkan_usage, layout.vulkan_create_flags);
  // lavapipe reads what memory a descriptor is of at the file offset. Dawn duplicates what it gets.
  auto tried = platform::duplicate_with_own_offset(handle);
  if (!tried) return fail(std::move(tried.error()));
  auto copy = platform::duplicate_with_own_offset(handle);
  if (!copy) return fail(std::move(copy.error()));
  if (auto takes = image.try_out(device, static_cast<int>(tried->get()), layout); !takes) return takes;
  return image.import(device, static_cast<int>(copy->get()), layout, memory);
}

}  // namespace

void add_shared_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  // Without one of Dawn's fences an access to shared memory cannot even end.
  if (!ends_accesses(device)) return;
  if (device.has(WGPUFeatureName_SharedTextureMemoryOpaqueFD) && device.identity().has_uuids) {
    add_opaque_row(device, row, rows);
  }
  add_dma_buf_rows(device, row, rows);
}

Result<void> import_memory(Device& device, const ApiTextureHandle& parcel, TextureUsage usages, ImportedMemory& out) {
  return parcel.kind == HandleKind::dma_buf ? import_dma_buf(device, parcel, usages, out.memory)
                                            : import_opaque(device, parcel, out.memory);
}

void with_begin_state(WGPUSharedTextureMemoryBeginAccessDescriptor& descriptor, const std::function<void()>& call) {
  WGPUSharedTextureMemoryVkImageLayoutBeginState layout = WGPU_SHARED_TEXTURE_MEMORY_VK_IMAGE_LAYOUT_BEGIN_STATE_INIT;
  layout.oldLayout = layout.newLayout = VK_IMAGE_LAYOUT_GENERAL;
  descriptor.nextInChain = &layout.chain;
  call();
}

Result<void> with_end_state(WGPUSharedTextureMemoryEndAccessState& state, const std::function<void()>& call) {
  WGPUSharedTextureMemoryVkImageLayoutEndState layout = WGPU_SHARED_TEXTURE_MEMORY_VK_IMAGE_LAYOUT_END_STATE_INIT;
  state.nextInChain = &layout.chain;
  call();
  state.nextInChain = nullptr;
  if (layout.newLayout == VK_IMAGE_LAYOUT_GENERAL) return {};
  return fail(ErrorCode::unsupported, text("Dawn gives the image back in Vulkan's layout [", layout.newLayout,
                                           "], not in [", static_cast<int>(VK_IMAGE_LAYOUT_GENERAL), "]."));
}

}  // namespace geyser::webgpu
