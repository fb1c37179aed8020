#include "opengl/fence.hpp"

#include <array>
#include <utility>

#include "common/text.hpp"
#include "opengl/dx_interop.hpp"
#include "opengl/error.hpp"
#include "opengl/external_handle.hpp"
#include "platform/drm_syncobj.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

constexpr std::array<GLenum, 3> general{GL_LAYOUT_GENERAL_EXT, GL_LAYOUT_GENERAL_EXT, GL_LAYOUT_GENERAL_EXT};

tl::unexpected<GeyserError> refuse(const SharedFence& fence, const char* what) {
  return fail(GeyserError(ErrorCode::unsupported, text("OpenGL cannot ", what, " a fence of kind [",
                                                       to_string(fence.kind()), "] from the CPU."))
                  .suggest("fence kind [host_timeline]"));
}

}  // namespace

std::vector<FenceCapability> fence_capabilities(const Context& context) {
  std::vector<FenceCapability> capabilities;
  for (const FenceKind kind : external_fence_kinds(context)) capabilities.push_back({kind, false, true, true, false});
  if (context.interop() != nullptr) {
    for (FenceCapability row : context.interop()->direct3d().capabilities().fences) {
      row.gpu_wait = false;  // the CPU waits before a texture is locked
      if (row.kind == FenceKind::d3d12_fence) capabilities.push_back(row);
    }
  }
  if (context.has_native_fences()) {
    // Its points come and go as sync files.
    if (platform::has_drm_syncobjs()) {
      capabilities.push_back({FenceKind::drm_syncobj, true, true, !context.is_software()});
    }
    capabilities.push_back({FenceKind::sync_file, true, true, !context.is_software()});
  }
  capabilities.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

GlFence::GlFence(std::shared_ptr<Context> context, FenceKind kind, FenceId id, std::uint64_t value, GLuint semaphore)
    : SharedFence(kind, id, value), context_(std::move(context)), semaphore_(semaphore) {
  context_->add_fence(*this);
}

GlFence::~GlFence() {
  context_->remove_fence(*this);
  if (auto current = Current::open(*context_)) context_->gl().glDeleteSemaphoresEXT(1, &semaphore_);
}

void GlFence::set_value(std::uint64_t value) const {
  if (tier_of(kind()) == SyncTier::binary_semaphore) return;
  // A Direct3D 12 fence's values go by the same number.
  static_assert(GL_D3D12_FENCE_VALUE_EXT == GL_TIMELINE_SEMAPHORE_VALUE_NV);
  const GLuint64 gl_value = value;
  context_->gl().glSemaphoreParameterui64vEXT(semaphore_, GL_TIMELINE_SEMAPHORE_VALUE_NV, &gl_value);
}

void GlFence::queue_wait(std::uint64_t value, std::span<const GLuint> textures) const {
  set_value(value);
  context_->gl().glWaitSemaphoreEXT(semaphore_, 0, nullptr, static_cast<GLuint>(textures.size()), textures.data(),
                                    general.data());
}

void GlFence::queue_signal(std::uint64_t value, std::span<const GLuint> textures) const {
  set_value(value);
  context_->gl().glSignalSemaphoreEXT(semaphore_, 0, nullptr, static_cast<GLuint>(textures.size()), textures.data(),
                                      general.data());
  // A signal that stays in the client's buffer would never reach the waiter.
  context_->gl().glFlush();
}

Result<std::uint64_t> GlFence::do_completed_value() const { return refuse(*this, "read"); }
Result<void> GlFence::do_wait(std::uint64_t, std::chrono::nanoseconds) const { return refuse(*this, "wait for"); }
Result<void> GlFence::do_signal(std::uint64_t) { return refuse(*this, "signal"); }
Result<FenceHandle> GlFence::do_export() const { return refuse(*this, "export"); }

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle) {
  const GlFunctions& gl = context->gl();
  take_callers_errors(gl, context->diagnostics());
  GLuint semaphore = 0;
  // A semaphore of a Direct3D 12 fence is one with values by itself.
  if (handle.kind == FenceKind::opaque_fd_timeline || handle.kind == FenceKind::opaque_win32_timeline) {
    gl.glCreateSemaphoresNV(1, &semaphore);
    const GLint type = GL_SEMAPHORE_TYPE_TIMELINE_NV;
    gl.glSemaphoreParameterivNV(semaphore, GL_SEMAPHORE_TYPE_NV, &type);
  } else {
    gl.glGenSemaphoresEXT(1, &semaphore);
  }
  if (auto done = import_semaphore(*context, semaphore, handle); !done) {
    gl.glDeleteSemaphoresEXT(1, &semaphore);
    return fail(std::move(done.error()));
  }
  return std::make_shared<GlFence>(context, handle.kind, handle.id, handle.value, semaphore);
}

}  // namespace geyser::opengl
