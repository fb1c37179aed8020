// A shared texture in Direct3D 11.
#pragma once

#include <memory>
#include <optional>

#include <geyser/d3d11.hpp>
#include <geyser/texture.hpp>

#include "d3d11/context.hpp"
#include "d3d11/keyed_mutex.hpp"
#include "d3d11/staging.hpp"

namespace geyser::d3d11 {

class D3d11Texture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, const Agreement& agreement);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  // A texture that is known to be what the descriptor says.
  static std::unique_ptr<SharedTexture> on_resource(const std::shared_ptr<Context>& context,
                                                    const TextureDescriptor& descriptor, HandleKind kind,
                                                    Com<ID3D11Resource> resource);

  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  const Com<ID3D11Resource>& resource() const noexcept { return resource_; }
  NativeTexture native() const noexcept;
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const D3d11Texture& from);

 private:
  D3d11Texture(Init init, std::shared_ptr<Context> context);
  static Result<std::unique_ptr<SharedTexture>> on_host_memory(const std::shared_ptr<Context>& context,
                                                               const TextureDescriptor& descriptor, OwnedHandle memory);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;
  // Of do_begin(): with the keyed mutex held. On failure nothing has been queued that changes the texture.
  Result<void> enter(AccessMode mode, const AccessState& state, const SyncPoints& waits,
                     std::chrono::nanoseconds timeout);

  std::shared_ptr<Context> context_;
  Com<ID3D11Resource> resource_;
  KeyedMutex mutex_;                // of resource_; empty without one
  std::optional<Staging> staging_;  // on the copied path
  std::uint32_t holders_ = 0;       // open accesses, which hold the mutex together
};

}  // namespace geyser::d3d11
