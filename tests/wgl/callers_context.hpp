// A context as an old program makes it, without Geyser's help.
#pragma once

#include <gtest/gtest.h>

#include <array>

#include "platform/dynamic_library.hpp"
#include "platform/win32/hidden_window.hpp"

namespace geyser::test {

class CallersContext {
 public:
  CallersContext() : window_(*platform::HiddenWindow::create()) {
    constexpr std::array<const char*, 1> names{"opengl32.dll"};
    library_ = *platform::DynamicLibrary::open(names);
    context_ = call<HGLRC(WINAPI*)(HDC)>("wglCreateContext")(window_.device_context());
    EXPECT_NE(context_, nullptr);
  }
  ~CallersContext() {
    release();
    call<BOOL(WINAPI*)(HGLRC)>("wglDeleteContext")(context_);
  }
  CallersContext(const CallersContext&) = delete;
  CallersContext& operator=(const CallersContext&) = delete;
  void make_current() const {
    EXPECT_TRUE(call<BOOL(WINAPI*)(HDC, HGLRC)>("wglMakeCurrent")(window_.device_context(), context_));
  }
  void release() const { call<BOOL(WINAPI*)(HDC, HGLRC)>("wglMakeCurrent")(nullptr, nullptr); }
  bool is_current() const { return call<HGLRC(WINAPI*)()>("wglGetCurrentContext")() == context_; }

 private:
  template <typename Function>
  Function call(const char* name) const {
    return reinterpret_cast<Function>(library_.symbol(name));
  }
  platform::HiddenWindow window_;
  platform::DynamicLibrary library_;
  HGLRC context_ = nullptr;
};

}  // namespace geyser::test
