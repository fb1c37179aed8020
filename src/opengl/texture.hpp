// A shared texture in GL.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>

#include <geyser/opengl.hpp>
#include <geyser/texture.hpp>

#include "opengl/context_texture.hpp"
#include "opengl/staging.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::opengl {

class GlTexture final : public ContextTexture {
 public:
  // The context must be current for each of these. `agreement`: host memory, or a dma-buf that GL itself makes.
  static Result<std::unique_ptr<SharedTexture>> create(const std::shared_ptr<Context>& context,
                                                       const TextureDescriptor& descriptor, const Agreement& agreement);
  static Result<std::unique_ptr<SharedTexture>> import(const std::shared_ptr<Context>& context,
                                                       ApiTextureHandle&& parcel);
  ~GlTexture() override;

  NativeTexture native() const noexcept override;
  Result<void> copy_from(const ContextTexture& from) override { return copy_texels(from); }

 private:
  GlTexture(Init init, std::shared_ptr<Context> context);
  // Own storage beside shared memory.
  Result<void> make_copied(OwnedHandle memory);
  // The exporter's memory: an opaque handle, or dma-bufs.
  Result<void> make_imported(ApiTextureHandle& parcel);
  Result<void> make_opened(const ApiTextureHandle& parcel);
  static Result<std::unique_ptr<SharedTexture>> create_dma_buf(const std::shared_ptr<Context>& context,
                                                               const TextureDescriptor& descriptor,
                                                               const Agreement& agreement);
  void set_sampling(GLenum target) const;
  std::span<const GLuint> names() const noexcept { return {names_.data(), name_count_}; }

  bool has_mutex() const noexcept { return memory_object_ != 0 && layout().keyed_mutex; }
  bool is_native(const SharedFence& fence) const;
  Result<void> queue_waits(const SyncPoints& waits);
  Result<void> do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) override;
  Result<void> do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) override;
  Result<ApiTextureHandle> do_export(HandleKind kind) override;
  bool accepts_signal_fence(const SharedFence& fence) const override;

  std::array<GLuint, 3> names_{};  // one for each plane
  std::uint32_t name_count_ = 1;
  GLuint memory_object_ = 0;
  // What is exported: the shared memory, or the dma-bufs that GL made.
  std::array<OwnedHandle, max_memory_planes> handles_;
  std::uint32_t handle_count_ = 0;
  platform::MappedMemory memory_;
  std::optional<Staging> staging_;
  std::uint32_t holders_ = 0;
};

}  // namespace geyser::opengl
