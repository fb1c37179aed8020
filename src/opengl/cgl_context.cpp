#include "opengl/cgl_context.hpp"

#include <array>
#include <utility>
#include <vector>

#include "common/text.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

GeyserError cgl_error(const char* call, CGLError error) {
  return {ErrorCode::not_available, text(call, " fails with [", CGLErrorString(error), "].")};
}

// One that OpenGL can run on.
struct Renderer {
  GLint id = 0;
  std::uint64_t registry_id = 0;  // MTLDevice.registryID; 0: a renderer on no device of Metal's
};

std::vector<Renderer> renderers() {
  constexpr GLuint every_display = ~GLuint{0};
  CGLRendererInfoObj information = nullptr;
  GLint count = 0;
  if (CGLQueryRendererInfo(every_display, &information, &count) != kCGLNoError) return {};
  std::vector<Renderer> all;
  for (GLint i = 0; i < count; ++i) {
    GLint id = 0;
    GLint low = 0;
    GLint high = 0;
    if (CGLDescribeRenderer(information, i, kCGLRPRendererID, &id) != kCGLNoError) continue;
    // Older systems know no registry.
    CGLDescribeRenderer(information, i, kCGLRPRegistryIDLow, &low);
    CGLDescribeRenderer(information, i, kCGLRPRegistryIDHigh, &high);
    all.push_back({id, std::uint64_t{static_cast<std::uint32_t>(high)} << 32U | static_cast<std::uint32_t>(low)});
  }
  CGLDestroyRendererInfo(information);
  return all;
}

}  // namespace

Result<std::unique_ptr<NativeContext>> NativeContext::create(const Options& options) {
  if (options.profile == Profile::es) return fail(ErrorCode::not_available, "This system has no OpenGL ES.");
  auto context = CglContext::open(true);
  if (!context) return fail(std::move(context.error()));
  if (auto made = (*context)->create_context(options); !made) return fail(std::move(made.error()));
  return context;
}

Result<std::unique_ptr<NativeContext>> NativeContext::wrap() {
  auto context = CglContext::open(false);
  if (!context) return fail(std::move(context.error()));
  if (auto taken = (*context)->take_current(); !taken) return fail(std::move(taken.error()));
  return context;
}

Result<std::unique_ptr<CglContext>> CglContext::open(bool owned) {
  constexpr std::array<const char*, 1> names{"/System/Library/Frameworks/OpenGL.framework/OpenGL"};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading OpenGL"));
  std::unique_ptr<CglContext> context(new CglContext(owned));
  context->library_ = *std::move(library);
  return context;
}

Result<void> CglContext::create_context(const Options& options) {
  std::vector<CGLPixelFormatAttribute> attributes{kCGLPFAAllowOfflineRenderers, kCGLPFAOpenGLProfile,
                                                  static_cast<CGLPixelFormatAttribute>(kCGLOGLPVersion_GL4_Core)};
  if (options.device_index) {
    const std::vector<Renderer> all = renderers();
    if (*options.device_index >= all.size()) {
      return fail(ErrorCode::not_available,
                  text("CGL renderer [", *options.device_index, "] does not exist, there are [", all.size(), "]."));
    }
    attributes.push_back(kCGLPFARendererID);
    attributes.push_back(static_cast<CGLPixelFormatAttribute>(all[*options.device_index].id));
  }
  attributes.push_back(static_cast<CGLPixelFormatAttribute>(0));
  CGLPixelFormatObj format = nullptr;
  GLint count = 0;
  const CGLError chosen = CGLChoosePixelFormat(attributes.data(), &format, &count);
  if (chosen != kCGLNoError) return fail(cgl_error("CGLChoosePixelFormat", chosen));
  // None fits, and no error.
  if (format == nullptr) return fail(ErrorCode::not_available, "No renderer of CGL's has OpenGL 4.1 core.");
  const CGLError made = CGLCreateContext(format, nullptr, &context_);
  CGLReleasePixelFormat(format);
  if (made != kCGLNoError) return fail(cgl_error("CGLCreateContext", made).during("making an OpenGL 4.1 core context"));
  return {};
}

Result<void> CglContext::take_current() {
  context_ = CGLGetCurrentContext();
  if (context_ == nullptr) return fail(ErrorCode::not_available, "No CGL context is current on this thread.");
  return {};
}

CglContext::~CglContext() {
  if (!is_owned() || context_ == nullptr) return;
  if (is_current()) release_current();
  CGLReleaseContext(context_);
}

Procedure CglContext::procedure(const char* name) const noexcept {
  return reinterpret_cast<Procedure>(library_.symbol(name));
}

Result<void> CglContext::make_current() const {
  const CGLError error = CGLSetCurrentContext(context_);
  if (error != kCGLNoError) return fail(cgl_error("CGLSetCurrentContext", error));
  return {};
}

// A renderer has no name but its number, which two devices of one model share: then it says nothing.
void CglContext::describe(DeviceIdentity& identity) const {
  GLint current = 0;
  if (CGLGetParameter(context_, kCGLCPCurrentRendererID, &current) != kCGLNoError) return;
  std::uint64_t found = 0;
  for (const Renderer& renderer : renderers()) {
    if (renderer.id != current || renderer.registry_id == 0) continue;
    if (found != 0 && found != renderer.registry_id) return;
    found = renderer.registry_id;
  }
  identity.metal_registry_id = found;
}

}  // namespace geyser::opengl
