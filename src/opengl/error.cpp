#include "opengl/error.hpp"

#include <string>
#include <utility>

#include "common/text.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

std::string gl_name(GLenum code) {
  switch (code) {
#define GEYSER_GL_NAME(name) \
  case name:                 \
    return #name;
    GEYSER_GL_NAME(GL_INVALID_ENUM)
    GEYSER_GL_NAME(GL_INVALID_VALUE)
    GEYSER_GL_NAME(GL_INVALID_OPERATION)
    GEYSER_GL_NAME(GL_OUT_OF_MEMORY)
    GEYSER_GL_NAME(GL_INVALID_FRAMEBUFFER_OPERATION)
    GEYSER_GL_NAME(GL_CONTEXT_LOST)
#undef GEYSER_GL_NAME
    default:
      return text("GL error ", code);
  }
}

std::string egl_name(EGLint code) {
  switch (code) {
#define GEYSER_EGL_NAME(name) \
  case name:                  \
    return #name;
    GEYSER_EGL_NAME(EGL_NOT_INITIALIZED)
    GEYSER_EGL_NAME(EGL_BAD_ACCESS)
    GEYSER_EGL_NAME(EGL_BAD_ALLOC)
    GEYSER_EGL_NAME(EGL_BAD_ATTRIBUTE)
    GEYSER_EGL_NAME(EGL_BAD_CONTEXT)
    GEYSER_EGL_NAME(EGL_BAD_CONFIG)
    GEYSER_EGL_NAME(EGL_BAD_CURRENT_SURFACE)
    GEYSER_EGL_NAME(EGL_BAD_DISPLAY)
    GEYSER_EGL_NAME(EGL_BAD_MATCH)
    GEYSER_EGL_NAME(EGL_BAD_PARAMETER)
    GEYSER_EGL_NAME(EGL_BAD_NATIVE_PIXMAP)
    GEYSER_EGL_NAME(EGL_BAD_NATIVE_WINDOW)
    GEYSER_EGL_NAME(EGL_BAD_SURFACE)
    GEYSER_EGL_NAME(EGL_BAD_DEVICE_EXT)
    GEYSER_EGL_NAME(EGL_SUCCESS)
    GEYSER_EGL_NAME(EGL_CONTEXT_LOST)
#undef GEYSER_EGL_NAME
    default:
      return text("EGL error ", code);
  }
}

ErrorCode code_of(GLenum code) {
  switch (code) {
    case GL_OUT_OF_MEMORY:
      return ErrorCode::out_of_memory;
    case GL_CONTEXT_LOST:
      return ErrorCode::device_lost;
    default:
      return ErrorCode::unsupported;
  }
}

}  // namespace

GeyserError make_egl_error(const EglFunctions& egl, const char* call) {
  const EGLint code = egl.eglGetError();
  return GeyserError(code == EGL_CONTEXT_LOST ? ErrorCode::device_lost : ErrorCode::not_available,
                     text(call, " failed."), NativeError{NativeDomain::egl, code, egl_name(code)});
}

Result<void> check(const GlFunctions& gl, const char* call) {
  const GLenum code = gl.glGetError();
  if (code == GL_NO_ERROR) return {};
  clear_errors(gl);
  return fail(GeyserError(code_of(code), text(call, " failed."),
                          NativeError{NativeDomain::opengl, static_cast<std::int64_t>(code), gl_name(code)}));
}

void clear_errors(const GlFunctions& gl) noexcept {
  // Bounded: without a current context some drivers report an error for ever.
  for (int i = 0; i < 16 && gl.glGetError() != GL_NO_ERROR; ++i) {
  }
}

void take_callers_errors(const GlFunctions& gl, const DiagnosticHandler& diagnostics) {
  if (auto pending = check(gl, "A call before Geyser's"); !pending && diagnostics) {
    diagnostics(std::move(pending.error()).during("taking over an OpenGL context with an error pending"));
  }
}

}  // namespace geyser::opengl
