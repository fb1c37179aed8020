#include "host/texture.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/dma_buf.hpp"
#include "platform/dma_buf_parcel.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::host {

using detail::text;

HostTexture::HostTexture(Init init, DeviceIdentity identity, Memories memories)
    : SharedTexture(std::move(init)), identity_(std::move(identity)), memories_(std::move(memories)) {}

Result<HostTexture::Memories> HostTexture::map_shared_memory(OwnedHandle handle, std::uint64_t size) {
  auto mapping = platform::map_shared_memory(handle.get(), size);
  if (!mapping) return fail(std::move(mapping.error()));
  Memories memories;
  memories.all[0] = {std::move(handle), *std::move(mapping)};
  memories.count = 1;
  return memories;
}

Result<HostTexture::Memories> HostTexture::map_dma_bufs(ApiTextureHandle& parcel) {
  auto found = platform::inspect_dma_bufs(parcel);
  if (!found) return fail(std::move(found.error()));
  Memories memories;
  for (; memories.count < found->count; ++memories.count) {
    OwnedHandle& handle = parcel.handles[found->handle[memories.count]];
    auto mapped = platform::map_dma_buf(handle.get());
    if (!mapped) return fail(std::move(mapped.error()).during(text("mapping buffer [", memories.count, "]")));
    memories.writable = memories.writable && mapped->writable;
    memories.all[memories.count] = {std::move(handle), std::move(mapped->memory)};
  }
  parcel.layout = found->layout;
  return memories;
}

Result<std::unique_ptr<SharedTexture>> HostTexture::create(const TextureDescriptor& descriptor,
                                                           const MemoryLayout& layout, const DeviceIdentity& identity,
                                                           DiagnosticHandler diagnostics) {
  const bool dma_buf = layout.tiling == Tiling::drm_modifier;
  auto handle = dma_buf ? platform::create_dma_buf(layout.allocation_size)
                        : platform::create_shared_memory(layout.allocation_size);
  if (!handle) return fail(std::move(handle.error()));
  ApiTextureHandle own;
  own.descriptor = descriptor;
  own.layout = layout;
  own.kind = dma_buf ? HandleKind::dma_buf : HandleKind::host_memory;
  own.handle_count = 1;
  own.handles[0] = *std::move(handle);
  return import(std::move(own), identity, std::move(diagnostics));
}

Result<std::unique_ptr<SharedTexture>> HostTexture::import(ApiTextureHandle&& parcel, const DeviceIdentity& identity,
                                                           DiagnosticHandler diagnostics) {
  // Linear rows may be anywhere in the memory: validate() has seen that they are inside.
  if (parcel.layout.tiling == Tiling::host && parcel.layout != host_layout(parcel.descriptor)) {
    return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
  }
  auto memories = parcel.kind == HandleKind::dma_buf
                      ? map_dma_bufs(parcel)
                      : map_shared_memory(std::move(parcel.handles[0]), parcel.layout.allocation_size);
  if (!memories) return fail(std::move(memories.error()));
  Init init{Api::host, parcel.descriptor, parcel.layout, parcel.kind, SharePath::zero_copy, std::move(diagnostics)};
  return std::unique_ptr<SharedTexture>(new HostTexture(std::move(init), identity, *std::move(memories)));
}

std::span<std::byte> HostTexture::bytes(std::uint32_t plane) noexcept {
  if (holders_ == 0) return {};
  return memories_.all[layout().planes[plane].handle_index].mapping.bytes();
}

Result<void> HostTexture::open_buffers(AccessMode mode) {
  if (handle_kind() != HandleKind::dma_buf) return {};
  if (is_write(mode) && !memories_.writable) {
    return fail(ErrorCode::unsupported, "The dma-buf was exported for reading only.");
  }
  const auto deadline = platform::Deadline::after(wait_timeout());
  for (std::uint32_t i = 0; i < memories_.count; ++i) {
    auto begun = platform::begin_cpu_access(memories_.all[i].handle.get(), mode, deadline.remaining());
    if (begun) continue;
    if (auto closed = close_buffers(mode, i); !closed) report(closed.error());
    return begun;
  }
  return {};
}

Result<void> HostTexture::close_buffers(AccessMode mode, std::uint32_t count) const {
  Result<void> all;
  if (handle_kind() != HandleKind::dma_buf) return all;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto ended = platform::end_cpu_access(memories_.all[i].handle.get(), mode);
    if (!ended && all) all = std::move(ended);
  }
  return all;
}

Result<void> HostTexture::do_begin(AccessMode mode, const AccessState&, const SyncPoints& waits) {
  for (const SyncPoint& point : waits) {
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  if (auto opened = open_buffers(mode); !opened) return opened;
  ++holders_;
  return {};
}

Result<void> HostTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  // Whoever waits is not left waiting when a cache could not be written back.
  auto closed = close_buffers(mode, memories_.count);
  auto signalled = signal != nullptr ? signal->signal(value) : Result<void>{};
  return closed ? signalled : closed;
}

Result<ApiTextureHandle> HostTexture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = identity_;
  parcel.api = Api::host;
  parcel.kind = kind;
  for (; parcel.handle_count < memories_.count; ++parcel.handle_count) {
    auto copy = memories_.all[parcel.handle_count].handle.duplicate();
    if (!copy) return fail(std::move(copy.error()));
    parcel.handles[parcel.handle_count] = *std::move(copy);
  }
  return parcel;
}

bool HostTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || platform::kernel_fence(fence) != nullptr;
}

}  // namespace geyser::host
