// A shared texture in GL.
#pragma once

#include <memory>
#include <optional>

#include <geyser/opengl.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"
#include "opengl/staging.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::opengl {

class GlTexture final : public SharedTexture {
 public:
  // The context must be current for each of these.
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  ~GlTexture() override;

  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  NativeTexture native() const noexcept;
  // Queues a copy of the whole of `from`; both are open.
  Result<void> copy_from(const GlTexture& from);

 private:
  GlTexture(Init init, std::shared_ptr<Context> context);
  // Own storage beside shared memory.
  Result<void> make_copied(OwnedHandle memory);
  // The exporter's memory.
  Result<void> make_imported(OwnedHandle& handle);
  void set_sampling(GLenum target) const;

  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::shared_ptr<Context> context_;
  GLuint name_ = 0;
  GLuint memory_object_ = 0;
  OwnedHandle handle_;
  platform::MappedMemory memory_;
  std::optional<Staging> staging_;
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::opengl
