// What every texture of a context is to its manager, however its memory is shared.
#pragma once

#include <memory>

#include <geyser/opengl.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

class ContextTexture : public SharedTexture {
 public:
  const std::shared_ptr<Context>& context() const noexcept { return context_; }
  virtual NativeTexture native() const noexcept = 0;
  // Queues a copy of the whole of `from`, which is of the same context; both are open.
  virtual Result<void> copy_from(const ContextTexture& from) = 0;

 protected:
  ContextTexture(Init init, std::shared_ptr<Context> context);
  // Waits, and counts it.
  Result<void> wait_on_cpu(const SyncPoint& point);
  static tl::unexpected<GeyserError> refuse_fence(const SharedFence& fence);
  // copy_from() by glCopyImageSubData.
  Result<void> copy_texels(const ContextTexture& from) const;

  std::shared_ptr<Context> context_;
};

}  // namespace geyser::opengl
