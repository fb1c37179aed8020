#include "webgpu/capabilities.hpp"

#include <algorithm>
#include <bit>

#include "webgpu/external_fence.hpp"
#include "webgpu/external_memory.hpp"
#include "webgpu/format.hpp"
#include "webgpu/staging.hpp"

namespace geyser::webgpu {

namespace {

constexpr TextureUsage transfers = TextureUsage::transfer_source | TextureUsage::transfer_destination;

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
  const TextureDescriptor descriptor = smallest_texture(info);
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
  TextureDescriptor volume = smallest_texture(format_info(row.format));
  volume.dimension = TextureDimension::three_d;
  if (!can_make(device, volume, row.usages)) return;
  row.max_extent = {limits.maxTextureDimension3D, limits.maxTextureDimension3D, limits.maxTextureDimension3D};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(limits.maxTextureDimension3D));
  row.max_array_layers = 1;
  row.dimensions = dimension_bit(TextureDimension::three_d);
  rows.push_back(row);
}

}  // namespace

Capabilities probe_capabilities(const Device& device) {
  Capabilities capabilities;
  capabilities.api = Api::webgpu;
  capabilities.identity = device.identity();
  capabilities.fences = fence_capabilities(device);
  for (const FormatInfo& info : all_formats()) {
    if (to_webgpu(info.format).native == WGPUTextureFormat_Undefined) continue;
    TextureCapability row;
    row.format = info.format;
    row.requires_whole_blocks = info.is_compressed() && !device.has(WGPUFeatureName_TextureCompressionUnaligned);
    row.usages = usages_of(device, info);
    if (row.usages == TextureUsage::none) continue;
    add_shared_rows(device, row, capabilities.textures);
    if (Staging::can_copy(info.format)) add_copied_rows(device, row, capabilities.textures);
  }
  return capabilities;
}

}  // namespace geyser::webgpu
