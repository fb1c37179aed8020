// What Geyser uses of CGL, declared from its documentation; see CoreFoundation/CoreFoundation.h.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _CGLContextObject* CGLContextObj;
typedef struct _CGLPixelFormatObject* CGLPixelFormatObj;
typedef struct _CGLRendererInfoObject* CGLRendererInfoObj;
typedef uint32_t GLenum;
typedef int32_t GLint;
typedef int32_t GLsizei;
typedef uint32_t GLuint;

typedef enum CGLError : int32_t {
  kCGLNoError = 0,
  kCGLBadAttribute = 10000,
  kCGLBadPixelFormat = 10002,
  kCGLBadValue = 10008,
  kCGLBadAlloc = 10016,
} CGLError;

typedef enum CGLPixelFormatAttribute {
  kCGLPFARendererID = 70,
  kCGLPFAAllowOfflineRenderers = 96,
  kCGLPFAOpenGLProfile = 99,
} CGLPixelFormatAttribute;

typedef enum CGLOpenGLProfile {
  kCGLOGLPVersion_GL4_Core = 16640,
} CGLOpenGLProfile;

typedef enum CGLRendererProperty {
  kCGLRPRendererID = 70,
  kCGLRPRegistryIDLow = 140,
  kCGLRPRegistryIDHigh = 141,
} CGLRendererProperty;

typedef enum CGLContextParameter {
  kCGLCPCurrentRendererID = 309,
} CGLContextParameter;

CGLError CGLChoosePixelFormat(const CGLPixelFormatAttribute* attribs, CGLPixelFormatObj* pix, GLint* npix);
void CGLReleasePixelFormat(CGLPixelFormatObj pix);
CGLError CGLQueryRendererInfo(GLuint display_mask, CGLRendererInfoObj* rend, GLint* nrend);
CGLError CGLDestroyRendererInfo(CGLRendererInfoObj rend);
CGLError CGLDescribeRenderer(CGLRendererInfoObj rend, GLint rend_num, CGLRendererProperty prop, GLint* value);
CGLError CGLCreateContext(CGLPixelFormatObj pix, CGLContextObj share, CGLContextObj* ctx);
void CGLReleaseContext(CGLContextObj ctx);
CGLError CGLGetParameter(CGLContextObj ctx, CGLContextParameter pname, GLint* params);
CGLError CGLSetCurrentContext(CGLContextObj ctx);
CGLContextObj CGLGetCurrentContext(void);
const char* CGLErrorString(CGLError error);

#ifdef __cplusplus
}
#endif
