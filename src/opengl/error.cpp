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
