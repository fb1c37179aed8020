#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <geyser/format.hpp>

#include "support/end.hpp"
#ifdef GEYSER_TEST_VULKAN
#include "vulkan/format.hpp"
#endif
#ifdef GEYSER_TEST_OPENGL
#include "opengl/format.hpp"
#endif
#ifdef GEYSER_TEST_WEBGPU
#include "webgpu/format.hpp"
#endif

namespace geyser::test {
namespace {

TEST(Format, EveryRowIsConsistent) {
  std::set<TextureFormat> formats;
  std::set<std::string_view> names;
  TextureFormat last = TextureFormat::unknown;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    EXPECT_GT(info.format, last) << "ascending";
    last = info.format;
    EXPECT_TRUE(formats.insert(info.format).second);
    EXPECT_TRUE(names.insert(info.name).second);
    EXPECT_EQ(&format_info(info.format), &info);
    EXPECT_EQ(format_from_name(info.name), info.format);
    EXPECT_EQ(to_string(info.format), info.name);
    ASSERT_GE(info.plane_count, 1);
    ASSERT_LE(info.plane_count, 3);
    for (std::size_t plane = 0; plane < info.plane_count; ++plane) EXPECT_GT(info.planes.at(plane).block_bytes, 0);
    EXPECT_EQ(info.is_compressed(), info.block_width > 1);
    EXPECT_EQ(info.name.ends_with("_srgb"), info.is_srgb());
    unsigned bits = 0;
    for (const auto channel : info.channel_bits) bits += channel;
    if (info.format_class == FormatClass::color || info.format_class == FormatClass::packed) {
      EXPECT_EQ(bits, info.planes[0].block_bytes * 8U);
      EXPECT_FALSE(info.channels.empty());
    }
    if (info.drm_fourcc != 0) {
      EXPECT_EQ(format_from_drm_fourcc(info.drm_fourcc), info.format);  // one code for each, one for each code
    }
  }
  EXPECT_EQ(formats.size(), 109U);
}

TEST(Format, NoneIsUnknown) {
  EXPECT_EQ(format_info(static_cast<TextureFormat>(60000)).format, TextureFormat::unknown);
  EXPECT_EQ(format_info(TextureFormat::unknown).plane_count, 0);
  EXPECT_EQ(format_from_name("rgba9"), TextureFormat::unknown);
  EXPECT_EQ(format_from_drm_fourcc(0x12345678), TextureFormat::unknown);
}

TEST(Format, ChannelOrderIsTheMemorysOrder) {
  EXPECT_EQ(format_info(TextureFormat::rgba8_unorm).channels, "RGBA");
  EXPECT_EQ(format_info(TextureFormat::bgra8_unorm).channels, "BGRA");
  EXPECT_EQ(format_info(TextureFormat::rgb565_unorm).channels, "BGR");
  EXPECT_EQ(format_info(TextureFormat::rgb10a2_unorm).channels, "RGBA");
  // DRM names little-endian words from the top: AB24 is RGBA in memory, AR24 is BGRA.
  EXPECT_EQ(format_info(TextureFormat::rgba8_unorm).drm_fourcc, 0x34324241U);
  EXPECT_EQ(format_info(TextureFormat::bgra8_unorm).drm_fourcc, 0x34325241U);
}

// As drm_fourcc.h has them: the two 10-bit orders and the two byte orders are easily taken for each other.
TEST(Format, HasTheKernelsCodes) {
  const std::pair<TextureFormat, std::string_view> codes[] = {
      {TextureFormat::r8_unorm, "R8  "},      {TextureFormat::rg8_unorm, "GR88"},
      {TextureFormat::rgba8_unorm, "AB24"},   {TextureFormat::bgra8_unorm, "AR24"},
      {TextureFormat::r16_unorm, "R16 "},     {TextureFormat::rg16_unorm, "GR32"},
      {TextureFormat::rgba16_unorm, "AB48"},  {TextureFormat::rgba16_float, "AB4H"},
      {TextureFormat::rgb10a2_unorm, "AB30"}, {TextureFormat::bgr10a2_unorm, "AR30"},
      {TextureFormat::rgb565_unorm, "RG16"},  {TextureFormat::nv12, "NV12"},
      {TextureFormat::p010, "P010"},          {TextureFormat::i420, "YU12"}};
  std::size_t with_code = 0;
  for (const FormatInfo& info : all_formats()) with_code += info.drm_fourcc != 0 ? 1 : 0;
  EXPECT_EQ(with_code, std::size(codes));
  for (const auto& [format, code] : codes) {
    std::string name;
    for (unsigned shift = 0; shift < 32; shift += 8) {
      name += static_cast<char>(format_info(format).drm_fourcc >> shift & 0xffU);
    }
    EXPECT_EQ(name, code) << to_string(format);
  }
}

#ifdef GEYSER_TEST_VULKAN
TEST(Format, VulkansColumnGoesBothWays) {
  std::set<VkFormat> seen;
  for (const FormatInfo& info : all_formats()) {
    const VkFormat format = vulkan::to_vulkan(info.format);
    EXPECT_NE(format, VK_FORMAT_UNDEFINED) << info.name;
    EXPECT_TRUE(seen.insert(format).second) << info.name;
    EXPECT_EQ(vulkan::from_vulkan(format), info.format) << info.name;
  }
  EXPECT_EQ(vulkan::to_vulkan(TextureFormat::unknown), VK_FORMAT_UNDEFINED);
  EXPECT_EQ(vulkan::from_vulkan(VK_FORMAT_R64_UINT), TextureFormat::unknown);
}
#endif

#ifdef GEYSER_TEST_OPENGL
TEST(Format, OpenGlsColumnGoesBothWays) {
  for (const FormatInfo& info : all_formats()) {
    const opengl::GlFormat format = opengl::to_gl(info.format);
    EXPECT_EQ(format.internal_format == 0, info.is_multi_planar()) << info.name;
    if (format.internal_format == 0 || format.swizzle_red_blue) continue;
    EXPECT_EQ(opengl::from_gl(format.internal_format), info.format) << info.name;
  }
  EXPECT_TRUE(opengl::to_gl(TextureFormat::bgra8_unorm).swizzle_red_blue);
  EXPECT_EQ(opengl::from_gl(GL_RGBA8), TextureFormat::rgba8_unorm);
  EXPECT_EQ(opengl::from_gl(0x1234), TextureFormat::unknown);
}
#endif

#ifdef GEYSER_TEST_WEBGPU
TEST(Format, WebGpusColumnGoesBothWays) {
  std::size_t known = 0;
  for (const FormatInfo& info : all_formats()) {
    const webgpu::WebGpuFormat format = webgpu::to_webgpu(info.format);
    if (format.native == WGPUTextureFormat_Undefined) continue;
    ++known;
    EXPECT_EQ(webgpu::from_webgpu(format.native), info.format) << info.name;
#ifdef GEYSER_TEST_VULKAN
    EXPECT_EQ(format.vulkan, vulkan::to_vulkan(info.format)) << info.name;
#endif
  }
  EXPECT_EQ(known, 100U);
  EXPECT_EQ(webgpu::to_webgpu(TextureFormat::rgba8_unorm).native, WGPUTextureFormat_RGBA8Unorm);
  EXPECT_EQ(webgpu::from_webgpu(WGPUTextureFormat_Depth24Plus), TextureFormat::unknown);
}
#endif

}  // namespace
}  // namespace geyser::test
