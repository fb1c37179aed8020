// Any descriptor, layout and capabilities: what validate() accepts must lie inside its allocation, and what
// negotiate() agrees on must be a row of both ends.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <geyser/layout.hpp>
#include <geyser/negotiate.hpp>

namespace {

using geyser::Capabilities;
using geyser::MemoryLayout;
using geyser::TextureCapability;
using geyser::TextureDescriptor;

void require(bool holds) {
  if (!holds) std::abort();
}

TextureDescriptor make_descriptor(FuzzedDataProvider& data) {
  TextureDescriptor d;
  // Mostly small numbers, so that many descriptors are valid.
  const auto number = [&](std::uint32_t usual) {
    return data.ConsumeProbability<float>() < 0.9F ? data.ConsumeIntegralInRange<std::uint32_t>(0, usual)
                                                   : data.ConsumeIntegral<std::uint32_t>();
  };
  d.dimension = static_cast<geyser::TextureDimension>(data.ConsumeIntegralInRange(0, 5));
  d.extent = {number(300), number(300), d.dimension == geyser::TextureDimension::three_d ? number(40) : 1U};
  d.mip_levels = number(9);
  d.array_layers = data.ConsumeBool() ? 1U : number(12);
  d.samples = data.ConsumeBool() ? 1U : number(8);
  d.format = static_cast<geyser::TextureFormat>(data.ConsumeIntegralInRange(0, 130));
  d.usage = static_cast<geyser::TextureUsage>(data.ConsumeIntegralInRange(0, 70));
  return d;
}

MemoryLayout make_layout(FuzzedDataProvider& data, const TextureDescriptor& d) {
  MemoryLayout layout;
  if (data.ConsumeBool()) layout = geyser::host_layout(d);
  if (data.ConsumeBool()) layout.tiling = static_cast<geyser::Tiling>(data.ConsumeIntegralInRange(0, 5));
  if (data.ConsumeBool()) layout.modifier = data.ConsumeBool() ? 0 : data.ConsumeIntegral<std::uint64_t>();
  if (data.ConsumeBool()) layout.allocation_size = data.ConsumeIntegral<std::uint64_t>();
  if (data.ConsumeBool()) layout.plane_count = data.ConsumeIntegralInRange<std::uint32_t>(0, 6);
  for (geyser::MemoryPlane& plane : layout.planes) {
    if (data.ConsumeBool()) continue;
    plane = {data.ConsumeIntegralInRange<std::uint32_t>(0, 5), data.ConsumeIntegral<std::uint64_t>(),
             data.ConsumeIntegral<std::uint64_t>()};
  }
  return layout;
}

void check_layout(const TextureDescriptor& d, const MemoryLayout& layout, std::uint32_t handles) {
  if (!validate(layout, d, handles)) return;
  require(layout.plane_count >= 1 && layout.plane_count <= geyser::max_memory_planes);
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    require(layout.planes[i].handle_index < handles);
    const bool linear = layout.tiling == geyser::Tiling::host || layout.tiling == geyser::Tiling::linear ||
                        (layout.tiling == geyser::Tiling::drm_modifier && layout.modifier == 0);
    if (!linear || layout.planes[i].handle_index != 0) continue;
    // The last row's first byte, in numbers that cannot wrap.
    const geyser::FormatInfo& info = geyser::format_info(d.format);
    const std::uint32_t plane = i < info.plane_count ? i : 0;
    const auto rows = (geyser::mip_extent(d, 0, plane).height + info.block_height - 1U) / info.block_height;
    const auto last = static_cast<unsigned __int128>(layout.planes[i].stride) * (rows - 1) + layout.planes[i].offset;
    require(last < layout.allocation_size);
  }
}

Capabilities make_capabilities(FuzzedDataProvider& data) {
  Capabilities capabilities;
  capabilities.identity.has_uuids = true;
  capabilities.identity.device_uuid[0] = data.ConsumeIntegralInRange<std::uint8_t>(0, 1);
  const auto rows = data.ConsumeIntegralInRange(0, 5);
  for (int i = 0; i < rows; ++i) {
    TextureCapability row;
    row.format = static_cast<geyser::TextureFormat>(data.ConsumeIntegralInRange(0, 12));
    row.handle_kind = static_cast<geyser::HandleKind>(data.ConsumeIntegralInRange(0, 4));
    row.tiling = static_cast<geyser::Tiling>(data.ConsumeIntegralInRange(0, 4));
    row.modifier = data.ConsumeIntegralInRange<std::uint64_t>(0, 2);
    row.exportable = data.ConsumeBool();
    row.importable = data.ConsumeBool();
    row.usages = geyser::all_texture_usages;
    row.dimensions = 31;
    row.max_extent = {512, 512, 512};
    row.max_mip_levels = data.ConsumeIntegralInRange<std::uint32_t>(0, 12);
    row.max_array_layers = 16;
    row.sample_counts = data.ConsumeIntegral<std::uint8_t>();
    capabilities.textures.push_back(row);
  }
  for (int kind = 0; kind < 6; ++kind) {
    if (data.ConsumeBool()) continue;
    capabilities.fences.push_back({static_cast<geyser::FenceKind>(kind), data.ConsumeBool(), data.ConsumeBool(), true});
  }
  return capabilities;
}

bool has_row(const Capabilities& side, const geyser::Agreement& agreement, geyser::TextureFormat format, bool make) {
  return std::any_of(side.textures.begin(), side.textures.end(), [&](const TextureCapability& row) {
    return row.format == format && row.handle_kind == agreement.handle_kind && (make ? row.exportable : row.importable);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const TextureDescriptor d = make_descriptor(data);
  const bool valid = validate(d).has_value();
  if (valid && d.samples == 1) {
    const geyser::FormatInfo& info = geyser::format_info(d.format);
    const std::uint64_t total = geyser::host_size(d);
    for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
      const auto last = geyser::host_subresource(d, plane, d.array_layers - 1, d.mip_levels - 1);
      require(last.offset < total && last.slice_stride * last.slices <= total - last.offset);
    }
    require(validate(geyser::host_layout(d), d, 1).has_value());
    check_layout(d, make_layout(data, d), data.ConsumeIntegralInRange<std::uint32_t>(0, 5));
  }
  const Capabilities exporter = make_capabilities(data);
  const Capabilities importer = make_capabilities(data);
  const auto agreement = negotiate(d, exporter, importer);
  if (!agreement) return 0;
  require(valid);
  require(has_row(exporter, *agreement, d.format, true) && has_row(importer, *agreement, d.format, false));
  return 0;
}
