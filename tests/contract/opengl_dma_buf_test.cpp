// dma_buf in OpenGL and OpenGL ES: every format that both ends have, and what the colours are to GL.
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "contract/opengl_dma_buf.hpp"
#include "opengl/context.hpp"
#include "opengl/error.hpp"
#include "opengl/state.hpp"
#include "opengl/texture.hpp"

namespace geyser::test {
namespace {

// Those with a fourcc, and as views of them those with texels of the same size.
const std::string bytes_wide =
    "r8_unorm r8_snorm r8_uint r8_sint rg8_unorm rg8_snorm rg8_uint rg8_sint rgba8_unorm rgba8_snorm rgba8_uint "
    "rgba8_sint rgba8_srgb ";
const std::string larger =
    "r16_unorm r16_snorm r16_uint r16_sint r16_float rg16_unorm rg16_snorm rg16_uint rg16_sint rg16_float rgba16_unorm "
    "rgba16_snorm rgba16_uint rgba16_sint rgba16_float r32_uint r32_sint r32_float rg32_uint rg32_sint rg32_float ";
const std::string packed = "rgb10a2_unorm rgb10a2_uint ";
const std::string last = "rg11b10_float rgb9e5_float rgb565_unorm";
// Mesa 26's Vulkan makes pictures of several planes by modifier, 25's does not.
std::string opened() {
  const char* planes = is_rig("forky") ? " nv12 p010 i420" : "";
  return bytes_wide + "bgra8_unorm " + larger + packed + "bgr10a2_unorm " + last + planes;
}
// Mesa 25 gives OpenGL no texture of its own with blue first, 26 does.
std::string with_blue_first() { return is_rig("forky") ? "bgra8_unorm " : ""; }
std::string made() { return bytes_wide + with_blue_first() + larger + packed + last; }
// Vulkan has no r8_srgb and rg8_srgb here.
std::string between_gl() { return bytes_wide + with_blue_first() + larger + "r8_srgb rg8_srgb " + packed + last; }

TEST_F(OpenGlDmaBuf, ComesFromVulkanInEveryFormat) {
  EXPECT_EQ(share_every_format("vulkan", "opengl", Api::vulkan), opened());
  EXPECT_EQ(share_every_format("vulkan", "opengl_es", Api::vulkan), opened());
}

TEST_F(OpenGlDmaBuf, IsMadeByOpenGlInEveryFormat) {
  EXPECT_EQ(share_every_format("opengl", "vulkan", Api::opengl), made());
  EXPECT_EQ(share_every_format("opengl_es", "vulkan", Api::opengl_es), made());
  EXPECT_EQ(share_every_format("opengl", "opengl_es", Api::opengl), between_gl());
  EXPECT_EQ(share_every_format("opengl_es", "opengl", Api::opengl_es), between_gl());
}

// What a shader or glReadPixels sees, channel by channel: a driver that takes red for blue, or one 10-bit order for
// another, moves the same bytes and shows other colours.
float floating(std::uint32_t bits, unsigned count) {
  if (count == 32) return std::bit_cast<float>(bits);
  const int exponent = static_cast<int>(bits >> 10U & 0x1fU);
  const float value = std::ldexp(static_cast<float>((bits & 0x3ffU) | 0x400U), exponent - 25);
  return (bits & 0x8000U) != 0 ? -value : value;
}
std::array<float, 4> decode(const FormatInfo& info, const std::byte* texel) {
  std::array<float, 4> color{0, 0, 0, 1};
  std::uint64_t word = 0;
  std::memcpy(&word, texel, info.planes[0].block_bytes);
  for (std::size_t i = 0; i < info.channels.size(); ++i) {
    const unsigned bits = info.channel_bits.at(i);
    const auto value = static_cast<std::uint32_t>(word & ((1ULL << bits) - 1));
    word >>= bits;
    const std::size_t channel = std::string_view("RGBA").find(info.channels[i]);
    color.at(channel) = info.numeric == NumericKind::floating
                            ? floating(value, bits)
                            : static_cast<float>(value) / static_cast<float>((1ULL << bits) - 1);
  }
  return color;
}

// The texture's colours as floats, by a blit: OpenGL ES reads few formats back as they are.
std::vector<float> colors_of(SharedTexture& texture) {
  const auto& context = static_cast<opengl::GlTexture&>(texture).context();
  auto current = opengl::Current::open(*context);
  const opengl::GlFunctions& gl = context->gl();
  const auto width = static_cast<GLint>(texture.descriptor().extent.width);
  const auto height = static_cast<GLint>(texture.descriptor().extent.height);
  const opengl::SavedTransferState saved(gl, context->is_es());
  const opengl::SavedBinding binding(gl, GL_TEXTURE_2D);
  // A blit does not see a swizzle, and there is to be none.
  const auto get = reinterpret_cast<decltype(&glGetTexParameteriv)>(context->procedure("glGetTexParameteriv"));
  gl.glBindTexture(GL_TEXTURE_2D, opengl::native(texture)->name);
  GLint red = 0;
  get(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_R, &red);
  EXPECT_EQ(red, GL_RED);
  const std::array<GLuint, 2> textures{opengl::native(texture)->name, [&] {
                                         GLuint name = 0;
                                         gl.glGenTextures(1, &name);
                                         gl.glBindTexture(GL_TEXTURE_2D, name);
                                         gl.glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA32F, width, height);
                                         return name;
                                       }()};
  std::array<GLuint, 2> framebuffers{};
  gl.glGenFramebuffers(2, framebuffers.data());
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const GLenum target = i == 0 ? GL_READ_FRAMEBUFFER : GL_DRAW_FRAMEBUFFER;
    gl.glBindFramebuffer(target, framebuffers.at(i));
    gl.glFramebufferTexture2D(target, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, textures.at(i), 0);
    EXPECT_EQ(gl.glCheckFramebufferStatus(target), static_cast<GLenum>(GL_FRAMEBUFFER_COMPLETE));
  }
  const auto blit = reinterpret_cast<PFNGLBLITFRAMEBUFFERPROC>(context->procedure("glBlitFramebuffer"));
  blit(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  gl.glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffers[1]);
  std::vector<float> pixels(static_cast<std::size_t>(4 * width * height));
  gl.glReadPixels(0, 0, width, height, GL_RGBA, GL_FLOAT, pixels.data());
  gl.glDeleteFramebuffers(2, framebuffers.data());
  gl.glDeleteTextures(1, &textures[1]);
  const auto done = opengl::check(gl, "reading colours");
  EXPECT_TRUE(done) << done.error().to_string();
  return pixels;
}

void expect_colors(const TextureDescriptor& d, std::span<const std::byte> bytes, std::span<const float> pixels) {
  const FormatInfo& info = format_info(d.format);
  const HostSubresource sub = host_subresource(d, 0, 0, 0);
  for (std::uint32_t y = 0; y < d.extent.height; ++y) {
    for (std::uint32_t x = 0; x < d.extent.width; ++x) {
      const auto expected =
          decode(info, bytes.data() + sub.offset + y * sub.row_stride + x * info.planes[0].block_bytes);
      for (std::size_t i = 0; i < 4; ++i) {
        ASSERT_NEAR(pixels[(y * d.extent.width + x) * 4 + i], expected.at(i),
                    1e-4 * std::max(1.0F, std::abs(expected.at(i))))
            << "channel " << i << " at " << x << "," << y;
      }
    }
  }
}

TEST_F(OpenGlDmaBuf, HasTheColoursThatWereMeant) {
  for (const char* name : {"opengl", "opengl_es"}) {
    std::size_t seen = 0;
    for (const FormatInfo& info : all_formats()) {
      const bool plain =
          !info.is_multi_planar() && (info.numeric == NumericKind::unorm || info.numeric == NumericKind::floating);
      if (!plain || info.format == TextureFormat::rg11b10_float || info.format == TextureFormat::rgb9e5_float ||
          opened().find(info.name) == std::string::npos) {
        continue;
      }
      ++seen;
      SCOPED_TRACE(std::string(name) + " " + std::string(info.name));
      TextureDescriptor d = descriptor_;
      d.format = info.format;
      auto texture = make(vulkan(), d);
      const AccessState state = write(*ends_.get("vulkan"), *texture, {}, 7);
      auto imported = ends_.get(name)->manager().import_shared_texture(*vulkan().export_texture(*texture));
      ASSERT_TRUE(imported) << imported.error().to_string();
      auto access = (*imported)->begin_access(AccessMode::read, state);
      ASSERT_TRUE(access);
      expect_colors(d, make_pattern(d, 7), colors_of(**imported));
      ASSERT_TRUE((*imported)->end_access(*std::move(access)));
    }
    EXPECT_EQ(seen, 15U);
  }
}

}  // namespace
}  // namespace geyser::test
