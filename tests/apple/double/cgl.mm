// CGL: writes down what it is told, and refuses what its documentation and OpenGL's say is refused.
#include <OpenGL/CGLIOSurface.h>

#include <algorithm>
#include <utility>

#include "objects.hpp"

namespace geyser::apple_double {

namespace {
std::vector<CglCall> calls;
}

std::vector<CglCall> take_cgl_calls() { return std::exchange(calls, {}); }

}  // namespace geyser::apple_double

using namespace geyser::apple_double;

extern "C" {

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
  calls.push_back({internal_format, format, type, static_cast<unsigned>(width), static_cast<unsigned>(height), plane});
  return kCGLNoError;
}

const char* CGLErrorString(CGLError error) { return error == kCGLBadAlloc ? "invalid memory" : "no error"; }

}  // extern "C"
