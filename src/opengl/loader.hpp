// The GL entry points that Geyser calls. Whose they are, the system says: EGL's, WGL's or CGL's.
#pragma once

#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
#include <GL/glext.h>

#include <geyser/opengl.hpp>

namespace geyser::opengl {

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
  X(glTexSubImage2D)           \
  X(glTexSubImage3D)           \
  X(glCompressedTexSubImage2D) \
  X(glCompressedTexSubImage3D) \
  X(glPixelStorei)             \
  X(glBindBuffer)              \
  X(glGenFramebuffers)         \
  X(glDeleteFramebuffers)      \
  X(glBindFramebuffer)         \
  X(glFramebufferTexture2D)    \
  X(glFramebufferTextureLayer) \
  X(glCheckFramebufferStatus)  \
  X(glReadPixels)              \
  X(glCopyTexSubImage2D)       \
  X(glFenceSync)               \
  X(glClientWaitSync)          \
  X(glDeleteSync)
// Newer than OpenGL 4.1, which is all that macOS has.
#define GEYSER_GL_STORAGE(X) \
  X(glTexStorage2D)          \
  X(glTexStorage3D)          \
  X(glCopyImageSubData)
// Desktop only, or extensions.
#define GEYSER_GL_OPTIONAL(X)        \
  X(glTextureView)                   \
  X(glGetInternalformativ)           \
  X(glGetCompressedTextureSubImage)  \
  X(glDebugMessageCallback)          \
  X(glGetUnsignedBytevEXT)           \
  X(glGetUnsignedBytei_vEXT)         \
  X(glCreateMemoryObjectsEXT)        \
  X(glDeleteMemoryObjectsEXT)        \
  X(glMemoryObjectParameterivEXT)    \
  X(glImportMemoryFdEXT)             \
  X(glImportMemoryWin32HandleEXT)    \
  X(glTexStorageMem2DEXT)            \
  X(glTexStorageMem3DEXT)            \
  X(glGenSemaphoresEXT)              \
  X(glDeleteSemaphoresEXT)           \
  X(glImportSemaphoreFdEXT)          \
  X(glImportSemaphoreWin32HandleEXT) \
  X(glAcquireKeyedMutexWin32EXT)     \
  X(glReleaseKeyedMutexWin32EXT)     \
  X(glSemaphoreParameterui64vEXT)    \
  X(glWaitSemaphoreEXT)              \
  X(glSignalSemaphoreEXT)            \
  X(glCreateSemaphoresNV)            \
  X(glSemaphoreParameterivNV)

#define GEYSER_GL_MEMBER(name) decltype(&::name) name = nullptr;
struct GlFunctions {
  GEYSER_GL_REQUIRED(GEYSER_GL_MEMBER)
  GEYSER_GL_STORAGE(GEYSER_GL_MEMBER)
  GEYSER_GL_OPTIONAL(GEYSER_GL_MEMBER)
};
#undef GEYSER_GL_MEMBER

// A context must be current. `storage`: whether GEYSER_GL_STORAGE is required, too.
// Errors: not_available (the missing function is named).
Result<GlFunctions> load_gl(const ProcedureLookup& procedure, bool storage = true);

}  // namespace geyser::opengl
