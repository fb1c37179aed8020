#include "d3d11/capabilities.hpp"

#include <bit>
#include <utility>

#include "common/text.hpp"
#include "d3d11/fence.hpp"
#include "d3d11/resource.hpp"
#include "dxgi/format.hpp"

namespace geyser::d3d11 {

using detail::text;

namespace {

constexpr DimensionSet flat =
    static_cast<DimensionSet>(dimension_bit(TextureDimension::two_d) | dimension_bit(TextureDimension::two_d_array) |
                              dimension_bit(TextureDimension::cube) | dimension_bit(TextureDimension::cube_array));

// What D3D11_FORMAT_SUPPORT says of one format.
struct Support {
  TextureUsage usages = TextureUsage::none;
  bool texture_2d = false, texture_3d = false, cube = false, mips = false;
};

Support ask(const Context& context, TextureFormat format) {
  UINT flags = 0;
  if (FAILED(context.device().CheckFormatSupport(dxgi::to_dxgi(format), &flags))) return {};
  const auto has = [&](UINT flag) { return (flags & flag) != 0; };
  Support support;
  support.texture_2d = has(D3D11_FORMAT_SUPPORT_TEXTURE2D);
  support.texture_3d = has(D3D11_FORMAT_SUPPORT_TEXTURE3D);
  support.cube = has(D3D11_FORMAT_SUPPORT_TEXTURECUBE);
  support.mips = has(D3D11_FORMAT_SUPPORT_MIP);
  support.usages = TextureUsage::transfer_source | TextureUsage::transfer_destination;
  if (has(D3D11_FORMAT_SUPPORT_SHADER_SAMPLE) || has(D3D11_FORMAT_SUPPORT_SHADER_LOAD)) {
    support.usages = support.usages | TextureUsage::sampled;
  }
  if (has(D3D11_FORMAT_SUPPORT_RENDER_TARGET)) support.usages = support.usages | TextureUsage::color_attachment;
  if (has(D3D11_FORMAT_SUPPORT_TYPED_UNORDERED_ACCESS_VIEW)) support.usages = support.usages | TextureUsage::storage;
  return support;
}

TextureCapability plain_row(const FormatInfo& info, const Support& support, HandleKind kind) {
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = kind;
  row.tiling = kind == HandleKind::host_memory ? Tiling::host : Tiling::opaque;
  row.memory_plane_count = kind == HandleKind::host_memory ? info.plane_count : 1;
  row.exportable = row.importable = true;
  row.requires_dedicated = kind != HandleKind::host_memory;
  row.usages = support.usages;
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.max_extent = {D3D11_REQ_TEXTURE2D_U_OR_V_DIMENSION, D3D11_REQ_TEXTURE2D_U_OR_V_DIMENSION, 1};
  row.requires_whole_blocks = info.is_compressed();
  return row;
}

void add_copied_rows(const FormatInfo& info, const Support& support, std::vector<TextureCapability>& rows) {
  TextureCapability row = plain_row(info, support, HandleKind::host_memory);
  if (!info.is_multi_planar()) {
    row.dimensions = support.cube ? flat
                                  : static_cast<DimensionSet>(dimension_bit(TextureDimension::two_d) |
                                                              dimension_bit(TextureDimension::two_d_array));
    row.max_array_layers = D3D11_REQ_TEXTURE2D_ARRAY_AXIS_DIMENSION;
    if (support.mips) row.max_mip_levels = D3D11_REQ_MIP_LEVELS;
  }
  rows.push_back(row);
  if (!support.texture_3d || info.is_multi_planar()) return;
  row.dimensions = dimension_bit(TextureDimension::three_d);
  row.max_extent = {D3D11_REQ_TEXTURE3D_U_V_OR_W_DIMENSION, D3D11_REQ_TEXTURE3D_U_V_OR_W_DIMENSION,
                    D3D11_REQ_TEXTURE3D_U_V_OR_W_DIMENSION};
  row.max_array_layers = 1;
  if (support.mips) {
    row.max_mip_levels = static_cast<std::uint32_t>(std::bit_width(unsigned{D3D11_REQ_TEXTURE3D_U_V_OR_W_DIMENSION}));
  }
  rows.push_back(row);
}

// A texture of that kind, shared by the device with itself.
Result<void> try_sharing(const Context& context, TextureDescriptor descriptor, Sharing sharing) {
  auto made = create_resource(context, descriptor, sharing);
  if (!made) return fail(std::move(made.error()));
  const HandleKind kind = sharing == Sharing::legacy ? HandleKind::d3d_kmt : HandleKind::d3d_nt;
  auto handle = share_resource(context, *made, kind);
  if (!handle) return fail(std::move(handle.error()));
  auto opened = open_resource(context, *handle);
  if (!opened) return fail(std::move(opened.error()));
  return check_resource(*opened, descriptor);
}

TextureDescriptor small(TextureFormat format, TextureUsage usages) {
  TextureDescriptor descriptor;
  descriptor.extent = {16, 16, 1};
  descriptor.format = format;
  descriptor.usage = usages;
  return descriptor;
}

// What one way of sharing does for the commonest format; what it does not do at all is told, with the reason.
struct Shape {
  bool works = false, mips = false, layers = false;
};

Shape probe_shape(const Context& context, Sharing sharing) {
  TextureDescriptor descriptor = small(TextureFormat::rgba8_unorm, ask(context, TextureFormat::rgba8_unorm).usages);
  Shape shape;
  if (auto works = try_sharing(context, descriptor, sharing); !works) {
    if (context.diagnostics()) {
      context.diagnostics()(
          std::move(works.error())
              .during(text("asking for textures shared by ", sharing == Sharing::legacy ? "number" : "NT handle",
                           ", which this device does without")));
    }
    return shape;
  }
  shape.works = true;
  descriptor.mip_levels = 2;
  shape.mips = bool(try_sharing(context, descriptor, sharing));
  descriptor.mip_levels = 1;
  descriptor.dimension = TextureDimension::two_d_array;
  descriptor.array_layers = 2;
  shape.layers = bool(try_sharing(context, descriptor, sharing));
  return shape;
}

void add_shared_row(const Context& context, const FormatInfo& info, const Support& support, Sharing sharing,
                    const Shape& shape, std::vector<TextureCapability>& rows) {
  const HandleKind kind = sharing == Sharing::legacy ? HandleKind::d3d_kmt : HandleKind::d3d_nt;
  TextureCapability row = plain_row(info, support, kind);
  // Where writing by shaders is what makes a format unshareable it is given up, not the format.
  if (!try_sharing(context, small(info.format, row.usages), sharing)) {
    row.usages = static_cast<TextureUsage>(static_cast<std::uint32_t>(row.usages) &
                                           ~static_cast<std::uint32_t>(TextureUsage::storage));
    if (row.usages == support.usages || !try_sharing(context, small(info.format, row.usages), sharing)) return;
  }
  if (!info.is_multi_planar()) {
    if (shape.layers) {
      row.dimensions = static_cast<DimensionSet>(row.dimensions | dimension_bit(TextureDimension::two_d_array));
      row.max_array_layers = D3D11_REQ_TEXTURE2D_ARRAY_AXIS_DIMENSION;
    }
    if (shape.mips && support.mips) row.max_mip_levels = D3D11_REQ_MIP_LEVELS;
  }
  rows.push_back(row);
}

}  // namespace

Capabilities probe_capabilities(const Context& context) {
  Capabilities capabilities;
  capabilities.api = Api::d3d11;
  capabilities.identity = context.identity();
  capabilities.fences = probe_fences(context);
  const Shape by_handle = probe_shape(context, Sharing::keyed_mutex);
  // Who agrees on fences shares without a mutex, which is another combination of flags.
  if (by_handle.works && capabilities.fences.front().kind == FenceKind::d3d12_fence &&
      !probe_shape(context, Sharing::fences).works) {
    capabilities.fences.erase(capabilities.fences.begin());
  }
  const Shape by_number = probe_shape(context, Sharing::legacy);
  for (const FormatInfo& info : all_formats()) {
    // Depth is left to Direct3D 12 and Vulkan: staging textures of it, and shared ones, are not for every device.
    if (dxgi::to_dxgi(info.format) == DXGI_FORMAT_UNKNOWN || info.has_depth || info.has_stencil) continue;
    const Support support = ask(context, info.format);
    if (!support.texture_2d) continue;
    if (by_handle.works) {
      add_shared_row(context, info, support, Sharing::keyed_mutex, by_handle, capabilities.textures);
    }
    if (by_number.works) {
      add_shared_row(context, info, support, Sharing::legacy, by_number, capabilities.textures);
    }
    add_copied_rows(info, support, capabilities.textures);
  }
  return capabilities;
}

}  // namespace geyser::d3d11
