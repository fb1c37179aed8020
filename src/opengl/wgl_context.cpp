// A WGL context; Geyser's own has a hidden window. opengl32.dll is loaded at run time.
#include <optional>
#include <string_view>
#include <utility>

#include "common/text.hpp"
#include "opengl/loader.hpp"
#include "opengl/native_context.hpp"
#include "platform/dynamic_library.hpp"
#include "platform/win32/hidden_window.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

// WGL_ARB_create_context, _create_context_profile, WGL_EXT_create_context_es2_profile.
constexpr int major_version = 0x2091;
constexpr int minor_version = 0x2092;
constexpr int context_flags = 0x2094;
constexpr int debug_flag = 1;
constexpr int profile_mask = 0x9126;
constexpr int core_profile = 1;
constexpr int es2_profile = 4;

struct WglFunctions {
  Procedure(WINAPI* wglGetProcAddress)(const char*) = nullptr;
  HGLRC(WINAPI* wglCreateContext)(HDC) = nullptr;
  BOOL(WINAPI* wglDeleteContext)(HGLRC) = nullptr;
  BOOL(WINAPI* wglMakeCurrent)(HDC, HGLRC) = nullptr;
  HGLRC(WINAPI* wglGetCurrentContext)() = nullptr;
  HDC(WINAPI* wglGetCurrentDC)() = nullptr;
};
using CreateContextAttribs = HGLRC(WINAPI*)(HDC, HGLRC, const int*);

GeyserError wgl_error(const char* call) {
  return platform::win32_error(ErrorCode::not_available, text(call, " failed."), ::GetLastError());
}

class WglContext final : public NativeContext {
 public:
  static Result<std::unique_ptr<WglContext>> open(bool owned, bool es) {
    constexpr std::array<const char*, 1> names{"opengl32.dll"};
    auto library = platform::DynamicLibrary::open(names);
    if (!library) return fail(std::move(library.error()).during("loading OpenGL"));
    std::unique_ptr<WglContext> context(new WglContext(owned, es, *std::move(library)));
    const char* missing = nullptr;
    const auto load = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(context->library_.symbol(name));
      if (function == nullptr) missing = name;
    };
    load(context->wgl_.wglGetProcAddress, "wglGetProcAddress");
    load(context->wgl_.wglCreateContext, "wglCreateContext");
    load(context->wgl_.wglDeleteContext, "wglDeleteContext");
    load(context->wgl_.wglMakeCurrent, "wglMakeCurrent");
    load(context->wgl_.wglGetCurrentContext, "wglGetCurrentContext");
    load(context->wgl_.wglGetCurrentDC, "wglGetCurrentDC");
    if (missing != nullptr) return fail(ErrorCode::not_available, text("opengl32.dll has no [", missing, "]."));
    return context;
  }

  Result<void> create_context(const Options& options) {
    if (options.device_index) {
      return fail(ErrorCode::not_available,
                  text("WGL has no devices to choose from; device [", *options.device_index, "] was asked for."));
    }
    auto window = platform::HiddenWindow::create();
    if (!window) return fail(std::move(window.error()));
    window_.emplace(*std::move(window));
    device_ = window_->device_context();
    // The function that makes a context of a version is told only while an old one is current.
    const HGLRC old = wgl_.wglCreateContext(device_);
    if (old == nullptr) return fail(wgl_error("wglCreateContext"));
    const Held before = held();
    Result<void> made;
    if (wgl_.wglMakeCurrent(device_, old) == FALSE) {
      made = fail(wgl_error("wglMakeCurrent"));
    } else {
      made = create_version(options);
      bring_back(before);
    }
    wgl_.wglDeleteContext(old);
    return made;
  }

  Result<void> take_current() {
    context_ = wgl_.wglGetCurrentContext();
    device_ = wgl_.wglGetCurrentDC();
    if (context_ == nullptr) return fail(ErrorCode::not_available, "No WGL context is current on this thread.");
    const auto get_string = reinterpret_cast<decltype(&::glGetString)>(procedure("glGetString"));
    const auto* version = get_string != nullptr ? get_string(GL_VERSION) : nullptr;
    es_ = version != nullptr && std::string_view(reinterpret_cast<const char*>(version)).starts_with("OpenGL ES");
    return {};
  }

  ~WglContext() override {
    if (!is_owned() || context_ == nullptr) return;
    if (is_current()) release_current();
    wgl_.wglDeleteContext(context_);
  }

  // wglGetProcAddress knows what is newer than OpenGL 1.1; some drivers give small numbers for what they have not.
  Procedure procedure(const char* name) const noexcept override {
    const Procedure found = wgl_.wglGetProcAddress(name);
    const auto number = reinterpret_cast<std::intptr_t>(found);
    if (number > 3 || number < -1) return found;
    return reinterpret_cast<Procedure>(library_.symbol(name));
  }
  bool is_current() const noexcept override { return wgl_.wglGetCurrentContext() == context_; }
  Result<void> make_current() const override {
    if (wgl_.wglMakeCurrent(device_, context_) == FALSE) return fail(wgl_error("wglMakeCurrent"));
    return {};
  }
  bool has_descriptors() const noexcept override { return false; }
  void release_current() const noexcept override { wgl_.wglMakeCurrent(nullptr, nullptr); }
  Held held() const noexcept override { return {{wgl_.wglGetCurrentDC(), wgl_.wglGetCurrentContext(), {}, {}}}; }
  void bring_back(const Held& held) const noexcept override {
    wgl_.wglMakeCurrent(static_cast<HDC>(held.parts[0]), static_cast<HGLRC>(held.parts[1]));
  }

 private:
  WglContext(bool owned, bool es, platform::DynamicLibrary library) noexcept
      : NativeContext(owned, es), library_(std::move(library)) {}

  Result<void> create_version(const Options& options) {
    const auto create = reinterpret_cast<CreateContextAttribs>(wgl_.wglGetProcAddress("wglCreateContextAttribsARB"));
    if (create == nullptr) {
      return fail(ErrorCode::not_available, "OpenGL's driver has no [wglCreateContextAttribsARB].");
    }
    const std::array<int, 9> attributes{major_version,
                                        is_es() ? 3 : 4,
                                        minor_version,
                                        is_es() ? 2 : 5,
                                        profile_mask,
                                        is_es() ? es2_profile : core_profile,
                                        context_flags,
                                        options.debug ? debug_flag : 0,
                                        0};
    context_ = create(device_, nullptr, attributes.data());
    if (context_ != nullptr) return {};
    return fail(wgl_error("wglCreateContextAttribsARB")
                    .during(is_es() ? "making an OpenGL ES 3.2 context" : "making an OpenGL 4.5 core context"));
  }

  platform::DynamicLibrary library_;
  WglFunctions wgl_;
  std::optional<platform::HiddenWindow> window_;  // of an own context
  HDC device_ = nullptr;
  HGLRC context_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<NativeContext>> NativeContext::create(const Options& options) {
  auto context = WglContext::open(true, options.profile == Profile::es);
  if (!context) return fail(std::move(context.error()));
  if (auto made = (*context)->create_context(options); !made) return fail(std::move(made.error()));
  return context;
}

Result<std::unique_ptr<NativeContext>> NativeContext::wrap() {
  auto context = WglContext::open(false, false);
  if (!context) return fail(std::move(context.error()));
  if (auto taken = (*context)->take_current(); !taken) return fail(std::move(taken.error()));
  return context;
}

}  // namespace geyser::opengl
