// A CGL context, without a drawable where it is Geyser's own. The framework is linked, as the system's surfaces are.
#pragma once

#include <OpenGL/OpenGL.h>

#include "opengl/context.hpp"
#include "opengl/native_context.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::opengl {

class CglContext final : public NativeContext {
 public:
  static Result<std::unique_ptr<CglContext>> open(bool owned);
  Result<void> create_context(const Options& options);
  Result<void> take_current();
  ~CglContext() override;

  CGLContextObj handle() const noexcept { return context_; }

  Procedure procedure(const char* name) const noexcept override;
  bool is_current() const noexcept override { return CGLGetCurrentContext() == context_; }
  Result<void> make_current() const override;
  void release_current() const noexcept override { CGLSetCurrentContext(nullptr); }
  bool has_descriptors() const noexcept override { return false; }
  bool has_surfaces() const noexcept override { return true; }
  void describe(DeviceIdentity& identity) const override;
  Held held() const noexcept override { return {{CGLGetCurrentContext(), {}, {}, {}}}; }
  void bring_back(const Held& held) const noexcept override {
    CGLSetCurrentContext(static_cast<CGLContextObj>(held.parts[0]));
  }

 private:
  explicit CglContext(bool owned) noexcept : NativeContext(owned, false) {}

  platform::DynamicLibrary library_;
  CGLContextObj context_ = nullptr;
};

// Where CGL is what the system has, each context is such a one.
inline const CglContext& cgl_of(const Context& context) noexcept {
  return static_cast<const CglContext&>(context.native());
}

}  // namespace geyser::opengl
