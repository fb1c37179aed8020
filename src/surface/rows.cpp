#include "surface/rows.hpp"

#include <cstring>

#include <geyser/layout.hpp>

#include "common/text.hpp"

namespace geyser::surface {

namespace {

// Calls `copy(in the surface, offset in the packing, bytes)` for each row.
template <typename Copy>
Result<std::uint64_t> each_row(const Surface& surface, const TextureDescriptor& descriptor, std::uint32_t options,
                               Copy copy) {
  const kern_return_t locked = IOSurfaceLock(surface.get(), options, nullptr);
  if (locked != 0) {
    return fail(ErrorCode::operating_system, detail::text("IOSurfaceLock fails with [", locked, "]."));
  }
  std::uint64_t total = 0;
  const bool planar = IOSurfaceGetPlaneCount(surface.get()) != 0;
  for (std::uint32_t plane = 0; plane < format_info(descriptor.format).plane_count; ++plane) {
    const HostSubresource packed = host_subresource(descriptor, plane, 0, 0);
    auto* row = static_cast<std::byte*>(planar ? IOSurfaceGetBaseAddressOfPlane(surface.get(), plane)
                                               : IOSurfaceGetBaseAddress(surface.get()));
    const std::size_t stride =
        planar ? IOSurfaceGetBytesPerRowOfPlane(surface.get(), plane) : IOSurfaceGetBytesPerRow(surface.get());
    for (std::uint32_t y = 0; y < packed.rows; ++y, row += stride) {
      copy(row, packed.offset + y * packed.row_stride, packed.row_bytes);
      total += packed.row_bytes;
    }
  }
  IOSurfaceUnlock(surface.get(), options, nullptr);
  return total;
}

void copy_row(std::byte* to, const std::byte* from, std::size_t bytes, Order order) {
  if (order == Order::same) {
    std::memcpy(to, from, bytes);
    return;
  }
  for (std::size_t at = 0; at + 4 <= bytes; at += 4) {
    to[at] = from[at + 2];
    to[at + 1] = from[at + 1];
    to[at + 2] = from[at];
    to[at + 3] = from[at + 3];
  }
}

}  // namespace

Result<std::uint64_t> write_rows(const Surface& surface, const TextureDescriptor& descriptor,
                                 std::span<const std::byte> packed, Order order) {
  return each_row(surface, descriptor, 0, [&](std::byte* row, std::uint64_t offset, std::uint64_t bytes) {
    copy_row(row, packed.data() + offset, bytes, order);
  });
}

Result<std::uint64_t> read_rows(const Surface& surface, const TextureDescriptor& descriptor,
                                std::span<std::byte> packed, Order order) {
  return each_row(surface, descriptor, kIOSurfaceLockReadOnly,
                  [&](const std::byte* row, std::uint64_t offset, std::uint64_t bytes) {
                    copy_row(packed.data() + offset, row, bytes, order);
                  });
}

}  // namespace geyser::surface
