#include "d3d12/capabilities.hpp"

#include <bit>
#include <optional>
#include <utility>

#include "d3d12/fence.hpp"
#include "d3d12/resource.hpp"
#include "dxgi/format.hpp"

namespace geyser::d3d12 {

namespace {

std::optional<D3D12_FEATURE_DATA_FORMAT_SUPPORT> support_of(const Context& context, TextureFormat format) {
  D3D12_FEATURE_DATA_FORMAT_SUPPORT support{dxgi::to_dxgi(format), D3D12_FORMAT_SUPPORT1_NONE,
                                            D3D12_FORMAT_SUPPORT2_NONE};
  if (support.Format == DXGI_FORMAT_UNKNOWN) return std::nullopt;
  if (context.device().CheckFeatureSupport(D3D12_FEATURE_FORMAT_SUPPORT, &support, sizeof(support)) != S_OK) {
    return std::nullopt;
  }
  return support;
}

TextureUsage usages_of(const D3D12_FEATURE_DATA_FORMAT_SUPPORT& support) {
  TextureUsage usages = TextureUsage::transfer_source | TextureUsage::transfer_destination;
  const auto has = [&](D3D12_FORMAT_SUPPORT1 flag) { return (support.Support1 & flag) != 0; };
  if (has(D3D12_FORMAT_SUPPORT1_SHADER_SAMPLE) || has(D3D12_FORMAT_SUPPORT1_SHADER_LOAD)) {
    usages = usages | TextureUsage::sampled;
  }
  if (has(D3D12_FORMAT_SUPPORT1_RENDER_TARGET)) usages = usages | TextureUsage::color_attachment;
  if (has(D3D12_FORMAT_SUPPORT1_TYPED_UNORDERED_ACCESS_VIEW) &&
      (support.Support2 & D3D12_FORMAT_SUPPORT2_UAV_TYPED_STORE) != 0) {
    usages = usages | TextureUsage::storage;
  }
  return usages;
}

void add_rows(TextureCapability row, const FormatInfo& info, const D3D12_FEATURE_DATA_FORMAT_SUPPORT& support,
              std::vector<TextureCapability>& rows) {
  const auto levels = [&](std::uint32_t extent) {
    return (support.Support1 & D3D12_FORMAT_SUPPORT1_MIP) != 0 ? static_cast<std::uint32_t>(std::bit_width(extent))
                                                               : 1U;
  };
  if ((support.Support1 & D3D12_FORMAT_SUPPORT1_TEXTURE2D) != 0) {
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent = {D3D12_REQ_TEXTURE2D_U_OR_V_DIMENSION, D3D12_REQ_TEXTURE2D_U_OR_V_DIMENSION, 1};
    row.max_mip_levels = info.is_multi_planar() ? 1 : levels(D3D12_REQ_TEXTURE2D_U_OR_V_DIMENSION);
    if (!info.is_multi_planar()) {
      row.max_array_layers = D3D12_REQ_TEXTURE2D_ARRAY_AXIS_DIMENSION;
      row.dimensions |= dimension_bit(TextureDimension::two_d_array);
      if ((support.Support1 & D3D12_FORMAT_SUPPORT1_TEXTURECUBE) != 0) {
        row.dimensions = static_cast<DimensionSet>(row.dimensions | dimension_bit(TextureDimension::cube) |
                                                   dimension_bit(TextureDimension::cube_array));
      }
    }
    rows.push_back(row);
  }
  if ((support.Support1 & D3D12_FORMAT_SUPPORT1_TEXTURE3D) != 0) {
    row.dimensions = dimension_bit(TextureDimension::three_d);
    row.max_extent = {D3D12_REQ_TEXTURE3D_U_V_OR_W_DIMENSION, D3D12_REQ_TEXTURE3D_U_V_OR_W_DIMENSION,
                      D3D12_REQ_TEXTURE3D_U_V_OR_W_DIMENSION};
    row.max_mip_levels = levels(D3D12_REQ_TEXTURE3D_U_V_OR_W_DIMENSION);
    row.max_array_layers = 1;
    rows.push_back(row);
  }
}

// A device may have every call and refuse them all (Wine): one small texture tells.
Result<void> try_texture(const Context& context) {
  TextureDescriptor descriptor;
  descriptor.extent = {4, 4, 1};
  auto resource = create_resource(context, descriptor, true);
  if (!resource) return fail(std::move(resource.error()));
  auto handle = export_object(context, *resource->get());
  if (!handle) return fail(std::move(handle.error()));
  return {};
}

bool report(const Context& context, const Result<void>& tried, const char* what) {
  if (!tried && context.diagnostics()) context.diagnostics()(GeyserError(tried.error()).during(what));
  return tried.has_value();
}

}  // namespace

Capabilities probe_capabilities(const Context& context) {
  Capabilities capabilities;
  capabilities.api = Api::d3d12;
  capabilities.identity = context.identity();
  const bool shares = report(context, try_texture(context), "finding out whether the device shares textures");
  if (report(context, try_fence(context), "finding out whether the device shares fences")) {
    capabilities.fences.push_back({FenceKind::d3d12_fence, true, true, true});
  }
  capabilities.fences.push_back({FenceKind::host_timeline, true, true, false});
  for (const FormatInfo& info : all_formats()) {
    if (info.has_depth || info.has_stencil) continue;
    const auto support = support_of(context, info.format);
    if (!support) continue;
    TextureCapability row;
    row.format = info.format;
    row.usages = usages_of(*support);
    row.exportable = row.importable = true;
    row.requires_whole_blocks = info.is_compressed();
    if (shares) {
      row.handle_kind = HandleKind::d3d_nt;
      row.tiling = Tiling::opaque;
      add_rows(row, info, *support, capabilities.textures);
    }
    row.handle_kind = HandleKind::host_memory;
    row.tiling = Tiling::host;
    row.memory_plane_count = info.plane_count;
    add_rows(row, info, *support, capabilities.textures);
  }
  return capabilities;
}

}  // namespace geyser::d3d12
