#include "opengl/context.hpp"

#include <utility>

#include "common/text.hpp"
#include "opengl/dx_interop.hpp"
#include "opengl/error.hpp"
#include "opengl/fence.hpp"
#include "opengl/native_fence.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

void APIENTRY on_debug_message(GLenum, GLenum type, GLuint, GLenum, GLsizei, const GLchar* message, const void* user) {
  const auto* context = static_cast<const Context*>(user);
  if (type != GL_DEBUG_TYPE_ERROR || !context->diagnostics()) return;
  context->diagnostics()(GeyserError(ErrorCode::invalid_argument, text("The OpenGL driver reports: ", message)));
}

const char* string_of(const GLubyte* value) { return value != nullptr ? reinterpret_cast<const char*>(value) : ""; }

}  // namespace

Context::Context() = default;
// Before the context, which its driver's objects are of.
Context::~Context() { interop_.reset(); }

Result<std::shared_ptr<Context>> Context::create(const Options& options) {
  auto context = create_on(options);
  if (context && options.device_uuid) return find_device(options, *std::move(context));
  // Mesa's surfaceless platform takes the first device node even where it then renders in software. Mesa 25.0 there
  // imports that node's buffers only, and others' as zeros, without an error: its software device takes them all.
  if (!context || options.device_index || !(*context)->is_software()) return context;
  Options software = options;
  software.device_index = (*context)->native().better_software_device();
  return software.device_index ? create_on(software) : std::move(context);
}

// Which UUID a device has only a context on it can say.
Result<std::shared_ptr<Context>> Context::find_device(const Options& options, std::shared_ptr<Context> first) {
  const auto fits = [&](const Context& context) { return context.identity_.device_uuid == *options.device_uuid; };
  if (fits(*first)) return first;
  const std::uint32_t count = options.device_index ? 0 : first->native().device_count();
  for (std::uint32_t index = 0; index < count; ++index) {
    Options one = options;
    one.device_index = index;
    if (auto other = create_on(one); other && fits(**other)) return other;
  }
  return fail(ErrorCode::not_available, text("No device of OpenGL's has UUID [", to_string(*options.device_uuid),
                                             "]; the first is [", to_string(first->identity_), "]."));
}

Result<std::shared_ptr<Context>> Context::create_on(const Options& options) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = options.diagnostics;
  auto native = NativeContext::create(options);
  if (!native) return fail(std::move(native.error()));
  context->native_ = *std::move(native);
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  if (options.debug && context->gl_.glDebugMessageCallback != nullptr) {
    context->gl_.glDebugMessageCallback(on_debug_message, context.get());
  }
  if (auto opened = context->open_interop(options.direct3d_device); !opened) return fail(std::move(opened.error()));
  return context;
}

Result<std::shared_ptr<Context>> Context::wrap(const WrapOptions& options) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = options.diagnostics;
  context->lookup_ = options.procedure;
  auto native = NativeContext::wrap();
  if (!native) return fail(std::move(native.error()));
  context->native_ = *std::move(native);
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  if (auto opened = context->open_interop(options.direct3d_device); !opened) return fail(std::move(opened.error()));
  return context;
}

Result<void> Context::open_interop(void* device) {
  if (device == nullptr) return {};
  auto opened = DxInterop::open(*this, device);
  if (!opened) return fail(std::move(opened.error()).during("looking at the Direct3D 11 device"));
  interop_ = *std::move(opened);
  if (interop_ == nullptr) return {};
  // The driver reaches the device's adapter, and has no number of its own for it.
  const DeviceIdentity& adapter = interop_->direct3d().capabilities().identity;
  identity_.has_luid = true;
  identity_.luid = adapter.luid;
  identity_.node_mask = adapter.node_mask;
  return {};
}

std::shared_ptr<SharedFence> Context::find_direct3d_fence(const SharedFence& fence) const {
  return interop_ != nullptr ? interop_->find_fence(fence) : nullptr;
}

Procedure Context::procedure(const char* name) const { return lookup_ ? lookup_(name) : native_->procedure(name); }

Result<void> Context::initialize() {
  auto gl = load_gl([this](const char* name) { return procedure(name); }, !native_->has_surfaces());
  if (!gl) return fail(std::move(gl.error()));
  gl_ = *gl;
  if (is_es()) gl_.glTextureView = reinterpret_cast<PFNGLTEXTUREVIEWPROC>(procedure("glTextureViewOES"));
  clear_errors(gl_);
  GLint count = 0;
  gl_.glGetIntegerv(GL_NUM_EXTENSIONS, &count);
  for (GLint i = 0; i < count; ++i) {
    extensions_.emplace(string_of(gl_.glGetStringi(GL_EXTENSIONS, static_cast<GLuint>(i))));
  }
  read_identity();
  native_fences_ = probe_native_fences(*this);
  return check(gl_, "reading the device's identity");
}

void Context::read_identity() {
  identity_.device_name = string_of(gl_.glGetString(GL_RENDERER));
  identity_.driver_name = string_of(gl_.glGetString(GL_VERSION));
  native_->describe(identity_);
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
  // GL_EXT_memory_object_win32 and GL_EXT_semaphore_win32 each bring these.
  const bool windows = has("GL_EXT_memory_object_win32") || has("GL_EXT_semaphore_win32");
  if (!windows || gl_.glGetUnsignedBytevEXT == nullptr) return;
  gl_.glGetUnsignedBytevEXT(GL_DEVICE_LUID_EXT, identity_.luid.data());
  GLint nodes = 0;
  gl_.glGetIntegerv(GL_DEVICE_NODE_MASK_EXT, &nodes);
  identity_.node_mask = static_cast<std::uint32_t>(nodes);
  // An answer that is an error is none.
  identity_.has_luid = check(gl_, "reading the adapter's LUID").has_value();
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

Result<Current> Current::open(const Context& context) {
  const NativeContext& native = context.native();
  if (native.is_current()) return Current(nullptr);
  if (!native.is_owned()) {
    return fail(ErrorCode::invalid_argument, "The wrapped OpenGL context is not current on this thread.");
  }
  const NativeContext::Held held = native.held();
  if (auto made = native.make_current(); !made) return fail(std::move(made.error()));
  Current current(&context);
  current.held_ = held;
  return current;
}

Current::Current(Current&& other) noexcept : context_(std::exchange(other.context_, nullptr)), held_(other.held_) {}

Current::~Current() {
  if (context_ != nullptr) context_->native().bring_back(held_);
}

}  // namespace geyser::opengl
