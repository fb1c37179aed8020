#include "opengl/loader.hpp"

#include <array>

#include "common/text.hpp"

namespace geyser::opengl {

Result<platform::DynamicLibrary> open_egl() {
  constexpr std::array<const char*, 2> names{"libEGL.so.1", "libEGL.so"};
  auto library = platform::DynamicLibrary::open(names);
  if (!library) return fail(std::move(library.error()).during("loading EGL"));
  return library;
}

Result<EglFunctions> load_egl(const platform::DynamicLibrary& library) {
  EglFunctions egl;
  const char* missing = nullptr;
#define GEYSER_EGL_LOAD(name)                                             \
  egl.name = reinterpret_cast<decltype(egl.name)>(library.symbol(#name)); \
  if (egl.name == nullptr) missing = #name;
  GEYSER_EGL_REQUIRED(GEYSER_EGL_LOAD)
#undef GEYSER_EGL_LOAD
  if (missing != nullptr) return fail(ErrorCode::not_available, detail::text("libEGL has no [", missing, "]."));
#define GEYSER_EGL_LOAD(type, name) egl.name = reinterpret_cast<type>(egl.eglGetProcAddress(#name));
  GEYSER_EGL_OPTIONAL(GEYSER_EGL_LOAD)
#undef GEYSER_EGL_LOAD
  return egl;
}

Result<GlFunctions> load_gl(const EglFunctions& egl) {
  GlFunctions gl;
  const char* missing = nullptr;
#define GEYSER_GL_LOAD(name) gl.name = reinterpret_cast<decltype(gl.name)>(egl.eglGetProcAddress(#name));
#define GEYSER_GL_NEED(name) \
  GEYSER_GL_LOAD(name)       \
  if (gl.name == nullptr) missing = #name;
  GEYSER_GL_REQUIRED(GEYSER_GL_NEED)
  GEYSER_GL_OPTIONAL(GEYSER_GL_LOAD)
#undef GEYSER_GL_NEED
#undef GEYSER_GL_LOAD
  if (missing != nullptr)
    return fail(ErrorCode::not_available, detail::text("The OpenGL driver has no [", missing, "]."));
  return gl;
}

}  // namespace geyser::opengl
