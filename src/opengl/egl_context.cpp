#include "opengl/egl_context.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "opengl/egl_error.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

bool contains_word(const char* list, std::string_view word) {
  if (list == nullptr) return false;
  std::string_view rest(list);
  while (!rest.empty()) {
    const auto end = rest.find(' ');
    if (rest.substr(0, end) == word) return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<NativeContext>> NativeContext::create(const Options& options) {
  auto context = EglContext::open(true, options.profile == Profile::es);
  if (!context) return fail(std::move(context.error()));
  if (auto made = (*context)->create_context(options); !made) return fail(std::move(made.error()));
  return context;
}

Result<std::unique_ptr<NativeContext>> NativeContext::wrap() {
  auto context = EglContext::open(false, false);
  if (!context) return fail(std::move(context.error()));
  if (auto taken = (*context)->take_current(); !taken) return fail(std::move(taken.error()));
  return context;
}

Result<std::unique_ptr<EglContext>> EglContext::open(bool owned, bool es) {
  std::unique_ptr<EglContext> context(new EglContext(owned, es));
  auto library = open_egl();
  if (!library) return fail(std::move(library.error()));
  context->library_ = *std::move(library);
  auto egl = load_egl(context->library_);
  if (!egl) return fail(std::move(egl.error()));
  context->egl_ = *egl;
  return context;
}

Result<void> EglContext::take_current() {
  context_ = egl_.eglGetCurrentContext();
  display_ = egl_.eglGetCurrentDisplay();
  if (context_ == EGL_NO_CONTEXT) {
    return fail(ErrorCode::not_available, "No EGL context is current on this thread.");
  }
  // Not eglQueryAPI(): what the caller has bound since is about contexts to come.
  EGLint client = EGL_OPENGL_API;
  egl_.eglQueryContext(display_, context_, EGL_CONTEXT_CLIENT_TYPE, &client);
  es_ = client == EGL_OPENGL_ES_API;
  read_extensions();
  return {};
}

Result<void> EglContext::choose_display(const Options& options) {
  const char* client = egl_.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  if (egl_.eglGetPlatformDisplayEXT == nullptr) {
    return fail(ErrorCode::not_available, "EGL has no platform displays (EGL_EXT_platform_base).");
  }
  const bool surfaceless = contains_word(client, "EGL_MESA_platform_surfaceless");
  const bool device_wanted = options.device_index.has_value() || options.device_uuid.has_value() || !surfaceless;
  if (device_wanted && egl_.eglQueryDevicesEXT != nullptr && contains_word(client, "EGL_EXT_platform_device")) {
    std::array<EGLDeviceEXT, 32> devices{};
    EGLint count = 0;
    egl_.eglQueryDevicesEXT(static_cast<EGLint>(devices.size()), devices.data(), &count);
    const std::uint32_t index = options.device_index.value_or(0);
    if (index < static_cast<std::uint32_t>(count)) {
      display_ = egl_.eglGetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_EXT, devices.at(index), nullptr);
    } else if (options.device_index) {
      return fail(ErrorCode::not_available, text("EGL device [", index, "] does not exist, there are [", count, "]."));
    }
  }
  if (display_ == EGL_NO_DISPLAY && surfaceless) {
    display_ = egl_.eglGetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr);
  }
  if (display_ == EGL_NO_DISPLAY) {
    return fail(ErrorCode::not_available, "EGL has neither a surfaceless display nor a device.");
  }
  // Never eglTerminate: displays are shared by the whole process.
  if (egl_.eglInitialize(display_, nullptr, nullptr) != EGL_TRUE) return fail(make_egl_error(egl_, "eglInitialize"));
  return {};
}

std::uint32_t EglContext::device_count() const {
  const char* client = egl_.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  if (!contains_word(client, "EGL_EXT_platform_device") || egl_.eglQueryDevicesEXT == nullptr) return 0;
  EGLint count = 0;
  egl_.eglQueryDevicesEXT(0, nullptr, &count);
  return static_cast<std::uint32_t>(std::max(count, 0));
}

std::optional<std::uint32_t> EglContext::better_software_device() const {
  if (is_on_software_device()) return std::nullopt;
  const char* client = egl_.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  if (!contains_word(client, "EGL_EXT_platform_device") || egl_.eglQueryDevicesEXT == nullptr ||
      egl_.eglQueryDeviceStringEXT == nullptr) {
    return std::nullopt;
  }
  std::array<EGLDeviceEXT, 32> devices{};
  EGLint count = 0;
  egl_.eglQueryDevicesEXT(static_cast<EGLint>(devices.size()), devices.data(), &count);
  for (EGLint i = 0; i < count; ++i) {
    const auto index = static_cast<std::uint32_t>(i);
    const char* extensions = egl_.eglQueryDeviceStringEXT(devices.at(index), EGL_EXTENSIONS);
    if (contains_word(extensions, "EGL_MESA_device_software")) return index;
  }
  return std::nullopt;
}

bool EglContext::is_on_software_device() const {
  const char* client = egl_.eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  EGLAttrib device = 0;
  if (!contains_word(client, "EGL_EXT_device_query") || egl_.eglQueryDisplayAttribEXT == nullptr ||
      egl_.eglQueryDeviceStringEXT == nullptr ||
      egl_.eglQueryDisplayAttribEXT(display_, EGL_DEVICE_EXT, &device) != EGL_TRUE) {
    return false;
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): EGL's own attribute type for handles
  const auto handle = reinterpret_cast<EGLDeviceEXT>(device);
  return contains_word(egl_.eglQueryDeviceStringEXT(handle, EGL_EXTENSIONS), "EGL_MESA_device_software");
}

Result<void> EglContext::create_context(const Options& options) {
  if (auto chosen = choose_display(options); !chosen) return chosen;
  const EGLenum previous_api = egl_.eglQueryAPI();
  if (egl_.eglBindAPI(es_ ? EGL_OPENGL_ES_API : EGL_OPENGL_API) != EGL_TRUE) {
    return fail(make_egl_error(egl_, "eglBindAPI"));
  }
  const std::array<EGLint, 5> config_attributes{EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE,
                                                es_ ? EGL_OPENGL_ES3_BIT : EGL_OPENGL_BIT, EGL_NONE};
  EGLConfig config = nullptr;
  EGLint count = 0;
  egl_.eglChooseConfig(display_, config_attributes.data(), &config, 1, &count);
  std::vector<EGLint> attributes{EGL_CONTEXT_MAJOR_VERSION, es_ ? 3 : 4, EGL_CONTEXT_MINOR_VERSION, es_ ? 2 : 5};
  if (!es_) attributes.insert(attributes.end(), {EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT});
  if (options.debug) attributes.insert(attributes.end(), {EGL_CONTEXT_OPENGL_DEBUG, EGL_TRUE});
  attributes.push_back(EGL_NONE);
  // Without a config where the display has none without surfaces (EGL_KHR_no_config_context).
  context_ = egl_.eglCreateContext(display_, count > 0 ? config : nullptr, EGL_NO_CONTEXT, attributes.data());
  auto made = context_ != EGL_NO_CONTEXT ? Result<void>{}
                                         : Result<void>(fail(make_egl_error(egl_, "eglCreateContext")
                                                                 .during(es_ ? "making an OpenGL ES 3.2 context"
                                                                             : "making an OpenGL 4.5 core context")));
  egl_.eglBindAPI(previous_api);
  read_extensions();
  return made;
}

void EglContext::read_extensions() {
  const char* extensions = egl_.eglQueryString(display_, EGL_EXTENSIONS);
  std::istringstream words(extensions != nullptr ? extensions : "");
  for (std::string word; words >> word;) extensions_.insert(word);
}

EglContext::~EglContext() {
  if (!is_owned() || context_ == EGL_NO_CONTEXT) return;
  if (is_current()) release_current();
  egl_.eglDestroyContext(display_, context_);
}

Procedure EglContext::procedure(const char* name) const noexcept { return egl_.eglGetProcAddress(name); }

Result<void> EglContext::make_current() const {
  if (egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_) != EGL_TRUE) {
    return fail(make_egl_error(egl_, "eglMakeCurrent"));
  }
  return {};
}

void EglContext::release_current() const noexcept {
  egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
}

NativeContext::Held EglContext::held() const noexcept {
  return {{egl_.eglGetCurrentDisplay(), egl_.eglGetCurrentContext(), egl_.eglGetCurrentSurface(EGL_DRAW),
           egl_.eglGetCurrentSurface(EGL_READ)}};
}

void EglContext::bring_back(const Held& held) const noexcept {
  const auto& [display, context, draw, read] = held.parts;
  if (context == EGL_NO_CONTEXT) {
    release_current();
  } else {
    egl_.eglMakeCurrent(display, draw, read, context);
  }
}

}  // namespace geyser::opengl
