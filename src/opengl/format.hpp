// OpenGL's column of the format table.
#pragma once

#include <geyser/descriptor.hpp>
#include <geyser/format.hpp>

#include "opengl/loader.hpp"

namespace geyser::opengl {

struct GlFormat {
  TextureFormat format = TextureFormat::unknown;
  GLenum internal_format = 0;  // sized; 0: OpenGL has no equal
  // Blue and red are swapped when a shader samples; the bytes in memory stay as they are.
  bool swizzle_red_blue = false;
  // What OpenGL ES 3.2 has without an extension. Others need `es_extension`; null: never in ES.
  bool es_core = false;
  const char* es_extension = nullptr;
  const char* core_extension = nullptr;  // beyond OpenGL 4.5; null: part of it
};

// internal_format 0 where there is no equal.
GlFormat to_gl(TextureFormat format) noexcept;
// `unknown` where there is no equal. bgra8 is never the answer: in OpenGL it is a swizzled rgba8.
TextureFormat from_gl(GLenum internal_format) noexcept;

GLenum target_of(TextureDimension dimension) noexcept;
// The unsigned integer format with texels as large as `block_bytes`, to which raw bytes copy unchanged.
struct RawFormat {
  GLenum internal_format = 0;
  GLenum format = 0;
  GLenum type = 0;
};
RawFormat raw_format(std::uint32_t block_bytes) noexcept;

}  // namespace geyser::opengl
