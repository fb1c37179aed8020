// A shared texture in Metal. Objective-C++ only.
#pragma once

#include <memory>
#include <optional>

#include <geyser/metal.hpp>
#include <geyser/texture.hpp>

#include "metal/context.hpp"
#include "metal/staging.hpp"
#include "surface/surface.hpp"
#include "surface/texture_object.hpp"

namespace geyser::metal {

using surface::Surface;
using surface::TextureObject;

class MetalTexture final : public SharedTexture {
 public:
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, const Agreement& agreement);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  // On a surface that has been checked against the descriptor. `keep` lives as long as the texture.
  static Result<std::unique_ptr<SharedTexture>> on_surface(const std::shared_ptr<Context>& context,
                                                           const TextureDescriptor& descriptor, Surface surface,
                                                           std::shared_ptr<void> keep = nullptr);
  // Over one that has been checked against the descriptor.
  static Result<std::unique_ptr<SharedTexture>> on_object(const std::shared_ptr<Context>& context,
                                                          const TextureDescriptor& descriptor, TextureObject object);

  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  NativeTexture native() const noexcept;
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const MetalTexture& from);
  const Planes& planes() const noexcept { return planes_; }

 private:
  MetalTexture(Init init, std::shared_ptr<Context> context);
  // Makes, of memory in one of the two layouts, what the device uses.
  static Result<std::unique_ptr<SharedTexture>> on_host_memory(const std::shared_ptr<Context>& context,
                                                               const TextureDescriptor& descriptor,
                                                               const MemoryLayout& layout, OwnedHandle memory);

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Context> context_;
  std::shared_ptr<void> keep_;  // whose the surface is
  std::optional<Surface> surface_;
  std::optional<HostPages> pages_;
  std::optional<TextureObject> object_;
  Planes planes_;  // on one of the three, or with memory of their own: they go first
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::metal
