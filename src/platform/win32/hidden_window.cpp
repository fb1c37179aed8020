#include "platform/win32/hidden_window.hpp"

#include <utility>

namespace geyser::platform {

namespace {

GeyserError failed(const char* sentence) { return win32_error(ErrorCode::not_available, sentence, ::GetLastError()); }

}  // namespace

Result<HiddenWindow> HiddenWindow::create() {
  HiddenWindow made;
  // The system's own class: one of Geyser's would be registered for the whole process.
  made.window_ = ::CreateWindowExW(0, L"STATIC", L"", WS_POPUP, 0, 0, 16, 16, nullptr, nullptr, nullptr, nullptr);
  if (made.window_ == nullptr) return fail(failed("CreateWindowExW failed."));
  made.device_context_ = ::GetDC(made.window_);
  if (made.device_context_ == nullptr) return fail(failed("GetDC failed."));
  PIXELFORMATDESCRIPTOR wanted{};
  wanted.nSize = sizeof(wanted);
  wanted.nVersion = 1;
  wanted.dwFlags = PFD_DRAW_TO_WINDOW | PFD_SUPPORT_OPENGL;
  wanted.iPixelType = PFD_TYPE_RGBA;
  wanted.cColorBits = 32;
  const int format = ::ChoosePixelFormat(made.device_context_, &wanted);
  if (format == 0) return fail(failed("ChoosePixelFormat failed."));
  if (::SetPixelFormat(made.device_context_, format, &wanted) == FALSE) return fail(failed("SetPixelFormat failed."));
  return made;
}

HiddenWindow::HiddenWindow(HiddenWindow&& other) noexcept
    : window_(std::exchange(other.window_, nullptr)), device_context_(std::exchange(other.device_context_, nullptr)) {}

HiddenWindow::~HiddenWindow() {
  if (device_context_ != nullptr) ::ReleaseDC(window_, device_context_);
  if (window_ != nullptr) ::DestroyWindow(window_);
}

}  // namespace geyser::platform
