// A texture in mapped memory. Its accesses are waits; the pixels are the mapping itself.
#pragma once

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

  // Empty while no access is open.
  std::span<std::byte> bytes() noexcept { return holders_ != 0 ? memory_.bytes() : std::span<std::byte>(); }

 private:
  static Result<std::unique_ptr<SharedTexture>> open(const TextureDescriptor& descriptor, const MemoryLayout& layout,
                                                     OwnedHandle handle, const DeviceIdentity& identity,
                                                     DiagnosticHandler diagnostics);
  HostTexture(Init init, DeviceIdentity identity, OwnedHandle handle, platform::MappedMemory memory);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  DeviceIdentity identity_;
  OwnedHandle handle_;
  platform::MappedMemory memory_;
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::host
