// Planes of surfaces behind OpenGL's rectangle textures: what CGL is told, and what is refused before.
#include <geyser/cgl.hpp>

#include "metal_fixture.hpp"

namespace geyser::test {
namespace {

using Cgl = Metal;

int some_context = 0;

TEST_F(Cgl, EveryPlaneIsAttached) {
  using F = TextureFormat;
  for (const TextureFormat format : cgl::formats()) {
    SCOPED_TRACE(to_string(format));
    const TextureDescriptor d = describe(format);
    auto texture = first().create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    void* surface = metal::native(**texture)->io_surface;
    for (std::uint32_t plane = 0; plane < format_info(format).plane_count; ++plane) {
      auto attached = cgl::attach_plane(&some_context, surface, d, plane);
      ASSERT_TRUE(attached) << attached.error().to_string();
      const auto calls = apple_double::take_cgl_calls();
      ASSERT_EQ(calls.size(), 1U);
      EXPECT_EQ(calls[0].plane, plane);
      EXPECT_EQ(calls[0].width, mip_extent(d, 0, plane).width);
      EXPECT_EQ(calls[0].height, mip_extent(d, 0, plane).height);
      // GL_RED, GL_RG; GL_BGRA as little-endian words.
      if (format == F::nv12) EXPECT_EQ(calls[0].format, plane == 0 ? 0x1903U : 0x8227U);
      if (format == F::bgra8_unorm) EXPECT_EQ(calls[0].type, 0x8367U);
    }
    EXPECT_EQ(cgl::attach_plane(&some_context, surface, d, format_info(format).plane_count).error().code(),
              ErrorCode::invalid_argument);
  }
}

TEST_F(Cgl, WhatOpenGlDoesNotSeeIsRefused) {
  const TextureDescriptor d = describe(TextureFormat::rgba32_float);
  auto texture = first().create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(texture);
  void* surface = metal::native(**texture)->io_surface;
  auto other = cgl::attach_plane(&some_context, surface, d);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(other.error().alternatives().size(), cgl::formats().size());
  // A surface that is not what the descriptor says.
  EXPECT_EQ(cgl::attach_plane(&some_context, surface, describe(TextureFormat::bgra8_unorm)).error().code(),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(cgl::attach_plane(nullptr, surface, d).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(cgl::attach_plane(&some_context, nullptr, d).error().code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(apple_double::take_cgl_calls().empty());
}

}  // namespace
}  // namespace geyser::test
