#include "host/texture.hpp"

#include <utility>

namespace geyser::host {

HostTexture::HostTexture(Init init, DeviceIdentity identity, OwnedHandle handle, platform::MappedMemory memory)
    : SharedTexture(std::move(init)),
      identity_(std::move(identity)),
      handle_(std::move(handle)),
      memory_(std::move(memory)) {}

Result<std::unique_ptr<SharedTexture>> HostTexture::create(const TextureDescriptor& descriptor,
                                                           const MemoryLayout& layout, const DeviceIdentity& identity,
                                                           DiagnosticHandler diagnostics) {
  auto handle = platform::create_shared_memory(layout.allocation_size);
  if (!handle) return fail(std::move(handle.error()));
  return open(descriptor, layout, *std::move(handle), identity, std::move(diagnostics));
}

Result<std::unique_ptr<SharedTexture>> HostTexture::import(ApiTextureHandle&& parcel, const DeviceIdentity& identity,
                                                           DiagnosticHandler diagnostics) {
  // Linear rows may be anywhere in the memory: validate() has seen that they are inside.
  if (parcel.layout.tiling == Tiling::host && parcel.layout != host_layout(parcel.descriptor)) {
    return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
  }
  return open(parcel.descriptor, parcel.layout, std::move(parcel.handles[0]), identity, std::move(diagnostics));
}

Result<std::unique_ptr<SharedTexture>> HostTexture::open(const TextureDescriptor& descriptor,
                                                         const MemoryLayout& layout, OwnedHandle handle,
                                                         const DeviceIdentity& identity,
                                                         DiagnosticHandler diagnostics) {
  auto memory = platform::map_shared_memory(handle.get(), layout.allocation_size);
  if (!memory) return fail(std::move(memory.error()));
  Init init{Api::host, descriptor, layout, HandleKind::host_memory, SharePath::zero_copy, std::move(diagnostics)};
  return std::unique_ptr<SharedTexture>(
      new HostTexture(std::move(init), identity, std::move(handle), *std::move(memory)));
}

Result<void> HostTexture::do_begin(AccessMode, const AccessState&, const SyncPoints& waits) {
  for (const SyncPoint& point : waits) {
    if (auto done = point.fence->wait(point.value, wait_timeout()); !done) return done;
    ++mutable_statistics().host_waits;
  }
  ++holders_;
  return {};
}

Result<void> HostTexture::do_end(AccessMode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<ApiTextureHandle> HostTexture::do_export(HandleKind kind) {
  auto copy = handle_.duplicate();
  if (!copy) return fail(std::move(copy.error()));
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = identity_;
  parcel.api = Api::host;
  parcel.kind = kind;
  parcel.handle_count = 1;
  parcel.handles[0] = *std::move(copy);
  return parcel;
}

bool HostTexture::accepts_signal_fence(const SharedFence& fence) const {
  return fence.kind() == FenceKind::host_timeline || fence.kind() == FenceKind::sync_file;
}

}  // namespace geyser::host
