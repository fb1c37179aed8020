// libEGL loaded at run time, and the EGL and GL entry points that Geyser calls.
#pragma once

#define EGL_NO_X11
#define GL_GLEXT_PROTOTYPES
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <GL/glext.h>

#include <geyser/error.hpp>

#include "platform/dynamic_library.hpp"

namespace geyser::opengl {

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
  X(PFNEGLDUPNATIVEFENCEFDANDROIDPROC, eglDupNativeFenceFDANDROID)

#define GEYSER_GL_REQUIRED(X)  \
  X(glGetError)                \
  X(glGetString)               \
  X(glGetStringi)              \
  X(glGetIntegerv)             \
  X(glFinish)                  \
  X(glFlush)                   \
  X(glGenTextures)             \
  X(glDeleteTextures)          \
  X(glBindTexture)             \
  X(glTexParameteri)           \
  X(glTexStorage2D)            \
  X(glTexStorage3D)            \
  X(glTexSubImage2D)           \
  X(glTexSubImage3D)           \
  X(glCompressedTexSubImage2D) \
  X(glCompressedTexSubImage3D) \
  X(glCopyImageSubData)        \
  X(glPixelStorei)             \
  X(glBindBuffer)              \
  X(glGenFramebuffers)         \
  X(glDeleteFramebuffers)      \
  X(glBindFramebuffer)         \
  X(glFramebufferTexture2D)    \
  X(glFramebufferTextureLayer) \
  X(glCheckFramebufferStatus)  \
  X(glReadPixels)
// Desktop only, or extensions.
#define GEYSER_GL_OPTIONAL(X)       \
  X(glEGLImageTargetTexture2DOES)   \
  X(glEGLImageTargetTexStorageEXT)  \
  X(glTextureView)                  \
  X(glGetInternalformativ)          \
  X(glGetCompressedTextureSubImage) \
  X(glDebugMessageCallback)         \
  X(glGetUnsignedBytevEXT)          \
  X(glGetUnsignedBytei_vEXT)        \
  X(glCreateMemoryObjectsEXT)       \
  X(glDeleteMemoryObjectsEXT)       \
  X(glMemoryObjectParameterivEXT)   \
  X(glImportMemoryFdEXT)            \
  X(glTexStorageMem2DEXT)           \
  X(glTexStorageMem3DEXT)           \
  X(glGenSemaphoresEXT)             \
  X(glDeleteSemaphoresEXT)          \
  X(glImportSemaphoreFdEXT)         \
  X(glSemaphoreParameterui64vEXT)   \
  X(glWaitSemaphoreEXT)             \
  X(glSignalSemaphoreEXT)           \
  X(glCreateSemaphoresNV)           \
  X(glSemaphoreParameterivNV)

#define GEYSER_GL_MEMBER(name) decltype(&::name) name = nullptr;
struct EglFunctions {
  GEYSER_EGL_REQUIRED(GEYSER_GL_MEMBER)
  // Null when absent; a driver's dispatcher may give one that is not there: ask for the extension, too.
#define GEYSER_EGL_EXTENSION(type, name) type name = nullptr;
  GEYSER_EGL_OPTIONAL(GEYSER_EGL_EXTENSION)
#undef GEYSER_EGL_EXTENSION
};
struct GlFunctions {
  GEYSER_GL_REQUIRED(GEYSER_GL_MEMBER)
  GEYSER_GL_OPTIONAL(GEYSER_GL_MEMBER)
};
#undef GEYSER_GL_MEMBER

// Errors: not_available.
Result<platform::DynamicLibrary> open_egl();
Result<EglFunctions> load_egl(const platform::DynamicLibrary& library);
// A context must be current. Errors: not_available (the missing function is named).
Result<GlFunctions> load_gl(const EglFunctions& egl);

}  // namespace geyser::opengl
