#include "open_gl.hpp"

#include <EGL/eglext.h>
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace geyser::apple_double {

namespace {

constexpr GLenum rectangle = GL_TEXTURE_RECTANGLE;

// Functions of this system's.
template <typename Function>
Function real(const char* name) {
  auto* function = reinterpret_cast<Function>(eglGetProcAddress(name));
  if (function == nullptr) {
    std::fprintf(stderr, "apple double: this system's OpenGL has no %s\n", name);
    std::abort();
  }
  return function;
}
#define REAL(name) real<decltype(&::name)>(#name)

EGLDisplay display() {
  static const EGLDisplay opened = [] {
    EGLDisplay one = eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, nullptr, nullptr);
    return eglInitialize(one, nullptr, nullptr) == EGL_TRUE ? one : EGL_NO_DISPLAY;
  }();
  return opened;
}

thread_local GlContext* current_context = nullptr;

// Sets what a copy without padding needs, and the caller's texture and pixel state back.
class Transfer {
 public:
  explicit Transfer(GLuint texture) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      REAL(glGetIntegerv)(names[i], &stores_[i]);
      REAL(glPixelStorei)(names[i], names[i] == GL_PACK_ALIGNMENT || names[i] == GL_UNPACK_ALIGNMENT ? 1 : 0);
    }
    REAL(glGetIntegerv)(GL_PIXEL_PACK_BUFFER_BINDING, &pack_);
    REAL(glGetIntegerv)(GL_PIXEL_UNPACK_BUFFER_BINDING, &unpack_);
    REAL(glGetIntegerv)(GL_TEXTURE_BINDING_RECTANGLE, &texture_);
    REAL(glBindBuffer)(GL_PIXEL_PACK_BUFFER, 0);
    REAL(glBindBuffer)(GL_PIXEL_UNPACK_BUFFER, 0);
    REAL(glBindTexture)(rectangle, texture);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    for (std::size_t i = 0; i < names.size(); ++i) REAL(glPixelStorei)(names[i], stores_[i]);
    REAL(glBindBuffer)(GL_PIXEL_PACK_BUFFER, static_cast<GLuint>(pack_));
    REAL(glBindBuffer)(GL_PIXEL_UNPACK_BUFFER, static_cast<GLuint>(unpack_));
    REAL(glBindTexture)(rectangle, static_cast<GLuint>(texture_));
  }

 private:
  static constexpr std::array<GLenum, 8> names{GL_PACK_ALIGNMENT,   GL_PACK_ROW_LENGTH,   GL_PACK_SKIP_ROWS,
                                               GL_PACK_SKIP_PIXELS, GL_UNPACK_ALIGNMENT,  GL_UNPACK_ROW_LENGTH,
                                               GL_UNPACK_SKIP_ROWS, GL_UNPACK_SKIP_PIXELS};
  std::array<GLint, names.size()> stores_{};
  GLint pack_ = 0, unpack_ = 0, texture_ = 0;
};

}  // namespace

std::unique_ptr<GlContext> GlContext::create() {
  if (display() == EGL_NO_DISPLAY) return nullptr;
  const EGLenum before = eglQueryAPI();
  eglBindAPI(EGL_OPENGL_API);
  const EGLint attributes[] = {
      EGL_CONTEXT_MAJOR_VERSION,           4,       EGL_CONTEXT_MINOR_VERSION, 1, EGL_CONTEXT_OPENGL_PROFILE_MASK,
      EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
  EGLContext context = eglCreateContext(display(), nullptr, EGL_NO_CONTEXT, attributes);
  eglBindAPI(before);
  if (context == EGL_NO_CONTEXT) return nullptr;
  return std::unique_ptr<GlContext>(new GlContext(context));
}

GlContext::~GlContext() {
  if (current_context == this) make_current(nullptr);
  for (auto& [name, image] : images_) CFRelease(image.surface);
  eglDestroyContext(display(), context_);
}

GlContext* GlContext::current() { return current_context; }

bool GlContext::make_current(GlContext* context) {
  EGLContext native = context != nullptr ? context->context_ : EGL_NO_CONTEXT;
  if (eglMakeCurrent(display(), EGL_NO_SURFACE, EGL_NO_SURFACE, native) != EGL_TRUE) return false;
  current_context = context;
  return true;
}

bool GlContext::attach(PlaneImage image) {
  GLint texture = 0;
  REAL(glGetIntegerv)(GL_TEXTURE_BINDING_RECTANGLE, &texture);
  if (texture == 0 || REAL(glGetError)() != GL_NO_ERROR) return false;
  REAL(glTexImage2D)
  (rectangle, 0, static_cast<GLint>(image.internal_format), static_cast<GLsizei>(image.width),
   static_cast<GLsizei>(image.height), 0, image.format, image.type, nullptr);
  if (REAL(glGetError)() != GL_NO_ERROR) return false;
  const auto name = static_cast<GLuint>(texture);
  forget(name);
  CFRetain(image.surface);
  images_[name] = std::move(image);
  look_again(name);
  return true;
}

void GlContext::look_again(unsigned texture) {
  const auto found = images_.find(texture);
  if (found == images_.end()) return;
  PlaneImage& image = found->second;
  if (!image.known.empty()) publish(texture, image);
  const std::size_t row = image.width * image.element;
  image.known.resize(row * image.height);
  for (unsigned y = 0; y < image.height; ++y) {
    std::memcpy(image.known.data() + y * row, image.base + y * image.row_bytes, row);
  }
  const Transfer transfer(texture);
  REAL(glTexSubImage2D)
  (rectangle, 0, 0, 0, static_cast<GLsizei>(image.width), static_cast<GLsizei>(image.height), image.format, image.type,
   image.known.data());
}

void GlContext::publish(unsigned texture, PlaneImage& image) {
  std::vector<std::byte> now(image.known.size());
  {
    const Transfer transfer(texture);
    REAL(glGetTexImage)(rectangle, 0, image.format, image.type, now.data());
  }
  for (unsigned y = 0; y < image.height; ++y) {
    for (unsigned x = 0; x < image.width; ++x) {
      const std::size_t at = (y * image.width + x) * image.element;
      if (std::memcmp(now.data() + at, image.known.data() + at, image.element) == 0) continue;
      std::memcpy(image.base + y * image.row_bytes + x * image.element, now.data() + at, image.element);
    }
  }
  image.known = std::move(now);
}

void GlContext::publish() {
  for (auto& [name, image] : images_) publish(name, image);
}

void GlContext::forget(unsigned texture) {
  const auto found = images_.find(texture);
  if (found == images_.end()) return;
  CFRelease(found->second.surface);
  images_.erase(found);
}

namespace {

void APIENTRY bind_texture(GLenum target, GLuint texture) {
  REAL(glBindTexture)(target, texture);
  if (target == rectangle && current_context != nullptr) current_context->look_again(texture);
}
void APIENTRY flush() {
  if (current_context != nullptr) current_context->publish();
  REAL(glFlush)();
}
void APIENTRY finish() {
  if (current_context != nullptr) current_context->publish();
  REAL(glFinish)();
}
void APIENTRY delete_textures(GLsizei count, const GLuint* textures) {
  for (GLsizei i = 0; i < count && current_context != nullptr; ++i) current_context->forget(textures[i]);
  REAL(glDeleteTextures)(count, textures);
}
// Apple's has none of the extensions that share memory.
void APIENTRY get_integer(GLenum name, GLint* value) {
  if (name == GL_NUM_EXTENSIONS) {
    *value = 0;
    return;
  }
  REAL(glGetIntegerv)(name, value);
}
const GLubyte* APIENTRY get_string(GLenum name) {
  if (name == GL_VERSION) return reinterpret_cast<const GLubyte*>("4.1 double");
  return REAL(glGetString)(name);
}

struct Function {
  std::string_view name;
  void* function;  // null: newer than 4.1
};

void* find(std::string_view name) {
  const Function functions[] = {
      {"glBindTexture", reinterpret_cast<void*>(&bind_texture)},
      {"glFlush", reinterpret_cast<void*>(&flush)},
      {"glFinish", reinterpret_cast<void*>(&finish)},
      {"glDeleteTextures", reinterpret_cast<void*>(&delete_textures)},
      {"glGetIntegerv", reinterpret_cast<void*>(&get_integer)},
      {"glGetString", reinterpret_cast<void*>(&get_string)},
      {"glCopyImageSubData", nullptr},
      {"glDebugMessageCallback", nullptr},
      {"glGetCompressedTextureSubImage", nullptr},
      {"glGetInternalformativ", nullptr},
      {"glTexStorage2D", nullptr},
      {"glTexStorage3D", nullptr},
      {"glTextureView", nullptr},
  };
  for (const Function& one : functions) {
    if (one.name == name) return one.function;
  }
  for (const std::string_view vendor : {"EXT", "NV", "OES", "KHR", "MESA"}) {
    if (name.ends_with(vendor)) return nullptr;
  }
  return reinterpret_cast<void*>(eglGetProcAddress(std::string(name).c_str()));
}

char framework;

}  // namespace

}  // namespace geyser::apple_double

// The dynamic loader, as far as it is asked for the framework.
extern "C" {

void* __real_dlopen(const char* name, int flags);
void* __real_dlsym(void* handle, const char* name);
int __real_dlclose(void* handle);

void* __wrap_dlopen(const char* name, int flags) {
  constexpr std::string_view path = "/System/Library/Frameworks/OpenGL.framework/OpenGL";
  return name != nullptr && name == path ? &geyser::apple_double::framework : __real_dlopen(name, flags);
}
void* __wrap_dlsym(void* handle, const char* name) {
  return handle == &geyser::apple_double::framework ? geyser::apple_double::find(name) : __real_dlsym(handle, name);
}
int __wrap_dlclose(void* handle) { return handle == &geyser::apple_double::framework ? 0 : __real_dlclose(handle); }

}  // extern "C"
