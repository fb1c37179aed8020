// libEGL loaded at run time, and the entry points of it, and of GL on top of it, that Geyser calls.
#pragma once

#define EGL_NO_X11
#include <EGL/egl.h>
#include <EGL/eglext.h>

#include "opengl/loader.hpp"
#include "platform/dynamic_library.hpp"

namespace geyser::opengl {

// GL_OES_EGL_image, which not every header of desktop OpenGL has.
using ImageTargetTexture2D = void (*)(GLenum target, void* image);

#define GEYSER_EGL_REQUIRED(X) \
  X(eglGetProcAddress)         \
  X(eglGetError)               \
  X(eglQueryString)            \
  X(eglInitialize)             \
  X(eglBindAPI)                \
  X(eglQueryAPI)               \
  X(eglChooseConfig)           \
  X(eglCreateContext)          \
  X(eglDestroyContext)         \
  X(eglQueryContext)           \
  X(eglMakeCurrent)            \
  X(eglGetCurrentContext)      \
  X(eglGetCurrentDisplay)      \
  X(eglGetCurrentSurface)      \
  X(eglGetDisplay)

// Extensions.
#define GEYSER_EGL_OPTIONAL(X)                                           \
  X(PFNEGLGETPLATFORMDISPLAYEXTPROC, eglGetPlatformDisplayEXT)           \
  X(PFNEGLQUERYDEVICESEXTPROC, eglQueryDevicesEXT)                       \
  X(PFNEGLQUERYDEVICESTRINGEXTPROC, eglQueryDeviceStringEXT)             \
  X(PFNEGLQUERYDISPLAYATTRIBEXTPROC, eglQueryDisplayAttribEXT)           \
  X(PFNEGLCREATEIMAGEKHRPROC, eglCreateImageKHR)                         \
  X(PFNEGLDESTROYIMAGEKHRPROC, eglDestroyImageKHR)                       \
  X(PFNEGLQUERYDMABUFFORMATSEXTPROC, eglQueryDmaBufFormatsEXT)           \
  X(PFNEGLQUERYDMABUFMODIFIERSEXTPROC, eglQueryDmaBufModifiersEXT)       \
  X(PFNEGLEXPORTDMABUFIMAGEQUERYMESAPROC, eglExportDMABUFImageQueryMESA) \
  X(PFNEGLEXPORTDMABUFIMAGEMESAPROC, eglExportDMABUFImageMESA)           \
  X(PFNEGLCREATESYNCKHRPROC, eglCreateSyncKHR)                           \
  X(PFNEGLDESTROYSYNCKHRPROC, eglDestroySyncKHR)                         \
  X(PFNEGLWAITSYNCKHRPROC, eglWaitSyncKHR)                               \
  X(PFNEGLDUPNATIVEFENCEFDANDROIDPROC, eglDupNativeFenceFDANDROID)       \
  X(ImageTargetTexture2D, glEGLImageTargetTexture2DOES)                  \
  X(PFNGLEGLIMAGETARGETTEXSTORAGEEXTPROC, glEGLImageTargetTexStorageEXT)

struct EglFunctions {
#define GEYSER_EGL_MEMBER(name) decltype(&::name) name = nullptr;
  GEYSER_EGL_REQUIRED(GEYSER_EGL_MEMBER)
#undef GEYSER_EGL_MEMBER
  // Null when absent; a driver's dispatcher may give one that is not there: ask for the extension, too.
#define GEYSER_EGL_EXTENSION(type, name) type name = nullptr;
  GEYSER_EGL_OPTIONAL(GEYSER_EGL_EXTENSION)
#undef GEYSER_EGL_EXTENSION
};

// Errors: not_available.
Result<platform::DynamicLibrary> open_egl();
Result<EglFunctions> load_egl(const platform::DynamicLibrary& library);

}  // namespace geyser::opengl
