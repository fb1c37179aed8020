// Planes and views of textures in foreign memory, as GL has them: formats only, of no system.
#include "common/text.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/format.hpp"

namespace geyser::opengl {

using F = TextureFormat;

TextureFormat plane_format(TextureFormat format, std::uint32_t plane) noexcept {
  switch (format) {
    case F::nv12:
      return plane == 0 ? F::r8_unorm : F::rg8_unorm;
    case F::p010:
      return plane == 0 ? F::r16_unorm : F::rg16_unorm;
    case F::i420:
      return F::r8_unorm;
    default:
      return format;
  }
}

TextureDescriptor plane_descriptor(const TextureDescriptor& descriptor, std::uint32_t plane) {
  TextureDescriptor one = descriptor;
  one.format = plane_format(descriptor.format, plane);
  one.extent = mip_extent(descriptor, 0, plane);
  return one;
}

GLenum dma_buf_internal_format(TextureFormat format) noexcept {
  return format == F::bgra8_unorm ? GL_BGRA8_EXT : to_gl(format).internal_format;
}

TextureFormat carrier_of(TextureFormat format) noexcept {
  const FormatInfo& info = format_info(format);
  if (info.drm_fourcc != 0) return format;
  // No view changes the order of channels, or makes depth of colours.
  if (format == F::bgra8_srgb || info.is_compressed() || info.format_class == FormatClass::depth_stencil) {
    return F::unknown;
  }
  switch (info.planes[0].block_bytes) {
    case 1:
      return F::r8_unorm;
    case 2:
      return F::rg8_unorm;
    case 4:
      return F::rgba8_unorm;
    case 8:
      return F::rgba16_float;
    default:
      return F::unknown;
  }
}

Result<void> view_as(const Context& context, TextureFormat format, GLuint& name) {
  const GlFunctions& gl = context.gl();
  GLuint view = 0;
  gl.glGenTextures(1, &view);
  gl.glTextureView(view, GL_TEXTURE_2D, name, to_gl(format).internal_format, 0, 1, 0, 1);
  if (auto made = check(gl, "glTextureView"); !made) {
    gl.glDeleteTextures(1, &view);
    return made;
  }
  gl.glDeleteTextures(1, &name);
  name = view;
  gl.glBindTexture(GL_TEXTURE_2D, view);
  return {};
}

}  // namespace geyser::opengl
