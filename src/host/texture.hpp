// A texture in mapped memory: shared memory, or dma-bufs. Its accesses are waits; the pixels are the mapping itself.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include <geyser/texture.hpp>

#include "platform/shared_memory.hpp"

namespace geyser::host {

class HostTexture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const TextureDescriptor& descriptor, const MemoryLayout& layout,
                                                       const DeviceIdentity& identity, DiagnosticHandler diagnostics);
  static Result<std::unique_ptr<SharedTexture>> import(ApiTextureHandle&& parcel, const DeviceIdentity& identity,
                                                       DiagnosticHandler diagnostics);

  // The memory that holds a plane of the format. Empty while no access is open.
  std::span<std::byte> bytes(std::uint32_t plane) noexcept;

 private:
  struct Memory {
    OwnedHandle handle;
    platform::MappedMemory mapping;
  };
  // By the layout's handle_index.
  struct Memories {
    std::array<Memory, max_memory_planes> all;
    std::uint32_t count = 0;
    bool writable = true;
  };
  static Result<Memories> map_shared_memory(OwnedHandle handle, std::uint64_t size);
  // Sets the layout to what the buffers are.
  static Result<Memories> map_dma_bufs(ApiTextureHandle& parcel);

  HostTexture(Init init, DeviceIdentity identity, Memories memories);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;
  // Brackets around what the CPU does in dma-bufs; nothing for shared memory.
  Result<void> open_buffers(AccessMode mode);
  Result<void> close_buffers(AccessMode mode, std::uint32_t count) const;

  DeviceIdentity identity_;
  Memories memories_;
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::host
