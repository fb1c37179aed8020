#include <geyser/layout.hpp>

#include <array>

#include "common/text.hpp"

namespace geyser {

using detail::text;

std::string_view to_string(Tiling tiling) noexcept {
  static constexpr std::array<std::string_view, 4> names{"opaque", "linear", "drm_modifier", "host"};
  const auto index = static_cast<std::size_t>(tiling);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

MemoryLayout host_linear_layout(const TextureDescriptor& descriptor, std::uint32_t row_alignment) noexcept {
  const auto round_up = [](std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; };
  const HostSubresource packed = host_subresource(descriptor, 0, 0, 0);
  MemoryLayout layout;
  layout.tiling = Tiling::linear;
  layout.plane_count = 1;
  layout.planes[0].stride = round_up(packed.row_bytes, row_alignment != 0 ? row_alignment : 1);
  layout.allocation_size = round_up(layout.planes[0].stride * packed.rows, 4096);
  return layout;
}

HostSubresource host_subresource(const TextureDescriptor& descriptor, const MemoryLayout& layout, std::uint32_t plane,
                                 std::uint32_t layer, std::uint32_t mip_level) noexcept {
  HostSubresource where = host_subresource(descriptor, plane, layer, mip_level);
  if (layout.tiling != Tiling::linear) return where;
  where.offset = layout.planes[0].offset;
  where.row_stride = layout.planes[0].stride;
  where.slice_stride = where.row_stride * where.rows;
  return where;
}

namespace {

tl::unexpected<GeyserError> wrong(std::string sentence) {
  return fail(ErrorCode::incompatible_layout, std::move(sentence));
}

// Bytes that mip 0 of a plane needs from its offset on, when its rows are `stride` apart. Widths and heights are
// validated, so only `stride` can be absurd.
bool plane_fits(const MemoryPlane& plane, std::uint64_t row_bytes, std::uint64_t rows, std::uint64_t size) {
  if (plane.offset >= size) return false;
  const std::uint64_t room = size - plane.offset;
  if (row_bytes > room) return false;
  return rows <= 1 || plane.stride <= (room - row_bytes) / (rows - 1);
}

Result<void> check_plane(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t index) {
  const MemoryPlane& plane = layout.planes[index];
  const FormatInfo& info = format_info(d.format);
  const std::uint32_t format_plane = index < info.plane_count ? index : 0;
  const Extent3D extent = mip_extent(d, 0, format_plane);
  const std::uint64_t columns = (extent.width + info.block_width - 1U) / info.block_width;
  const std::uint64_t rows = (extent.height + info.block_height - 1U) / info.block_height;
  const std::uint64_t row_bytes = columns * info.planes[format_plane].block_bytes;
  // A modifier may add planes of its own (compression data) and may tile: only linear rows have to hold a row.
  const bool linear = layout.tiling != Tiling::drm_modifier || layout.modifier == drm_modifier_linear;
  if (linear && plane.stride < row_bytes) {
    return wrong(text("Field [layout.planes[", index, "].stride] is [", plane.stride, "], less than a row of [",
                      row_bytes, "] bytes."));
  }
  // Only handle 0's size is known here; the importer asks the kernel for the others'.
  if (plane.handle_index != 0) return {};
  const bool fits = linear ? plane_fits(plane, row_bytes, rows * extent.depth, layout.allocation_size)
                           : plane.offset < layout.allocation_size;
  if (!fits) {
    return wrong(text("Field [layout.planes[", index, "]] (offset [", plane.offset, "], stride [", plane.stride,
                      "]) runs over the allocation of [", layout.allocation_size, "] bytes."));
  }
  return {};
}

}  // namespace

Result<void> validate(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t handle_count) {
  if (static_cast<std::uint32_t>(layout.tiling) > static_cast<std::uint32_t>(Tiling::host)) {
    return wrong(
        text("Field [layout.tiling] is [", static_cast<std::uint32_t>(layout.tiling), "], which is no tiling."));
  }
  if (layout.plane_count == 0 || layout.plane_count > max_memory_planes) {
    return wrong(
        text("Field [layout.plane_count] is [", layout.plane_count, "], outside [1] to [", max_memory_planes, "]."));
  }
  if (handle_count == 0 || handle_count > max_memory_planes) {
    return wrong(text("The parcel has [", handle_count, "] handles, outside [1] to [", max_memory_planes, "]."));
  }
  if (layout.allocation_size == 0) return wrong("Field [layout.allocation_size] is [0].");
  const FormatInfo& info = format_info(d.format);
  const bool explicit_planes = layout.tiling != Tiling::opaque;
  if (explicit_planes && layout.plane_count < info.plane_count) {
    return wrong(text("Field [layout.plane_count] is [", layout.plane_count, "], but format [", info.name, "] has [",
                      static_cast<std::uint32_t>(info.plane_count), "] planes."));
  }
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    if (layout.planes[i].handle_index >= handle_count) {
      return wrong(text("Field [layout.planes[", i, "].handle_index] is [", layout.planes[i].handle_index,
                        "], but the parcel has [", handle_count, "] handles."));
    }
    if (!explicit_planes) continue;
    if (auto r = check_plane(layout, d, i); !r) return r;
  }
  if (layout.tiling == Tiling::drm_modifier && layout.modifier == drm_modifier_invalid) {
    return wrong("Field [layout.modifier] is INVALID, which names no layout.");
  }
  if (layout.tiling == Tiling::host && layout.allocation_size < host_size(d)) {
    return wrong(text("Field [layout.allocation_size] is [", layout.allocation_size, "], but the texture needs [",
                      host_size(d), "] bytes."));
  }
  return {};
}

}  // namespace geyser
