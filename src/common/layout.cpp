#include <geyser/layout.hpp>

#include <array>
#include <span>

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
  const bool rows = layout.tiling == Tiling::linear ||
                    (layout.tiling == Tiling::drm_modifier && layout.modifier == drm_modifier_linear);
  if (!rows || plane >= layout.planes.size()) return where;
  where.offset = layout.planes[plane].offset;
  where.row_stride = layout.planes[plane].stride;
  where.slice_stride = where.row_stride * where.rows;
  return where;
}

namespace {

tl::unexpected<GeyserError> wrong(std::string sentence) {
  return fail(ErrorCode::incompatible_layout, std::move(sentence));
}

// The rows of mip 0 of one plane.
struct Rows {
  std::uint64_t bytes = 0;  // of one
  std::uint64_t count = 0;
};

Rows rows_of(const TextureDescriptor& d, std::uint32_t index) {
  const FormatInfo& info = format_info(d.format);
  const std::uint32_t format_plane = index < info.plane_count ? index : 0;
  const Extent3D extent = mip_extent(d, 0, format_plane);
  const std::uint64_t columns = (extent.width + info.block_width - 1U) / info.block_width;
  const std::uint64_t rows = (extent.height + info.block_height - 1U) / info.block_height;
  return {columns * info.planes[format_plane].block_bytes, rows * extent.depth};
}

// A modifier may add planes of its own (compression data) and may tile: only linear rows have to hold a row.
bool is_linear(const MemoryLayout& layout) {
  return layout.tiling != Tiling::drm_modifier || layout.modifier == drm_modifier_linear;
}

// Whether a plane ends inside its memory. Widths and heights are validated, so only `stride` can be absurd.
bool plane_fits(const MemoryPlane& plane, const Rows& rows, std::uint64_t size) {
  if (plane.offset >= size) return false;
  const std::uint64_t room = size - plane.offset;
  if (rows.bytes > room) return false;
  return rows.count <= 1 || plane.stride <= (room - rows.bytes) / (rows.count - 1);
}

// Sizes that are known, by handle index.
using Sizes = std::span<const std::uint64_t>;

Result<void> check_plane(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t index, Sizes sizes) {
  const MemoryPlane& plane = layout.planes[index];
  const Rows rows = rows_of(d, index);
  const bool linear = is_linear(layout);
  if (linear && plane.stride < rows.bytes) {
    return wrong(text("Field [layout.planes[", index, "].stride] is [", plane.stride, "], less than a row of [",
                      rows.bytes, "] bytes."));
  }
  if (plane.handle_index >= sizes.size()) return {};
  const std::uint64_t size = sizes[plane.handle_index];
  if (linear ? plane_fits(plane, rows, size) : plane.offset < size) return {};
  return wrong(text("Field [layout.planes[", index, "]] (offset [", plane.offset, "], stride [", plane.stride,
                    "]) runs over ", plane.handle_index == 0 ? "the allocation of [" : "its handle's object of [", size,
                    "] bytes."));
}

// Whether two linear planes, which fit, have a byte in common. Rows of equal stride may lie side by side.
bool overlap(const MemoryPlane& a, const Rows& rows_a, const MemoryPlane& b, const Rows& rows_b) {
  if (b.offset < a.offset) return overlap(b, rows_b, a, rows_a);
  if (b.offset >= a.offset + (rows_a.count - 1) * a.stride + rows_a.bytes) return false;
  if (a.stride != b.stride) return true;
  const std::uint64_t column = (b.offset - a.offset) % a.stride;
  return column < rows_a.bytes || column + rows_b.bytes > a.stride;
}

// Where tiles are is the driver's business, and so are planes that a modifier adds.
Result<void> check_overlap(const MemoryLayout& layout, const TextureDescriptor& d, Sizes sizes) {
  if (!is_linear(layout)) return {};
  for (std::uint32_t i = 0; i < std::uint32_t{format_info(d.format).plane_count}; ++i) {
    for (std::uint32_t k = 0; k < i; ++k) {
      const MemoryPlane& a = layout.planes[k];
      const MemoryPlane& b = layout.planes[i];
      if (a.handle_index != b.handle_index || a.handle_index >= sizes.size()) continue;
      if (!overlap(a, rows_of(d, k), b, rows_of(d, i))) continue;
      return wrong(text("Field [layout.planes[", i, "]] (offset [", b.offset, "], stride [", b.stride,
                        "]) overlaps plane [", k, "] (offset [", a.offset, "], stride [", a.stride, "])."));
    }
  }
  return {};
}

Result<void> check(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t handle_count, Sizes sizes);

}  // namespace

Result<void> validate(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t handle_count) {
  return check(layout, d, handle_count, Sizes(&layout.allocation_size, 1));
}

Result<void> validate(const MemoryLayout& layout, const TextureDescriptor& d, Sizes handle_sizes) {
  return check(layout, d, static_cast<std::uint32_t>(handle_sizes.size()), handle_sizes);
}

namespace {

Result<void> check(const MemoryLayout& layout, const TextureDescriptor& d, std::uint32_t handle_count, Sizes sizes) {
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
    if (!explicit_planes) {
      if (layout.planes[i].offset == 0) continue;
      return wrong(text("Field [layout.planes[", i, "].offset] is [", layout.planes[i].offset,
                        "], but opaque memory is used from its start."));
    }
    if (auto r = check_plane(layout, d, i, sizes); !r) return r;
  }
  if (explicit_planes) {
    if (auto r = check_overlap(layout, d, sizes); !r) return r;
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

}  // namespace
}  // namespace geyser
