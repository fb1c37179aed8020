#include "webgpu/capabilities.hpp"

#include <algorithm>
#include <bit>

#include "webgpu/dma_buf.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/format.hpp"
#include "webgpu/opaque_image.hpp"
#include "webgpu/staging.hpp"

namespace geyser::webgpu {

namespace {

constexpr TextureUsage transfers = TextureUsage::transfer_source | TextureUsage::transfer_destination;

// One block: WebGPU wants whole ones.
TextureDescriptor smallest(const FormatInfo& info, TextureDimension dimension = TextureDimension::two_d) {
  TextureDescriptor descriptor;
  descriptor.dimension = dimension;
  descriptor.format = info.format;
  descriptor.extent = {info.block_width, info.block_height, 1};
  return descriptor;
}

// Asked by doing: what WebGPU lets a texture be depends on the format, the device's features and Dawn's version.
bool can_make(const Device& device, const TextureDescriptor& descriptor, TextureUsage usages) {
  WGPUTextureDescriptor info = WGPU_TEXTURE_DESCRIPTOR_INIT;
  info.usage = to_webgpu(usages);
  info.dimension = dimension_of(descriptor.dimension);
  info.size = size_of(descriptor);
  info.format = to_webgpu(descriptor.format).native;
  WGPUTexture texture = nullptr;
  const auto made = device.check("wgpuDeviceCreateTexture",
                                 [&] { texture = device.functions().wgpuDeviceCreateTexture(device.handle(), &info); });
  if (texture != nullptr) device.functions().wgpuTextureRelease(texture);
  return made.has_value();
}

TextureUsage usages_of(const Device& device, const FormatInfo& info) {
  // Dawn makes no texture of several planes without further features, and lets nobody write one that it opened.
  if (info.is_multi_planar()) {
    return device.has(WGPUFeatureName_DawnMultiPlanarFormats) ? TextureUsage::sampled | TextureUsage::transfer_source
                                                              : TextureUsage::none;
  }
  const TextureDescriptor descriptor = smallest(info);
  TextureUsage usages = TextureUsage::sampled | transfers;
  if (!can_make(device, descriptor, usages)) return TextureUsage::none;
  const TextureUsage attachment =
      info.has_depth || info.has_stencil ? TextureUsage::depth_stencil_attachment : TextureUsage::color_attachment;
  for (const TextureUsage further : {attachment, TextureUsage::storage}) {
    if (can_make(device, descriptor, usages | further)) usages = usages | further;
  }
  return usages;
}

void add_copied_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  const WGPULimits& limits = device.limits();
  row.handle_kind = HandleKind::host_memory;
  row.tiling = Tiling::host;
  row.exportable = row.importable = true;
  row.max_extent = {limits.maxTextureDimension2D, limits.maxTextureDimension2D, 1};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(limits.maxTextureDimension2D));
  row.max_array_layers = limits.maxTextureArrayLayers;
  row.dimensions =
      static_cast<DimensionSet>(dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::two_d_array) |
                                dimension_bit(TextureDimension::cube) | dimension_bit(TextureDimension::cube_array));
  rows.push_back(row);
  if (!can_make(device, smallest(format_info(row.format), TextureDimension::three_d), row.usages)) return;
  row.max_extent = {limits.maxTextureDimension3D, limits.maxTextureDimension3D, limits.maxTextureDimension3D};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(limits.maxTextureDimension3D));
  row.max_array_layers = 1;
  row.dimensions = dimension_bit(TextureDimension::three_d);
  rows.push_back(row);
}

// One mip of one layer in two dimensions is what Dawn's shared memory holds. No depth or stencil: bringing such an
// image into the published layout would take a copy of all of it (WebGpuTexture::settle).
void add_opaque_row(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  const FormatInfo& info = format_info(row.format);
  if (info.has_depth || info.has_stencil || info.is_multi_planar()) return;
  const TextureDescriptor descriptor = smallest(info);
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
  if (!device.vulkan_device().has_value()) return;
  for (const DmaBufModifier& modifier : importable_modifiers(device, row.format)) {
    const auto largest =
        device.vulkan_device().largest_dma_buf(to_webgpu(row.format), to_vulkan(row.usages), modifier.modifier);
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

}  // namespace

Capabilities probe_capabilities(const Device& device) {
  Capabilities capabilities;
  capabilities.api = Api::webgpu;
  capabilities.identity = device.identity();
  capabilities.fences = fence_capabilities(device);
  // Without one of Dawn's fences an access to shared memory cannot even end.
  const bool ends = device.end_of_access() != EndOfAccess::none;
  const bool opaque = ends && device.has(WGPUFeatureName_SharedTextureMemoryOpaqueFD) && device.identity().has_uuids;
  for (const FormatInfo& info : all_formats()) {
    if (to_webgpu(info.format).native == WGPUTextureFormat_Undefined) continue;
    TextureCapability row;
    row.format = info.format;
    row.requires_whole_blocks = info.is_compressed() && !device.has(WGPUFeatureName_TextureCompressionUnaligned);
    row.usages = usages_of(device, info);
    if (row.usages == TextureUsage::none) continue;
    if (opaque) add_opaque_row(device, row, capabilities.textures);
    if (ends) add_dma_buf_rows(device, row, capabilities.textures);
    if (Staging::can_copy(info.format)) add_copied_rows(device, row, capabilities.textures);
  }
  return capabilities;
}

}  // namespace geyser::webgpu
