// An EGL context, without surfaces where it is Geyser's own.
#pragma once

#include <string>
#include <unordered_set>

#include "opengl/context.hpp"
#include "opengl/egl_loader.hpp"
#include "opengl/native_context.hpp"

namespace geyser::opengl {

class EglContext final : public NativeContext {
 public:
  static Result<std::unique_ptr<EglContext>> open(bool owned, bool es);
  Result<void> create_context(const Options& options);
  Result<void> take_current();
  ~EglContext() override;

  const EglFunctions& egl() const noexcept { return egl_; }
  EGLDisplay display() const noexcept { return display_; }
  EGLContext handle() const noexcept { return context_; }
  // Of the display.
  bool has(const char* extension) const { return extensions_.contains(extension); }

  Procedure procedure(const char* name) const noexcept override;
  bool is_current() const noexcept override { return egl_.eglGetCurrentContext() == context_; }
  Result<void> make_current() const override;
  void release_current() const noexcept override;
  bool has_descriptors() const noexcept override { return true; }
  Held held() const noexcept override;
  void bring_back(const Held& held) const noexcept override;
  std::uint32_t device_count() const override;
  std::optional<std::uint32_t> better_software_device() const override;

 private:
  EglContext(bool owned, bool es) noexcept : NativeContext(owned, es) {}
  Result<void> choose_display(const Options& options);
  bool is_on_software_device() const;
  void read_extensions();

  platform::DynamicLibrary library_;
  EglFunctions egl_;
  EGLDisplay display_ = EGL_NO_DISPLAY;
  EGLContext context_ = EGL_NO_CONTEXT;
  std::unordered_set<std::string> extensions_;
};

// Where EGL is what the system has, each context is such a one.
inline const EglContext& egl_of(const Context& context) noexcept {
  return static_cast<const EglContext&>(context.native());
}

}  // namespace geyser::opengl
