// OpenGL on surfaces: by rectangle textures, with what OpenGL 4.1 has.
#include <geyser/layout.hpp>
#include <geyser/opengl.hpp>

#include "opengl/context_texture.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/state.hpp"
#include "support/end.hpp"

namespace geyser::test {

namespace {

struct Transfer {
  GLenum format = 0, type = 0;
};

// Of one plane; as the bytes are on the surface.
Transfer transfer_of(TextureFormat format) {
  switch (format) {
    case TextureFormat::r8_unorm:
      return {GL_RED, GL_UNSIGNED_BYTE};
    case TextureFormat::rg8_unorm:
      return {GL_RG, GL_UNSIGNED_BYTE};
    case TextureFormat::r16_unorm:
      return {GL_RED, GL_UNSIGNED_SHORT};
    case TextureFormat::rg16_unorm:
      return {GL_RG, GL_UNSIGNED_SHORT};
    case TextureFormat::rgba8_unorm:
      return {GL_RGBA, GL_UNSIGNED_BYTE};
    case TextureFormat::bgra8_unorm:
      return {GL_BGRA, GL_UNSIGNED_INT_8_8_8_8_REV};
    case TextureFormat::bgr10a2_unorm:
      return {GL_BGRA, GL_UNSIGNED_INT_2_10_10_10_REV};
    case TextureFormat::rgba16_float:
      return {GL_RGBA, GL_HALF_FLOAT};
    default:
      return {};
  }
}

class CglEnd final : public End {
 public:
  CglEnd() : End("opengl") {}
  Result<void> open() {
    opengl::Options options;
    options.diagnostics = collector();
    auto manager = opengl::create_manager(options);
    if (!manager) return fail(std::move(manager.error()));
    manager_ = *std::move(manager);
    return {};
  }
  TextureShareManager& manager() override { return *manager_; }
  void close() override { manager_.reset(); }

  Result<void> fill(SharedTexture& texture, std::span<const std::byte> bytes) override {
    return each_plane(texture, [&](const opengl::GlFunctions& gl, const Plane& plane) {
      gl.glBindTexture(GL_TEXTURE_RECTANGLE, plane.name);
      gl.glPixelStorei(GL_UNPACK_ROW_LENGTH, plane.row_length);
      gl.glTexSubImage2D(GL_TEXTURE_RECTANGLE, 0, 0, 0, plane.width, plane.height, plane.transfer.format,
                         plane.transfer.type, bytes.data() + plane.offset);
    });
  }
  // Binds nothing: that OpenGL looks at what others have drawn is Geyser's business.
  Result<std::vector<std::byte>> read(SharedTexture& texture) override {
    std::vector<std::byte> bytes(host_size(texture.descriptor()));
    auto done = each_plane(texture, [&](const opengl::GlFunctions& gl, const Plane& plane) {
      GLuint framebuffer = 0;
      gl.glGenFramebuffers(1, &framebuffer);
      gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
      gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_RECTANGLE, plane.name, 0);
      gl.glPixelStorei(GL_PACK_ROW_LENGTH, plane.row_length);
      gl.glReadPixels(0, 0, plane.width, plane.height, plane.transfer.format, plane.transfer.type,
                      bytes.data() + plane.offset);
      gl.glDeleteFramebuffers(1, &framebuffer);
    });
    if (!done) return fail(std::move(done.error()));
    return bytes;
  }

 private:
  struct Plane {
    GLuint name = 0;
    Transfer transfer;
    GLsizei width = 0, height = 0;
    GLint row_length = 0;
    std::uint64_t offset = 0;
  };

  template <typename Visit>
  static Result<void> each_plane(SharedTexture& texture, Visit visit) {
    auto native = opengl::native(texture);
    if (!native) return fail(std::move(native.error()));
    if (native->target != GL_TEXTURE_RECTANGLE) {
      return fail(ErrorCode::invalid_argument, "The texture is no rectangle texture.");
    }
    const auto& context = static_cast<const opengl::ContextTexture&>(texture).context();
    auto current = opengl::Current::open(*context);
    if (!current) return fail(std::move(current.error()));
    const opengl::GlFunctions& gl = context->gl();
    const opengl::SavedTransferState state(gl, false);
    const opengl::SavedBinding binding(gl, GL_TEXTURE_RECTANGLE);
    const TextureDescriptor& d = texture.descriptor();
    for (std::uint32_t i = 0; i < native->plane_count; ++i) {
      const HostSubresource sub = host_subresource(d, i, 0, 0);
      Plane plane;
      plane.name = native->planes.at(i).name;
      plane.transfer = transfer_of(opengl::plane_format(d.format, i));
      plane.width = static_cast<GLsizei>(sub.extent.width);
      plane.height = static_cast<GLsizei>(sub.extent.height);
      plane.row_length = static_cast<GLint>(sub.row_stride / format_info(d.format).planes[i].block_bytes);
      plane.offset = sub.offset;
      visit(gl, plane);
    }
    return opengl::check(gl, "copying a plane");
  }

  std::unique_ptr<TextureShareManager> manager_;
};

}  // namespace

Result<std::unique_ptr<End>> make_cgl_end() {
  auto end = std::make_unique<CglEnd>();
  if (auto opened = end->open(); !opened) return fail(std::move(opened.error()));
  return end;
}

}  // namespace geyser::test
