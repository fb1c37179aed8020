// The wrapped (or own) EGL context, shared by a manager and everything made from it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <geyser/opengl.hpp>

#include "opengl/loader.hpp"

namespace geyser::opengl {

class GlFence;

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(const Options& options);
  static Result<std::shared_ptr<Context>> wrap(DiagnosticHandler diagnostics);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const EglFunctions& egl() const noexcept { return egl_; }
  const GlFunctions& gl() const noexcept { return gl_; }
  bool is_es() const noexcept { return es_; }
  bool has(const char* extension) const { return extensions_.contains(extension); }
  bool has_egl(const char* extension) const { return egl_extensions_.contains(extension); }
  EGLDisplay display() const noexcept { return display_; }
  EGLContext handle() const noexcept { return context_; }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  // The device is the calling thread: what it waits for, that waits for.
  bool is_software() const noexcept { return identity_.device_name.starts_with("llvmpipe"); }
  // Sync files work in both directions.
  bool has_native_fences() const noexcept { return native_fences_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }

  // This context's own semaphore for a fence, whichever API's object names it; null when there is none.
  GlFence* find_fence(const SharedFence& fence) const;
  void add_fence(GlFence& fence);
  void remove_fence(const GlFence& fence) noexcept;

  Result<void> make_current() const;
  void release_current() const noexcept;
  bool is_current() const noexcept { return egl_.eglGetCurrentContext() == context_; }

 private:
  friend class Current;
  Context() = default;
  static Result<std::shared_ptr<Context>> create_on(const Options& options);
  Result<void> create_context(const Options& options);
  Result<void> choose_display(const Options& options);
  // The index of the EGL device that is no device node but the software driver itself.
  std::optional<std::uint32_t> software_device() const;
  bool is_on_software_device() const;
  // With the context current: entry points, extensions, identity.
  Result<void> initialize();

  platform::DynamicLibrary library_;
  EglFunctions egl_;
  GlFunctions gl_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
  bool owned_ = false;
  bool es_ = false;
  std::unordered_set<std::string> extensions_;
  std::unordered_set<std::string> egl_extensions_;  // the display's
  DeviceIdentity identity_;
  bool native_fences_ = false;
  DiagnosticHandler diagnostics_;
  std::unordered_map<FenceId, GlFence*> fences_;
};

// Makes an own context current for a scope and brings the previous one back. A wrapped context must be current
// already: open() says so when it is not.
class Current {
 public:
  static Result<Current> open(const Context& context);
  Current(Current&& other) noexcept;
  Current& operator=(Current&&) = delete;
  ~Current();

 private:
  explicit Current(const Context* context) : context_(context) {}
  const Context* context_;  // null: nothing to bring back
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext previous_ = EGL_NO_CONTEXT;
  EGLSurface draw_ = EGL_NO_SURFACE;
  EGLSurface read_ = EGL_NO_SURFACE;
};

}  // namespace geyser::opengl
