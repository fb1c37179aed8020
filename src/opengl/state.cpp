#include "opengl/state.hpp"

namespace geyser::opengl {

namespace {

GLenum binding_of(GLenum target) {
  switch (target) {
    case GL_TEXTURE_2D_ARRAY:
      return GL_TEXTURE_BINDING_2D_ARRAY;
    case GL_TEXTURE_CUBE_MAP:
      return GL_TEXTURE_BINDING_CUBE_MAP;
    case GL_TEXTURE_CUBE_MAP_ARRAY:
      return GL_TEXTURE_BINDING_CUBE_MAP_ARRAY;
    case GL_TEXTURE_3D:
      return GL_TEXTURE_BINDING_3D;
    case GL_TEXTURE_RECTANGLE:
      return GL_TEXTURE_BINDING_RECTANGLE;
    default:
      return GL_TEXTURE_BINDING_2D;
  }
}

struct Store {
  GLenum name;
  GLint wanted;
};
// OpenGL ES has the first ten.
constexpr std::array<Store, 14> stores{{{GL_UNPACK_ALIGNMENT, 1},
                                        {GL_UNPACK_ROW_LENGTH, 0},
                                        {GL_UNPACK_SKIP_ROWS, 0},
                                        {GL_UNPACK_SKIP_PIXELS, 0},
                                        {GL_UNPACK_IMAGE_HEIGHT, 0},
                                        {GL_UNPACK_SKIP_IMAGES, 0},
                                        {GL_PACK_ALIGNMENT, 1},
                                        {GL_PACK_ROW_LENGTH, 0},
                                        {GL_PACK_SKIP_ROWS, 0},
                                        {GL_PACK_SKIP_PIXELS, 0},
                                        {GL_UNPACK_SWAP_BYTES, 0},
                                        {GL_UNPACK_LSB_FIRST, 0},
                                        {GL_PACK_SWAP_BYTES, 0},
                                        {GL_PACK_LSB_FIRST, 0}}};
constexpr std::size_t es_store_count = 10;

}  // namespace

SavedBinding::SavedBinding(const GlFunctions& gl, GLenum target) : gl_(gl), target_(target) {
  gl.glGetIntegerv(binding_of(target), &name_);
}

SavedTransferState::SavedTransferState(const GlFunctions& gl, bool es)
    : gl_(gl), count_(es ? es_store_count : stores.size()) {
  static_assert(stores.size() <= most);
  for (std::size_t i = 0; i < count_; ++i) {
    gl.glGetIntegerv(stores[i].name, &stores_[i]);
    gl.glPixelStorei(stores[i].name, stores[i].wanted);
  }
  gl.glGetIntegerv(GL_PIXEL_PACK_BUFFER_BINDING, &pack_buffer_);
  gl.glGetIntegerv(GL_PIXEL_UNPACK_BUFFER_BINDING, &unpack_buffer_);
  gl.glGetIntegerv(GL_DRAW_FRAMEBUFFER_BINDING, &draw_framebuffer_);
  gl.glGetIntegerv(GL_READ_FRAMEBUFFER_BINDING, &read_framebuffer_);
  gl.glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  gl.glBindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
}

SavedTransferState::~SavedTransferState() {
  for (std::size_t i = 0; i < count_; ++i) gl_.glPixelStorei(stores[i].name, stores_[i]);
  gl_.glBindBuffer(GL_PIXEL_PACK_BUFFER, static_cast<GLuint>(pack_buffer_));
  gl_.glBindBuffer(GL_PIXEL_UNPACK_BUFFER, static_cast<GLuint>(unpack_buffer_));
  gl_.glBindFramebuffer(GL_DRAW_FRAMEBUFFER, static_cast<GLuint>(draw_framebuffer_));
  gl_.glBindFramebuffer(GL_READ_FRAMEBUFFER, static_cast<GLuint>(read_framebuffer_));
}

}  // namespace geyser::opengl
