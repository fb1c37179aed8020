// The caller's GL state that Geyser's own commands touch, brought back at the end of a scope.
#pragma once

#include <array>

#include "opengl/loader.hpp"

namespace geyser::opengl {

// One texture binding.
class SavedBinding {
 public:
  SavedBinding(const GlFunctions& gl, GLenum target);
  ~SavedBinding() { gl_.glBindTexture(target_, static_cast<GLuint>(name_)); }
  SavedBinding(const SavedBinding&) = delete;
  SavedBinding& operator=(const SavedBinding&) = delete;

 private:
  const GlFunctions& gl_;
  GLenum target_;
  GLint name_ = 0;
};

// Pixel store, pixel buffers and framebuffers; set to what plain client memory needs.
class SavedTransferState {
 public:
  SavedTransferState(const GlFunctions& gl, bool es);
  ~SavedTransferState();
  SavedTransferState(const SavedTransferState&) = delete;
  SavedTransferState& operator=(const SavedTransferState&) = delete;

 private:
  static constexpr std::size_t most = 16;
  const GlFunctions& gl_;
  std::size_t count_;
  std::array<GLint, most> stores_{};
  GLint pack_buffer_ = 0;
  GLint unpack_buffer_ = 0;
  GLint draw_framebuffer_ = 0;
  GLint read_framebuffer_ = 0;
};

}  // namespace geyser::opengl
