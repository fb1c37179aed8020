#include "opengl/staging.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <geyser/layout.hpp>

#include "opengl/error.hpp"
#include "opengl/format.hpp"
#include "opengl/state.hpp"

namespace geyser::opengl {

namespace {

struct Transfer {
  GLenum format = 0;
  GLenum type = 0;
  GLenum attachment = 0;
};

// Formats without a raw twin: their own client format. format 0: goes raw.
Transfer own_transfer(TextureFormat format) {
  switch (format) {
    case TextureFormat::rgb565_unorm:
      return {GL_RGB, GL_UNSIGNED_SHORT_5_6_5, GL_COLOR_ATTACHMENT0};
    case TextureFormat::d16_unorm:
      return {GL_DEPTH_COMPONENT, GL_UNSIGNED_SHORT, GL_DEPTH_ATTACHMENT};
    case TextureFormat::d32_float:
      return {GL_DEPTH_COMPONENT, GL_FLOAT, GL_DEPTH_ATTACHMENT};
    case TextureFormat::d24_unorm_s8_uint:
      return {GL_DEPTH_STENCIL, GL_UNSIGNED_INT_24_8, GL_DEPTH_STENCIL_ATTACHMENT};
    case TextureFormat::d32_float_s8_uint:
      return {GL_DEPTH_STENCIL, GL_FLOAT_32_UNSIGNED_INT_24_8_REV, GL_DEPTH_STENCIL_ATTACHMENT};
    case TextureFormat::s8_uint:
      return {GL_STENCIL_INDEX, GL_UNSIGNED_BYTE, GL_STENCIL_ATTACHMENT};
    default:
      return {};
  }
}

// GL_UNSIGNED_INT_24_8 keeps depth in the upper bits, the host packing in the lower ones.
void rotate_words(std::byte* row, std::uint64_t bytes, unsigned left) {
  for (std::uint64_t at = 0; at + 4 <= bytes; at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, row + at, 4);
    word = word << left | word >> (32 - left);
    std::memcpy(row + at, &word, 4);
  }
}

GLenum face_target(GLenum target, std::uint32_t layer) {
  return target == GL_TEXTURE_CUBE_MAP ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + layer : target;
}

// One subresource slice: where it is in GL and in memory.
struct Slice {
  GLint mip = 0;
  GLint z = 0;        // layer, face or depth slice
  GLsizei width = 0;  // texels
  GLsizei height = 0;
  GLsizei blocks = 0;  // of a row
  GLsizei rows = 0;
  GLint row_blocks = 0;  // from one row to the next in memory
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Compressed transfers want rows without padding.
std::uint64_t packed_row(const Slice& slice) {
  const std::uint64_t stride = slice.bytes / static_cast<std::uint64_t>(slice.rows);
  return stride / static_cast<std::uint64_t>(slice.row_blocks) * static_cast<std::uint64_t>(slice.blocks);
}
std::uint64_t packed_bytes(const Slice& slice) { return packed_row(slice) * static_cast<std::uint64_t>(slice.rows); }

void pack_rows(std::vector<std::byte>& packed, const std::byte* from, const Slice& slice) {
  const std::uint64_t rows = static_cast<std::uint64_t>(slice.rows);
  packed.resize(packed_bytes(slice));
  for (std::uint64_t y = 0; y < rows; ++y) {
    std::memcpy(packed.data() + y * packed_row(slice), from + y * (slice.bytes / rows), packed_row(slice));
  }
}

void unpack_rows(const std::vector<std::byte>& packed, std::byte* to, const Slice& slice) {
  const std::uint64_t rows = static_cast<std::uint64_t>(slice.rows);
  for (std::uint64_t y = 0; y < rows; ++y) {
    std::memcpy(to + y * (slice.bytes / rows), packed.data() + y * packed_row(slice), packed_row(slice));
  }
}

}  // namespace

bool Staging::can_copy(const Context& context, TextureFormat format) {
  const FormatInfo& info = format_info(format);
  if (info.is_multi_planar()) return false;
  if (info.is_compressed() && !context.is_es()) return context.gl().glGetCompressedTextureSubImage != nullptr;
  if (own_transfer(format).format != 0) {
    // OpenGL ES reads no depth or stencil back; rgb565 it reads as what it is.
    return !context.is_es() || format == TextureFormat::rgb565_unorm;
  }
  return raw_format(info.planes[0].block_bytes).internal_format != 0;
}

Staging::Staging(std::shared_ptr<Context> context, const TextureDescriptor& descriptor, GLuint texture)
    : context_(std::move(context)),
      descriptor_(descriptor),
      texture_(texture),
      target_(target_of(descriptor.dimension)) {}

Result<Staging> Staging::create(const std::shared_ptr<Context>& context, const TextureDescriptor& descriptor,
                                GLuint texture) {
  const GlFunctions& gl = context->gl();
  Staging staging(context, descriptor, texture);
  gl.glGenFramebuffers(1, &staging.framebuffer_);
  if (own_transfer(descriptor.format).format == 0) {
    const FormatInfo& info = format_info(descriptor.format);
    const RawFormat raw = raw_format(info.planes[0].block_bytes);
    const SavedBinding saved(gl, GL_TEXTURE_2D);
    gl.glGenTextures(1, &staging.scratch_);
    gl.glBindTexture(GL_TEXTURE_2D, staging.scratch_);
    const auto blocks = [](std::uint32_t texels, std::uint32_t block) {
      return static_cast<GLsizei>((texels + block - 1) / block);
    };
    gl.glTexStorage2D(GL_TEXTURE_2D, 1, raw.internal_format, blocks(descriptor.extent.width, info.block_width),
                      blocks(descriptor.extent.height, info.block_height));
    // glCopyImageSubData wants complete textures; these have one level.
    gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl.glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    if (auto made = check(gl, "glTexStorage2D of a scratch texture"); !made) return fail(std::move(made.error()));
  }
  return staging;
}

Staging::Staging(Staging&& other) noexcept
    : context_(std::move(other.context_)),
      descriptor_(std::move(other.descriptor_)),
      texture_(other.texture_),
      target_(other.target_),
      scratch_(std::exchange(other.scratch_, 0)),
      framebuffer_(std::exchange(other.framebuffer_, 0)) {}

Staging::~Staging() {
  if (scratch_ == 0 && framebuffer_ == 0) return;
  auto current = Current::open(*context_);
  if (!current) return;
  context_->gl().glDeleteTextures(1, &scratch_);
  context_->gl().glDeleteFramebuffers(1, &framebuffer_);
}

template <typename Visit>
void Staging::each_slice(Visit visit) const {
  const FormatInfo& info = format_info(descriptor_.format);
  const std::uint32_t block_bytes = info.planes[0].block_bytes;
  for (std::uint32_t layer = 0; layer < descriptor_.array_layers; ++layer) {
    for (std::uint32_t mip = 0; mip < descriptor_.mip_levels; ++mip) {
      const HostSubresource sub = host_subresource(descriptor_, 0, layer, mip);
      for (std::uint32_t z = 0; z < sub.slices; ++z) {
        Slice slice;
        slice.mip = static_cast<GLint>(mip);
        slice.z = static_cast<GLint>(layer + z);
        slice.width = static_cast<GLsizei>(sub.extent.width);
        slice.height = static_cast<GLsizei>(sub.extent.height);
        slice.blocks = static_cast<GLsizei>(sub.row_bytes / block_bytes);
        slice.rows = static_cast<GLsizei>(sub.rows);
        slice.row_blocks = static_cast<GLint>(sub.row_stride / block_bytes);
        slice.offset = sub.offset + z * sub.slice_stride;
        slice.bytes = sub.row_stride * sub.rows;
        visit(slice);
      }
    }
  }
}

Result<std::uint64_t> Staging::upload(std::span<const std::byte> memory) {
  const GlFunctions& gl = context_->gl();
  const Transfer own = own_transfer(descriptor_.format);
  const RawFormat raw = raw_format(format_info(descriptor_.format).planes[0].block_bytes);
  const SavedTransferState transfer_state(gl, context_->is_es());
  const bool compressed = format_info(descriptor_.format).is_compressed();
  const bool raw_path = scratch_ != 0 && !compressed;
  const SavedBinding binding(gl, raw_path ? GL_TEXTURE_2D : target_);
  gl.glBindTexture(raw_path ? GL_TEXTURE_2D : target_, raw_path ? scratch_ : texture_);
  std::uint64_t total = 0;
  std::vector<std::byte> packed;
  each_slice([&](const Slice& slice) {
    const std::byte* from = memory.data() + slice.offset;
    total += slice.bytes;
    gl.glPixelStorei(GL_UNPACK_ROW_LENGTH, slice.row_blocks);
    if (raw_path) {
      gl.glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, slice.blocks, slice.rows, raw.format, raw.type, from);
      gl.glCopyImageSubData(scratch_, GL_TEXTURE_2D, 0, 0, 0, 0, texture_, target_, slice.mip, 0, 0, slice.z,
                            slice.blocks, slice.rows, 1);
      return;
    }
    if (compressed) {
      // Not by glCopyImageSubData: Mesa 22 refuses a last block that reaches over the edge.
      pack_rows(packed, from, slice);
      const auto size = static_cast<GLsizei>(packed.size());
      const GLenum format = to_gl(descriptor_.format).internal_format;
      if (target_ == GL_TEXTURE_2D || target_ == GL_TEXTURE_CUBE_MAP) {
        gl.glCompressedTexSubImage2D(face_target(target_, static_cast<std::uint32_t>(slice.z)), slice.mip, 0, 0,
                                     slice.width, slice.height, format, size, packed.data());
      } else {
        gl.glCompressedTexSubImage3D(target_, slice.mip, 0, 0, slice.z, slice.width, slice.height, 1, format, size,
                                     packed.data());
      }
      return;
    }
    if (descriptor_.format == TextureFormat::d24_unorm_s8_uint) {
      packed.assign(from, from + slice.bytes);
      rotate_words(packed.data(), slice.bytes, 8);
      from = packed.data();
    }
    if (target_ == GL_TEXTURE_2D || target_ == GL_TEXTURE_CUBE_MAP) {
      gl.glTexSubImage2D(face_target(target_, static_cast<std::uint32_t>(slice.z)), slice.mip, 0, 0, slice.width,
                         slice.height, own.format, own.type, from);
    } else {
      gl.glTexSubImage3D(target_, slice.mip, 0, 0, slice.z, slice.width, slice.height, 1, own.format, own.type, from);
    }
  });
  if (auto done = check(gl, "copying host memory to a texture"); !done) return fail(std::move(done.error()));
  return total;
}

Result<std::uint64_t> Staging::download(std::span<std::byte> memory) {
  const GlFunctions& gl = context_->gl();
  const Transfer own = own_transfer(descriptor_.format);
  const RawFormat raw = raw_format(format_info(descriptor_.format).planes[0].block_bytes);
  const SavedTransferState transfer_state(gl, context_->is_es());
  gl.glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
  if (scratch_ != 0) {
    gl.glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, scratch_, 0);
  }
  std::uint64_t total = 0;
  bool complete = true;
  // Desktop OpenGL copies few compressed formats to integers, but reads all of them back.
  const bool own_compressed = !context_->is_es() && format_info(descriptor_.format).is_compressed();
  std::vector<std::byte> packed;
  each_slice([&](const Slice& slice) {
    std::byte* to = memory.data() + slice.offset;
    total += slice.bytes;
    if (own_compressed) {
      packed.resize(packed_bytes(slice));
      gl.glGetCompressedTextureSubImage(texture_, slice.mip, 0, 0, slice.z, slice.width, slice.height, 1,
                                        static_cast<GLsizei>(packed.size()), packed.data());
      unpack_rows(packed, to, slice);
      return;
    }
    gl.glPixelStorei(GL_PACK_ROW_LENGTH, slice.row_blocks);
    if (scratch_ != 0) {
      gl.glCopyImageSubData(texture_, target_, slice.mip, 0, 0, slice.z, scratch_, GL_TEXTURE_2D, 0, 0, 0, 0,
                            slice.width, slice.height, 1);
      complete = complete && gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
      gl.glReadPixels(0, 0, slice.blocks, slice.rows, raw.format, raw.type, to);
      return;
    }
    if (target_ == GL_TEXTURE_2D || target_ == GL_TEXTURE_CUBE_MAP) {
      gl.glFramebufferTexture2D(GL_FRAMEBUFFER, own.attachment,
                                face_target(target_, static_cast<std::uint32_t>(slice.z)), texture_, slice.mip);
    } else {
      gl.glFramebufferTextureLayer(GL_FRAMEBUFFER, own.attachment, texture_, slice.mip, slice.z);
    }
    complete = complete && gl.glCheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
    gl.glReadPixels(0, 0, slice.width, slice.height, own.format, own.type, to);
    if (descriptor_.format == TextureFormat::d24_unorm_s8_uint) rotate_words(to, slice.bytes, 24);
  });
  if (auto done = check(gl, "copying a texture to host memory"); !done) return fail(std::move(done.error()));
  if (!complete) return fail(ErrorCode::unsupported, "The driver cannot read the texture through a framebuffer.");
  return total;
}

}  // namespace geyser::opengl
