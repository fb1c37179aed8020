// A window that nobody sees, for APIs that make a context only on a window's device context.
#pragma once

#include "platform/win32/error.hpp"

namespace geyser::platform {

// The system destroys a window with the thread that made it, and lets no other thread do so.
class GEYSER_API HiddenWindow {
 public:
  // With a pixel format that OpenGL draws to. Errors: not_available, operating_system.
  [[nodiscard]] static Result<HiddenWindow> create();
  HiddenWindow(HiddenWindow&& other) noexcept;
  HiddenWindow& operator=(HiddenWindow&&) = delete;
  ~HiddenWindow();

  [[nodiscard]] HDC device_context() const noexcept { return device_context_; }

 private:
  HiddenWindow() noexcept = default;
  HWND window_ = nullptr;
  HDC device_context_ = nullptr;
};

}  // namespace geyser::platform
