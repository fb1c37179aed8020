#include "common/capability_check.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace geyser::detail {

std::string missing_in(const TextureCapability& row, const TextureDescriptor& d, Direction direction) {
  if (direction == Direction::make && !row.exportable) return "it cannot be exported";
  if (direction == Direction::take && !row.importable) return "it cannot be imported";
  if ((row.dimensions & dimension_bit(d.dimension)) == 0) {
    return text("dimension [", to_string(d.dimension), "] is missing");
  }
  if (!contains(row.usages, d.usage)) {
    const auto lacking =
        static_cast<TextureUsage>(static_cast<std::uint32_t>(d.usage) & ~static_cast<std::uint32_t>(row.usages));
    return text("usage [", to_string(lacking), "] is missing");
  }
  const Extent3D& limit = row.max_extent;
  if (d.extent.width > limit.width || d.extent.height > limit.height || d.extent.depth > limit.depth) {
    return text("the extent is over [", limit.width, "x", limit.height, "x", limit.depth, "]");
  }
  const FormatInfo& info = format_info(d.format);
  if (row.requires_whole_blocks &&
      (d.extent.width % info.block_width != 0 || d.extent.height % info.block_height != 0)) {
    return text("the extent is not of whole blocks of [", static_cast<unsigned>(info.block_width), "x",
                static_cast<unsigned>(info.block_height), "] texels");
  }
  if (d.mip_levels > row.max_mip_levels) return text("at most [", row.max_mip_levels, "] mip levels are possible");
  if (d.array_layers > row.max_array_layers) return text("at most [", row.max_array_layers, "] layers are possible");
  if ((row.sample_counts & d.samples) == 0) return text("[", d.samples, "] samples are not possible");
  return {};
}

Tiling usual_tiling(HandleKind kind) noexcept {
  if (kind == HandleKind::host_memory) return Tiling::host;
  if (kind == HandleKind::io_surface) return Tiling::linear;
  return kind == HandleKind::dma_buf ? Tiling::drm_modifier : Tiling::opaque;
}

Result<const TextureCapability*> find_row(const Capabilities& capabilities, const TextureDescriptor& descriptor,
                                          HandleKind kind, Tiling tiling, Direction direction) {
  std::string reason;
  std::vector<HandleKind> working;
  for (const TextureCapability& row : capabilities.textures) {
    if (row.format != descriptor.format) continue;
    std::string missing = missing_in(row, descriptor, direction);
    const bool meant = row.handle_kind == kind && row.tiling == tiling;
    if (meant && missing.empty()) return &row;
    // Not what an allocator's rows, which go the other way, have to say of it.
    const bool directed = direction == Direction::make ? row.exportable : row.importable;
    const bool nearer = directed && (row.dimensions & dimension_bit(descriptor.dimension)) != 0;
    if (meant && (reason.empty() || nearer)) {
      reason = std::move(missing);
    } else if (missing.empty() && (working.empty() || working.back() != row.handle_kind)) {
      working.push_back(row.handle_kind);
    }
  }
  if (reason.empty()) reason = "the device has no such sharing";
  GeyserError error(ErrorCode::unsupported,
                    text("API [", to_string(capabilities.api), "] on [", capabilities.identity.device_name,
                         "] cannot share format [", to_string(descriptor.format), "] as [", to_string(kind),
                         tiling == Tiling::linear ? " linear" : "", "]: ", reason, "."));
  for (const HandleKind other : working) error.suggest(text("handle kind [", to_string(other), "]"));
  return fail(std::move(error));
}

Result<const TextureCapability*> find_row(const Capabilities& capabilities, const ApiTextureHandle& parcel) {
  const bool rows = (parcel.kind == HandleKind::host_memory || parcel.kind == HandleKind::opaque_fd) &&
                    parcel.layout.tiling == Tiling::linear;
  const Tiling tiling = rows ? Tiling::linear : usual_tiling(parcel.kind);
  auto any = find_row(capabilities, parcel.descriptor, parcel.kind, tiling, Direction::take);
  if (!any) return any;
  if ((*any)->tiling != parcel.layout.tiling) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.tiling] is [", to_string(parcel.layout.tiling), "], but handle kind [",
                     to_string(parcel.kind), "] has [", to_string((*any)->tiling), "] here."));
  }
  if (parcel.layout.tiling != Tiling::drm_modifier) return any;
  GeyserError unknown(ErrorCode::incompatible_layout,
                      text("Field [layout.modifier] is [", parcel.layout.modifier, "], which format [",
                           to_string(parcel.descriptor.format), "] does not have here."));
  for (const TextureCapability& row : capabilities.textures) {
    if (row.format != parcel.descriptor.format || row.handle_kind != parcel.kind ||
        !missing_in(row, parcel.descriptor, Direction::take).empty()) {
      continue;
    }
    if (row.modifier != parcel.layout.modifier) {
      unknown.suggest(text("modifier [", row.modifier, "]"));
    } else if (row.memory_plane_count != parcel.layout.plane_count) {
      return fail(ErrorCode::incompatible_layout,
                  text("Field [layout.plane_count] is [", parcel.layout.plane_count, "], but modifier [", row.modifier,
                       "] has [", row.memory_plane_count, "] memory planes here."));
    } else {
      return &row;
    }
  }
  return fail(std::move(unknown));
}

bool can_be_disjoint(const Capabilities& capabilities, const TextureDescriptor& descriptor, HandleKind kind) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [&](const TextureCapability& row) {
    return row.format == descriptor.format && row.handle_kind == kind && row.disjoint &&
           missing_in(row, descriptor, Direction::make).empty();
  });
}

}  // namespace geyser::detail
