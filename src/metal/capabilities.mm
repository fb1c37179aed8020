#include "metal/capabilities.hpp"

#include <bit>

#include "metal/fence.hpp"
#include "metal/format.hpp"
#include "surface/format.hpp"

namespace geyser::metal {

namespace {

// "Metal Feature Set Tables": 16384 texels for 2D from Apple3 and Mac2 on, 2048 for 3D, 2048 layers.
constexpr std::uint32_t max_2d = 16384;
constexpr std::uint32_t max_3d = 2048;
constexpr std::uint32_t max_layers = 2048;

bool has(const Context& context, const MetalFormat& format) {
  switch (format.needs) {
    case Needs::nothing:
      break;
    case Needs::apple_gpu:
      return [context.device() supportsFamily:MTLGPUFamilyApple2];
    case Needs::block_compression:
      return context.device().supportsBCTextureCompression;
  }
  return true;
}

TextureUsage usages_of(const FormatInfo& info) {
  TextureUsage usages = TextureUsage::sampled | TextureUsage::transfer_source | TextureUsage::transfer_destination;
  if (info.is_compressed()) return usages;
  if (info.has_depth) return usages | TextureUsage::depth_stencil_attachment;
  // Of Mac2's formats only rgb9e5 is not rendered to, and srgb and packed ones are not written by shaders.
  if (info.format != TextureFormat::rgb9e5_float) usages = usages | TextureUsage::color_attachment;
  if (!info.is_srgb() && info.format != TextureFormat::rgb9e5_float && info.format != TextureFormat::rgb565_unorm) {
    usages = usages | TextureUsage::storage;
  }
  return usages;
}

TextureCapability plain_row(const FormatInfo& info, HandleKind kind, Tiling tiling) {
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = kind;
  row.tiling = tiling;
  row.memory_plane_count = info.plane_count;
  row.exportable = row.importable = true;
  row.usages = usages_of(info);
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.max_extent = {max_2d, max_2d, 1};
  return row;
}

// Every shape: one row for what is flat, one for volumes, whose limits are others.
void add_shapes(TextureCapability row, bool volumes, std::vector<TextureCapability>& rows) {
  row.dimensions =
      static_cast<DimensionSet>(dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::two_d_array) |
                                dimension_bit(TextureDimension::cube) | dimension_bit(TextureDimension::cube_array));
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(max_2d));
  row.max_array_layers = max_layers;
  rows.push_back(row);
  if (!volumes) return;
  row.dimensions = dimension_bit(TextureDimension::three_d);
  row.max_extent = {max_3d, max_3d, max_3d};
  row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(max_3d));
  row.max_array_layers = 1;
  rows.push_back(row);
}

}  // namespace

Capabilities probe_capabilities(const Context& context) {
  Capabilities capabilities;
  capabilities.api = Api::metal;
  capabilities.identity = context.identity();
  capabilities.fences = fence_capabilities();
  for (const FormatInfo& info : all_formats()) {
    const MetalFormat* format = find_format(info.format);
    if (format == nullptr || !has(context, *format)) continue;
    if (surface::has_surfaces(info.format)) {
      capabilities.textures.push_back(plain_row(info, HandleKind::io_surface, Tiling::linear));
    }
    if (!info.is_multi_planar()) {
      // Compressed volumes are Apple's GPUs' only, and depth has none.
      const bool volumes = !info.is_compressed() && !info.has_depth;
      add_shapes(plain_row(info, HandleKind::metal_shared_texture, Tiling::opaque), volumes, capabilities.textures);
      if (!info.is_compressed() && !info.has_depth) {
        TextureCapability row = plain_row(info, HandleKind::host_memory, Tiling::linear);
        const auto pixel_format = static_cast<MTLPixelFormat>(format->pixel_formats[0]);
        row.row_alignment =
            static_cast<std::uint32_t>([context.device() minimumLinearTextureAlignmentForPixelFormat:pixel_format]);
        capabilities.textures.push_back(row);
      }
      add_shapes(plain_row(info, HandleKind::host_memory, Tiling::host), volumes, capabilities.textures);
    } else {
      capabilities.textures.push_back(plain_row(info, HandleKind::host_memory, Tiling::host));
    }
  }
  return capabilities;
}

}  // namespace geyser::metal
