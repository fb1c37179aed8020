// CGL: contexts of the double's OpenGL (open_gl.hpp) on its two devices; refuses what its documentation and OpenGL's say
// is refused.
#include <OpenGL/CGLIOSurface.h>

#include <algorithm>
#include <array>
#include <utility>

#include "objects.hpp"
#include "open_gl.hpp"

namespace geyser::apple_double {

namespace {

std::vector<CglCall> calls;

// Numbers that mean nothing but which renderer it is.
struct Renderer {
  GLint id;
  std::uint64_t registry;
};
constexpr std::array<Renderer, 2> renderers{{{0x01027f00, built_in}, {0x01021d00, external}}};

}  // namespace

std::vector<CglCall> take_cgl_calls() { return std::exchange(calls, {}); }

}  // namespace geyser::apple_double

using namespace geyser::apple_double;

struct _CGLPixelFormatObject {
  GLint renderer = 0;
};
struct _CGLRendererInfoObject {};
struct _CGLContextObject {
  ~_CGLContextObject() { --counters().gl_contexts; }
  std::unique_ptr<GlContext> gl;
  GLint renderer = 0;
};

namespace {
thread_local CGLContextObj current = nullptr;
}

extern "C" {

CGLError CGLChoosePixelFormat(const CGLPixelFormatAttribute* attribs, CGLPixelFormatObj* pix, GLint* npix) {
  const char* page = "CGLChoosePixelFormat";
  *pix = nullptr;
  *npix = 0;
  auto format = std::make_unique<_CGLPixelFormatObject>();
  format->renderer = renderers[0].id;
  bool core = false;
  for (const CGLPixelFormatAttribute* at = attribs; static_cast<int>(*at) != 0; ++at) {
    switch (*at) {
      case kCGLPFAAllowOfflineRenderers:
        break;
      case kCGLPFAOpenGLProfile:
        core = static_cast<int>(*++at) == kCGLOGLPVersion_GL4_Core;
        break;
      case kCGLPFARendererID:
        format->renderer = static_cast<GLint>(*++at);
        break;
      default:
        refuse(page, "an attribute that there is not");
        return kCGLBadAttribute;
    }
  }
  const bool known = std::any_of(renderers.begin(), renderers.end(),
                                 [&](const Renderer& one) { return one.id == format->renderer; });
  // "If no pixel formats match, pix is NULL, and the function returns kCGLNoError." The oldest profile has no rectangle
  // textures of Geyser's formats.
  if (!known || !core) return kCGLNoError;
  *pix = format.release();
  *npix = 1;
  return kCGLNoError;
}

void CGLReleasePixelFormat(CGLPixelFormatObj pix) { delete pix; }

CGLError CGLQueryRendererInfo(GLuint, CGLRendererInfoObj* rend, GLint* nrend) {
  *rend = new _CGLRendererInfoObject;
  *nrend = static_cast<GLint>(renderers.size());
  return kCGLNoError;
}

CGLError CGLDestroyRendererInfo(CGLRendererInfoObj rend) {
  delete rend;
  return kCGLNoError;
}

CGLError CGLDescribeRenderer(CGLRendererInfoObj, GLint rend_num, CGLRendererProperty prop, GLint* value) {
  if (rend_num < 0 || static_cast<size_t>(rend_num) >= renderers.size()) return kCGLBadValue;
  const Renderer& one = renderers[static_cast<size_t>(rend_num)];
  switch (prop) {
    case kCGLRPRendererID:
      *value = one.id;
      return kCGLNoError;
    case kCGLRPRegistryIDLow:
      *value = static_cast<GLint>(one.registry & 0xffffffffU);
      return kCGLNoError;
    case kCGLRPRegistryIDHigh:
      *value = static_cast<GLint>(one.registry >> 32U);
      return kCGLNoError;
  }
  return kCGLBadValue;
}

CGLError CGLCreateContext(CGLPixelFormatObj pix, CGLContextObj, CGLContextObj* ctx) {
  if (pix == nullptr) return kCGLBadPixelFormat;
  auto gl = GlContext::create();
  if (gl == nullptr) return kCGLBadAlloc;
  ++counters().gl_contexts;
  *ctx = new _CGLContextObject;
  (*ctx)->gl = std::move(gl);
  (*ctx)->renderer = pix->renderer;
  return kCGLNoError;
}

void CGLReleaseContext(CGLContextObj ctx) {
  if (current == ctx) current = nullptr;
  delete ctx;
}

CGLError CGLGetParameter(CGLContextObj ctx, CGLContextParameter pname, GLint* params) {
  if (pname != kCGLCPCurrentRendererID) return kCGLBadValue;
  *params = ctx->renderer;
  return kCGLNoError;
}

CGLError CGLSetCurrentContext(CGLContextObj ctx) {
  if (!GlContext::make_current(ctx != nullptr ? ctx->gl.get() : nullptr)) return kCGLBadAlloc;
  current = ctx;
  return kCGLNoError;
}

CGLContextObj CGLGetCurrentContext(void) { return current; }

CGLError CGLTexImageIOSurface2D(CGLContextObj ctx, GLenum target, GLenum internal_format, GLsizei width,
                                GLsizei height, GLenum format, GLenum type, IOSurfaceRef ioSurface, GLuint plane) {
  const char* page = "CGLTexImageIOSurface2D";
  if (ctx == nullptr || ioSurface == nullptr) programming_error(page, "a null context or surface");
  if (target != 0x84F5) {
    refuse(page, "a target that is not GL_TEXTURE_RECTANGLE");
    return kCGLBadAlloc;
  }
  if (plane >= std::max<size_t>(IOSurfaceGetPlaneCount(ioSurface), 1) ||
      static_cast<size_t>(width) > IOSurfaceGetWidthOfPlane(ioSurface, plane) ||
      static_cast<size_t>(height) > IOSurfaceGetHeightOfPlane(ioSurface, plane)) {
    refuse(page, "an image that runs over the plane");
    return kCGLBadAlloc;
  }
  const size_t channels = format == 0x1903 ? 1 : format == 0x8227 ? 2 : 4;
  const size_t bytes = type == 0x1401 ? channels : type == 0x1403 || type == 0x140B ? channels * 2 : 4;
  if (bytes != IOSurfaceGetBytesPerElementOfPlane(ioSurface, plane)) {
    refuse(page, "a format of other bytes than the plane's elements");
    return kCGLBadAlloc;
  }
  PlaneImage image;
  image.surface = ioSurface;
  image.base = static_cast<std::byte*>(IOSurfaceGetBaseAddressOfPlane(ioSurface, plane));
  image.row_bytes = IOSurfaceGetBytesPerRowOfPlane(ioSurface, plane);
  image.element = bytes;
  image.width = static_cast<unsigned>(width);
  image.height = static_cast<unsigned>(height);
  image.internal_format = internal_format;
  image.format = format;
  image.type = type;
  if (ctx != current || !ctx->gl->attach(std::move(image))) {
    refuse(page, "a context that is not current, no texture that is bound, or a format that OpenGL does not take");
    return kCGLBadAlloc;
  }
  calls.push_back({internal_format, format, type, static_cast<unsigned>(width), static_cast<unsigned>(height), plane});
  return kCGLNoError;
}

const char* CGLErrorString(CGLError error) {
  switch (error) {
    case kCGLNoError:
      return "no error";
    case kCGLBadAttribute:
      return "invalid pixel format attribute";
    case kCGLBadPixelFormat:
      return "invalid pixel format";
    case kCGLBadValue:
      return "invalid numerical value";
    case kCGLBadAlloc:
      return "invalid memory";
  }
  return "unknown error";
}

}  // extern "C"
