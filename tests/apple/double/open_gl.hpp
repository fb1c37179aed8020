// OpenGL as macOS has it: what version 4.1 core has, on this system's own EGL, found in the place where the framework
// is.
#pragma once

#include <EGL/egl.h>
#include <IOSurface/IOSurface.h>

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace geyser::apple_double {

// A plane of a surface behind a texture.
struct PlaneImage {
  IOSurfaceRef surface = nullptr;  // a reference of its own
  std::byte* base = nullptr;
  std::size_t row_bytes = 0, element = 0;
  unsigned width = 0, height = 0, internal_format = 0, format = 0, type = 0;
  // What the texture was last known to hold, without padding: another texel was drawn since.
  std::vector<std::byte> known;
};

class GlContext {
 public:
  static std::unique_ptr<GlContext> create();
  GlContext(const GlContext&) = delete;
  GlContext& operator=(const GlContext&) = delete;
  ~GlContext();

  static GlContext* current();
  static bool make_current(GlContext* context);

  // Behind the rectangle texture that is bound. False: OpenGL does not take the format.
  bool attach(PlaneImage image);
  // A texture that is bound shows what is on the surface; bound before, it need not.
  void look_again(unsigned texture);
  // What has been drawn is on the surfaces once it is flushed.
  void publish();
  void forget(unsigned texture);

 private:
  explicit GlContext(EGLContext context) : context_(context) {}
  void publish(unsigned texture, PlaneImage& image);

  EGLContext context_;
  std::map<unsigned, PlaneImage> images_;
};

}  // namespace geyser::apple_double
