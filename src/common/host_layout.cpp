#include <geyser/layout.hpp>

namespace geyser {

namespace {

constexpr std::uint64_t alignment = 256;
constexpr std::uint64_t align(std::uint64_t value) { return (value + alignment - 1) & ~(alignment - 1); }

HostSubresource at(const TextureDescriptor& d, const FormatInfo& info, std::uint32_t plane, std::uint32_t mip) {
  HostSubresource sub;
  sub.extent = mip_extent(d, mip, plane);
  const std::uint32_t columns = (sub.extent.width + info.block_width - 1) / info.block_width;
  sub.rows = (sub.extent.height + info.block_height - 1) / info.block_height;
  sub.slices = sub.extent.depth;
  sub.row_bytes = std::uint64_t{columns} * info.planes[plane].block_bytes;
  sub.row_stride = align(sub.row_bytes);
  sub.slice_stride = sub.row_stride * sub.rows;
  return sub;
}

// Bytes of one layer of one plane: all its mips.
std::uint64_t layer_bytes(const TextureDescriptor& d, const FormatInfo& info, std::uint32_t plane, std::uint32_t mips) {
  std::uint64_t bytes = 0;
  for (std::uint32_t mip = 0; mip < mips; ++mip) {
    const HostSubresource sub = at(d, info, plane, mip);
    bytes += sub.slice_stride * sub.slices;
  }
  return bytes;
}

std::uint64_t plane_offset(const TextureDescriptor& d, const FormatInfo& info, std::uint32_t plane) {
  std::uint64_t offset = 0;
  for (std::uint32_t i = 0; i < plane; ++i) offset += layer_bytes(d, info, i, d.mip_levels) * d.array_layers;
  return offset;
}

}  // namespace

HostSubresource host_subresource(const TextureDescriptor& d, std::uint32_t plane, std::uint32_t layer,
                                 std::uint32_t mip_level) noexcept {
  const FormatInfo& info = format_info(d.format);
  HostSubresource sub = at(d, info, plane, mip_level);
  sub.offset = plane_offset(d, info, plane) + layer_bytes(d, info, plane, d.mip_levels) * layer +
               layer_bytes(d, info, plane, mip_level);
  return sub;
}

std::uint64_t host_size(const TextureDescriptor& d) noexcept {
  const FormatInfo& info = format_info(d.format);
  return plane_offset(d, info, info.plane_count);
}

MemoryLayout host_layout(const TextureDescriptor& d) noexcept {
  const FormatInfo& info = format_info(d.format);
  MemoryLayout layout;
  layout.tiling = Tiling::host;
  layout.allocation_size = host_size(d);
  layout.plane_count = info.plane_count;
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    const HostSubresource sub = host_subresource(d, plane, 0, 0);
    layout.planes[plane] = {0, sub.offset, sub.row_stride};
  }
  return layout;
}

}  // namespace geyser
