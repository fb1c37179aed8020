#include "opengl/context.hpp"

#include <array>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "opengl/error.hpp"
#include "opengl/fence.hpp"
#include "opengl/native_fence.hpp"

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

void GLAPIENTRY on_debug_message(GLenum, GLenum type, GLuint, GLenum, GLsizei, const GLchar* message,
                                 const void* user) {
  const auto* context = static_cast<const Context*>(user);
  if (type != GL_DEBUG_TYPE_ERROR || !context->diagnostics()) return;
  context->diagnostics()(GeyserError(ErrorCode::invalid_argument, text("The OpenGL driver reports: ", message)));
}

const char* string_of(const GLubyte* value) { return value != nullptr ? reinterpret_cast<const char*>(value) : ""; }

}  // namespace

Result<std::shared_ptr<Context>> Context::create(const Options& options) {
  auto context = create_on(options);
  // Mesa's surfaceless platform takes the first device node even where it then renders in software. Mesa 25.0 there
  // imports that node's buffers only, and others' as zeros, without an error: its software device takes them all.
  if (!context || options.device_index || options.device_uuid || !(*context)->is_software() ||
      (*context)->is_on_software_device()) {
    return context;
  }
  Options software = options;
  software.device_index = (*context)->software_device();
  return software.device_index ? create_on(software) : std::move(context);
}

Result<std::shared_ptr<Context>> Context::create_on(const Options& options) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = options.diagnostics;
  context->owned_ = true;
  context->es_ = options.profile == Profile::es;
  if (auto made = context->create_context(options); !made) return fail(std::move(made.error()));
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  if (options.device_uuid && context->identity_.device_uuid != *options.device_uuid) {
    return fail(ErrorCode::not_available, text("No EGL device has UUID [", to_string(*options.device_uuid),
                                               "]; this one is [", to_string(context->identity_), "]."));
  }
  if (options.debug && context->gl_.glDebugMessageCallback != nullptr) {
    context->gl_.glDebugMessageCallback(on_debug_message, context.get());
  }
  return context;
}

Result<std::shared_ptr<Context>> Context::wrap(DiagnosticHandler diagnostics) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = std::move(diagnostics);
  auto library = open_egl();
  if (!library) return fail(std::move(library.error()));
  context->library_ = *std::move(library);
  auto egl = load_egl(context->library_);
  if (!egl) return fail(std::move(egl.error()));
  context->egl_ = *egl;
  context->context_ = egl->eglGetCurrentContext();
  context->display_ = egl->eglGetCurrentDisplay();
  if (context->context_ == EGL_NO_CONTEXT) {
    return fail(ErrorCode::not_available, "No EGL context is current on this thread.");
  }
  // Not eglQueryAPI(): what the caller has bound since is about contexts to come.
  EGLint client = EGL_OPENGL_API;
  egl->eglQueryContext(context->display_, context->context_, EGL_CONTEXT_CLIENT_TYPE, &client);
  context->es_ = client == EGL_OPENGL_ES_API;
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  return context;
}

Result<void> Context::choose_display(const Options& options) {
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

std::optional<std::uint32_t> Context::software_device() const {
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

bool Context::is_on_software_device() const {
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

Result<void> Context::create_context(const Options& options) {
  auto library = open_egl();
  if (!library) return fail(std::move(library.error()));
  library_ = *std::move(library);
  auto egl = load_egl(library_);
  if (!egl) return fail(std::move(egl.error()));
  egl_ = *egl;
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
  return made;
}

Result<void> Context::initialize() {
  auto gl = load_gl(egl_);
  if (!gl) return fail(std::move(gl.error()));
  gl_ = *gl;
  if (es_) gl_.glTextureView = reinterpret_cast<PFNGLTEXTUREVIEWPROC>(egl_.eglGetProcAddress("glTextureViewOES"));
  clear_errors(gl_);
  GLint count = 0;
  gl_.glGetIntegerv(GL_NUM_EXTENSIONS, &count);
  for (GLint i = 0; i < count; ++i) {
    extensions_.emplace(string_of(gl_.glGetStringi(GL_EXTENSIONS, static_cast<GLuint>(i))));
  }
  const char* display_extensions = egl_.eglQueryString(display_, EGL_EXTENSIONS);
  std::istringstream words(display_extensions != nullptr ? display_extensions : "");
  for (std::string word; words >> word;) egl_extensions_.insert(word);
  identity_.device_name = string_of(gl_.glGetString(GL_RENDERER));
  identity_.driver_name = string_of(gl_.glGetString(GL_VERSION));
  GLint devices = 0;
  if (has("GL_EXT_memory_object") && gl_.glGetUnsignedBytevEXT != nullptr && gl_.glGetUnsignedBytei_vEXT != nullptr) {
    gl_.glGetIntegerv(GL_NUM_DEVICE_UUIDS_EXT, &devices);
  }
  // A context over several linked devices has no single identity.
  if (devices == 1) {
    gl_.glGetUnsignedBytei_vEXT(GL_DEVICE_UUID_EXT, 0, identity_.device_uuid.data());
    gl_.glGetUnsignedBytevEXT(GL_DRIVER_UUID_EXT, identity_.driver_uuid.data());
    identity_.has_uuids = true;
  }
  native_fences_ = probe_native_fences(*this);
  return check(gl_, "reading the device's identity");
}

Context::~Context() {
  if (owned_ && context_ != EGL_NO_CONTEXT) {
    if (is_current()) release_current();
    egl_.eglDestroyContext(display_, context_);
  }
}

GlFence* Context::find_fence(const SharedFence& fence) const {
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second : nullptr;
}
void Context::add_fence(GlFence& fence) { fences_[fence.id()] = &fence; }
void Context::remove_fence(const GlFence& fence) noexcept {
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

Result<void> Context::make_current() const {
  if (egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_) != EGL_TRUE) {
    return fail(make_egl_error(egl_, "eglMakeCurrent"));
  }
  return {};
}

void Context::release_current() const noexcept {
  egl_.eglMakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
}

Result<Current> Current::open(const Context& context) {
  if (context.is_current()) return Current(nullptr);
  if (!context.owned_) {
    return fail(ErrorCode::invalid_argument, "The wrapped OpenGL context is not current on this thread.");
  }
  Current current(&context);
  current.display_ = context.egl_.eglGetCurrentDisplay();
  current.previous_ = context.egl_.eglGetCurrentContext();
  current.draw_ = context.egl_.eglGetCurrentSurface(EGL_DRAW);
  current.read_ = context.egl_.eglGetCurrentSurface(EGL_READ);
  if (auto made = context.make_current(); !made) {
    current.context_ = nullptr;
    return fail(std::move(made.error()));
  }
  return current;
}

Current::Current(Current&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      display_(other.display_),
      previous_(other.previous_),
      draw_(other.draw_),
      read_(other.read_) {}

Current::~Current() {
  if (context_ == nullptr) return;
  if (previous_ == EGL_NO_CONTEXT) {
    context_->release_current();
  } else {
    context_->egl_.eglMakeCurrent(display_, draw_, read_, previous_);
  }
}

}  // namespace geyser::opengl
