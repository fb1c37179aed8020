#include "platform/dma_buf_parcel.hpp"

#include <span>
#include <utility>

#include "common/text.hpp"
#include "platform/dma_buf.hpp"

namespace geyser::platform {

using detail::text;

Result<DmaBufs> inspect_dma_bufs(const ApiTextureHandle& parcel) {
  DmaBufs found;
  found.layout = parcel.layout;
  std::array<KernelIdentity, max_memory_planes> identities{};
  std::array<std::uint32_t, max_memory_planes> buffer_of{};
  for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
    const NativeHandle handle = parcel.handles[i].get();
    if (!is_dma_buf(handle)) {
      return fail(ErrorCode::invalid_handle, text("Handle [", i, "] is not a dma-buf."));
    }
    auto identity = kernel_identity(handle);
    if (!identity) return fail(std::move(identity.error()));
    std::uint32_t buffer = 0;
    while (buffer < found.count && identities[buffer] != *identity) ++buffer;
    buffer_of[i] = buffer;
    if (buffer != found.count) continue;
    auto size = kernel_size(handle);
    if (!size) return fail(std::move(size.error()));
    identities[buffer] = *identity;
    found.handle[buffer] = i;
    found.size[buffer] = *size;
    ++found.count;
  }
  if (parcel.layout.allocation_size > found.size[0]) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.allocation_size] is [", parcel.layout.allocation_size,
                     "], but the handle's object has [", found.size[0], "] bytes."));
  }
  for (std::uint32_t i = 0; i < parcel.layout.plane_count; ++i) {
    MemoryPlane& plane = found.layout.planes[i];
    plane.handle_index = buffer_of[plane.handle_index];
  }
  found.layout.allocation_size = found.size[0];
  const std::span<const std::uint64_t> sizes(found.size.data(), found.count);
  if (auto valid = validate(found.layout, parcel.descriptor, sizes); !valid) return fail(std::move(valid.error()));
  return found;
}

}  // namespace geyser::platform
