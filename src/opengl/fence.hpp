// A semaphore of another API, opened in GL. GL makes none of its own.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

class GlFence final : public SharedFence {
 public:
  // Takes `semaphore` over.
  GlFence(std::shared_ptr<Context> context, FenceKind kind, FenceId id, std::uint64_t value, GLuint semaphore);
  ~GlFence() override;

  // The context must be current. The textures are left in, and taken from, GL_LAYOUT_GENERAL_EXT.
  void queue_wait(std::uint64_t value, std::span<const GLuint> textures) const;
  void queue_signal(std::uint64_t value, std::span<const GLuint> textures) const;

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;
  void set_value(std::uint64_t value) const;

  std::shared_ptr<Context> context_;
  GLuint semaphore_ = 0;
};

// Consumes the handle on success; the context must be current.
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);

std::vector<FenceCapability> fence_capabilities(const Context& context);

}  // namespace geyser::opengl
