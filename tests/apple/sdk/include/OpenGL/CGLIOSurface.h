// What Geyser uses of CGL, declared from its documentation; see CoreFoundation/CoreFoundation.h.
#pragma once

#include <IOSurface/IOSurface.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _CGLContextObject* CGLContextObj;
typedef uint32_t GLenum;
typedef int32_t GLsizei;
typedef uint32_t GLuint;

typedef enum CGLError : int32_t {
  kCGLNoError = 0,
  kCGLBadAlloc = 10016,
} CGLError;

CGLError CGLTexImageIOSurface2D(CGLContextObj ctx, GLenum target, GLenum internal_format, GLsizei width, GLsizei height, GLenum format, GLenum type, IOSurfaceRef ioSurface, GLuint plane);
const char* CGLErrorString(CGLError error);

#ifdef __cplusplus
}
#endif
