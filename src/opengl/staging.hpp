// Copies a whole texture between GL and host-packed memory, bit for bit.
//
// Colour and compressed formats go through a scratch texture of unsigned integers with texels as large as the
// format's blocks: glCopyImageSubData moves raw blocks, so no conversion can touch them, and OpenGL ES can read
// formats that glReadPixels does not know. Compressed blocks go in by their own call. Depth, stencil and rgb565 have no
// such twin and use their own transfers.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <geyser/descriptor.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

class Staging {
 public:
  // Whether upload() and download() work for a format in this context.
  static bool can_copy(const Context& context, TextureFormat format);
  // The context must be current.
  static Result<Staging> create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                GLuint texture);
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();

  // The context must be current. Give the bytes copied.
  Result<std::uint64_t> upload(std::span<const std::byte> memory);
  Result<std::uint64_t> download(std::span<std::byte> memory);

 private:
  Staging(std::shared_ptr<Context> context, const TextureDescriptor& descriptor, GLuint texture);
  template <typename Visit>
  void each_slice(Visit visit) const;

  std::shared_ptr<Context> context_;
  TextureDescriptor descriptor_;
  GLuint texture_ = 0;
  GLenum target_ = 0;
  GLuint scratch_ = 0;  // 0: the format uses its own transfers
  GLuint framebuffer_ = 0;
};

}  // namespace geyser::opengl
