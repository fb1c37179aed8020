#include "opengl/egl_error.hpp"

#include <string>

#include "common/text.hpp"

namespace geyser::opengl {

using detail::text;

namespace {

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

}  // namespace

GeyserError make_egl_error(const EglFunctions& egl, const char* call) {
  const EGLint code = egl.eglGetError();
  return GeyserError(code == EGL_CONTEXT_LOST ? ErrorCode::device_lost : ErrorCode::not_available,
                     text(call, " failed."), NativeError{NativeDomain::egl, code, egl_name(code)});
}

}  // namespace geyser::opengl
