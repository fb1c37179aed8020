// dma_buf into and out of OpenGL and OpenGL ES: every format that both ends have, planes of a picture in one buffer and
// in two, what the colours are to GL, and what is wrong with a parcel. Run with Mesa 25 (tools/with_mesa25.sh) and the
// stand-in for /dev/udmabuf: layouts and drivers are real, the kernel object is a memfd.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <geyser/opengl.hpp>

#include "opengl/context.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/error.hpp"
#include "opengl/state.hpp"
#include "opengl/texture.hpp"
#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

bool has_dma_buf(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf && row.importable;
  });
}

class OpenGlDmaBuf : public testing::Test {
 protected:
  static void TearDownTestSuite() { ends_.close(); }
  void SetUp() override {
    for (const char* name : {"host", "opengl", "opengl_es", "vulkan"}) ASSERT_NE(ends_.get(name), nullptr);
    if (!has_dma_buf(gl().capabilities()) || !has_dma_buf(vulkan().capabilities())) {
      if (is_rig("mesa")) FAIL() << "Mesa 25 is there, but opens no dma-buf";
      std::printf(
          "NOT RUN: OpenGL and Vulkan here open no dma-bufs; ./dev drivers unpacks some that do on Debian 12\n");
      GTEST_SKIP();
    }
    policy_.allow_opaque = false;
    descriptor_.extent = {61, 35, 1};
  }
  void TearDown() override {
    for (const char* name : {"opengl", "opengl_es", "vulkan"}) {
      for (const std::string& complaint : std::exchange(ends_.get(name)->complaints, {})) ADD_FAILURE() << complaint;
    }
  }

  static TextureShareManager& gl() { return ends_.get("opengl")->manager(); }
  static TextureShareManager& vulkan() { return ends_.get("vulkan")->manager(); }

  std::unique_ptr<SharedTexture> make(TextureShareManager& from, const TextureDescriptor& descriptor) {
    auto texture = from.create_texture(descriptor, HandleKind::dma_buf);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return texture ? *std::move(texture) : nullptr;
  }
  // Of a texture that lives as long as the test.
  ApiTextureHandle parcel() {
    made_.push_back(make(vulkan(), descriptor_));
    return *vulkan().export_texture(*made_.back());
  }
  static void expect_refused(ApiTextureHandle&& wrong, ErrorCode code, const std::string& words) {
    auto imported = gl().import_shared_texture(std::move(wrong));
    ASSERT_FALSE(imported) << words;
    EXPECT_EQ(imported.error().code(), code) << imported.error().to_string();
    EXPECT_NE(imported.error().to_string().find(words), std::string::npos) << imported.error().to_string();
  }
  static AccessState write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto filled = end.fill(texture, make_pattern(texture.descriptor(), seed));
    EXPECT_TRUE(filled) << filled.error().to_string();
    return *texture.end_access(*std::move(access));
  }
  static AccessState expect(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto bytes = end.read(texture);
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    if (bytes) {
      EXPECT_EQ(difference(texture.descriptor(), make_pattern(texture.descriptor(), seed), *bytes), "");
    }
    return *texture.end_access(*std::move(access));
  }
  // Every format that the two can share by dma_buf, there and back. Gives their names.
  std::string share_every_format(const std::string& from_name, const std::string& to_name, Api maker) {
    End& from = *ends_.get(from_name);
    End& to = *ends_.get(to_name);
    std::string names;
    for (const FormatInfo& info : all_formats()) {
      SCOPED_TRACE(from_name + " to " + to_name + " " + std::string(info.name));
      TextureDescriptor d = descriptor_;
      d.format = info.format;
      if (info.is_multi_planar()) d.extent = {60, 34, 1};
      auto agreement = negotiate(d, from.manager().capabilities(), to.manager().capabilities(), policy_);
      if (!agreement || agreement->handle_kind != HandleKind::dma_buf) continue;
      auto texture = from.manager().create_texture(d, *agreement);
      if (!texture) ADD_FAILURE() << texture.error().to_string();
      if (!texture) continue;
      auto parcel = from.manager().export_texture(**texture);
      if (!parcel) ADD_FAILURE() << parcel.error().to_string();
      if (!parcel) continue;
      if (parcel->api != maker) continue;  // made by an allocator: the other test's
      names += (names.empty() ? "" : " ") + std::string(info.name);
      EXPECT_EQ(parcel->kind, HandleKind::dma_buf);
      EXPECT_EQ(parcel->layout.modifier, drm_modifier_linear);
      const auto object = *platform::kernel_identity(parcel->handles[0].get());
      EXPECT_EQ(object, *platform::kernel_identity(from.manager().export_texture(**texture)->handles[0].get()));
      auto imported = to.manager().import_shared_texture(*std::move(parcel));
      if (!imported) ADD_FAILURE() << imported.error().to_string();
      if (!imported) continue;
      EXPECT_EQ((*imported)->path(), SharePath::zero_copy);
      AccessState state = expect(to, **imported, write(from, **texture, {}, 1), 1);
      expect(from, **texture, write(to, **imported, state, 2), 2);
      EXPECT_EQ((*texture)->statistics().bytes_copied + (*imported)->statistics().bytes_copied, 0U);
    }
    return names;
  }

  static inline Ends ends_;
  NegotiationPolicy policy_;
  TextureDescriptor descriptor_;
  std::vector<std::unique_ptr<SharedTexture>> made_;
};

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

// Offsets that are not zero, rows that are not tight, and several planes, told from memory whose maker sees all of it
// as one texture of bytes.
class Planes : public OpenGlDmaBuf {
 protected:
  // The bytes of a picture of red alone, as wide as its rows.
  ApiTextureHandle bytes(std::uint32_t width, std::uint32_t height) {
    TextureDescriptor d;
    d.format = TextureFormat::r8_unorm;
    d.extent = {width, height, 1};
    made_.push_back(make(vulkan(), d));
    return *vulkan().export_texture(*made_.back());
  }
  // The same bytes by Vulkan's means.
  static std::vector<std::byte> look(SharedTexture& texture, const AccessState& state) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto seen = ends_.get("vulkan")->read(texture);
    EXPECT_TRUE(seen) << seen.error().to_string();
    EXPECT_TRUE(texture.end_access(*std::move(access)));
    return *std::move(seen);
  }
  // Whether each plane of `d`, as pattern `seed` has it, lies in `memory` where `layout` says.
  static void expect_planes(const TextureDescriptor& d, const MemoryLayout& layout, std::uint32_t seed,
                            std::span<const std::byte> memory, std::uint32_t handle = 0) {
    const auto pattern = make_pattern(d, seed);
    for (std::uint32_t plane = 0; plane < layout.plane_count; ++plane) {
      if (layout.planes.at(plane).handle_index != handle) continue;
      const HostSubresource sub = host_subresource(d, plane, 0, 0);
      for (std::uint32_t y = 0; y < sub.rows; ++y) {
        ASSERT_EQ(std::memcmp(pattern.data() + sub.offset + y * sub.row_stride,
                              memory.data() + layout.planes.at(plane).offset + y * layout.planes.at(plane).stride,
                              sub.row_bytes),
                  0)
            << "plane " << plane << " row " << y;
      }
    }
  }
};

TEST_F(Planes, MayStandAnywhereInTheBuffer) {
  for (const char* name : {"opengl", "opengl_es"}) {
    SCOPED_TRACE(name);
    ApiTextureHandle parcel = bytes(512, 64);
    SharedTexture& all = *made_.back();
    AccessState state = write(*ends_.get("vulkan"), all, {}, 1);
    const std::vector<std::byte> before = look(all, state);
    parcel.descriptor = descriptor_;  // 61x35 of rgba8
    parcel.layout.planes[0].offset = 512 * 3 + 64;
    auto imported = ends_.get(name)->manager().import_shared_texture(std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    state = write(*ends_.get(name), **imported, state, 2);
    const std::vector<std::byte> after = look(all, state);
    expect_planes(descriptor_, (*imported)->layout(), 2, after);
    // And nothing beside it.
    for (std::size_t at = 0; at < after.size(); ++at) {
      const std::size_t row = at / 512;
      const std::size_t column = at % 512;
      const bool inside = row >= 3 && row < 3 + 35 && column >= 64 && column < 64 + 61 * 4;
      ASSERT_TRUE(inside || after[at] == before[at]) << "row " << row << " byte " << column;
    }
  }
}

TEST_F(Planes, OfOneBufferAreTexturesOfTheirOwn) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420}) {
    for (const char* name : {"opengl", "opengl_es"}) {
      for (const bool two_handles : {false, true}) {
        SCOPED_TRACE(std::string(to_string(format)) + " " + name);
        ApiTextureHandle parcel = bytes(256, 96);
        SharedTexture& all = *made_.back();
        TextureDescriptor d = descriptor_;
        d.format = format;
        d.extent = {62, 36, 1};
        parcel.descriptor = d;
        const std::uint32_t planes = format_info(format).plane_count;
        parcel.layout.plane_count = planes;
        parcel.layout.planes = {{{0, 256, 256}, {0, 256 * 40, 256}, {0, 256 * 70 + 64, 256}, {}}};
        if (two_handles) {
          parcel.handle_count = planes;
          for (std::uint32_t i = 1; i < planes; ++i) {
            parcel.handles.at(i) = *parcel.handles[0].duplicate();
            parcel.layout.planes.at(i).handle_index = i;
          }
        }
        const MemoryLayout layout = parcel.layout;
        End& end = *ends_.get(name);
        auto imported = end.manager().import_shared_texture(std::move(parcel));
        ASSERT_TRUE(imported) << imported.error().to_string();
        const auto native = opengl::native(**imported);
        ASSERT_EQ(native->plane_count, planes);
        EXPECT_EQ(native->planes[0].internal_format, format == TextureFormat::p010 ? GL_R16 : GL_R8);
        AccessState state = expect(end, **imported, write(end, **imported, {}, 3), 3);
        const auto memory = look(all, state);
        for (std::uint32_t i = 0; i < planes; ++i) expect_planes(d, layout, 3, memory, i);
        EXPECT_EQ((*imported)->statistics().bytes_copied, 0U);
      }
    }
  }
}

TEST_F(Planes, OfTwoBuffersAreTexturesOfTheirOwn) {
  for (const char* name : {"opengl", "opengl_es"}) {
    ApiTextureHandle parcel = bytes(256, 48);
    SharedTexture& luma = *made_.back();
    ApiTextureHandle other = bytes(256, 24);
    SharedTexture& chroma = *made_.back();
    TextureDescriptor d = descriptor_;
    d.format = TextureFormat::nv12;
    d.extent = {62, 36, 1};
    parcel.descriptor = d;
    parcel.layout.plane_count = 2;
    parcel.layout.planes = {{{0, 0, 256}, {1, 512, 256}, {}, {}}};
    parcel.handle_count = 2;
    parcel.handles[1] = std::move(other.handles[0]);
    const MemoryLayout layout = parcel.layout;
    End& end = *ends_.get(name);
    auto again = parcel.duplicate();
    auto imported = end.manager().import_shared_texture(std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    const AccessState state = write(end, **imported, {}, 4);
    expect_planes(d, layout, 4, look(luma, state), 0);
    expect_planes(d, layout, 4, look(chroma, state), 1);
    // The second buffer's size is the kernel's word, too.
    again->layout.planes[1].offset = 256 * 20;
    auto over = end.manager().import_shared_texture(*std::move(again));
    ASSERT_FALSE(over);
    EXPECT_NE(over.error().message().find("[layout.planes[1]]"), std::string::npos) << over.error().to_string();
  }
}

TEST_F(OpenGlDmaBuf, NamesTheWrongField) {
  ASSERT_TRUE(ends_.get("vulkan")->settle());
  const std::size_t before = open_descriptors();
  {
    constexpr ErrorCode layout = ErrorCode::incompatible_layout;
    ApiTextureHandle wrong = parcel();
    wrong.layout.modifier = 0x0100000000000001ULL;
    expect_refused(std::move(wrong), layout, "[layout.modifier]");
    wrong = parcel();
    wrong.layout.modifier = drm_modifier_invalid;
    expect_refused(std::move(wrong), layout, "[layout.modifier] is INVALID");
    wrong = parcel();
    wrong.layout.plane_count = 2;
    wrong.layout.planes[1] = wrong.layout.planes[0];
    expect_refused(std::move(wrong), layout, "[layout.plane_count]");
    wrong = parcel();
    wrong.layout.planes[0].stride = 60 * 4;
    expect_refused(std::move(wrong), layout, "[layout.planes[0].stride]");
    wrong = parcel();
    wrong.layout.planes[0].offset = wrong.layout.allocation_size;
    expect_refused(std::move(wrong), layout, "[layout.planes[0]]");
    wrong = parcel();
    wrong.layout.planes[0].offset = 1ULL << 40U;
    wrong.layout.allocation_size = 1ULL << 41U;
    expect_refused(std::move(wrong), layout, "[layout.allocation_size]");
    wrong = parcel();
    wrong.layout.allocation_size *= 4;
    expect_refused(std::move(wrong), layout, "[layout.allocation_size]");
    wrong = parcel();
    wrong.layout.tiling = Tiling::opaque;
    expect_refused(std::move(wrong), layout, "[layout.tiling]");
    wrong = parcel();
    wrong.descriptor.format = TextureFormat::bgra8_srgb;  // no fourcc says that, and no view of one shows it
    expect_refused(std::move(wrong), ErrorCode::unsupported, "[bgra8_srgb]");
    wrong = parcel();
    wrong.descriptor.mip_levels = 2;
    expect_refused(std::move(wrong), ErrorCode::unsupported, "at most [1] mip levels");
  }
  made_.clear();
  ASSERT_TRUE(ends_.get("vulkan")->settle());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(OpenGlDmaBuf, RefusesABufferThatIsTooSmallOrNone) {
  ASSERT_TRUE(ends_.get("vulkan")->settle());
  const std::size_t before = open_descriptors();
  {
    const auto with = [&](int descriptor) {
      ApiTextureHandle wrong = parcel();
      wrong.handles[0] = OwnedHandle::adopt(HandleKind::dma_buf, descriptor);
      return wrong;
    };
    ApiTextureHandle small = parcel();
    TextureDescriptor d;
    d.extent = {8, 8, 1};
    made_.push_back(make(vulkan(), d));
    small.handles[0] = std::move(vulkan().export_texture(*made_.back())->handles[0]);
    expect_refused(std::move(small), ErrorCode::incompatible_layout, "the handle's object has [4096] bytes");
    std::array<int, 2> sockets{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets.data()), 0);
    const auto other_end = OwnedHandle::adopt(HandleKind::dma_buf, sockets[1]);
    expect_refused(with(sockets[0]), ErrorCode::invalid_handle, "dma-buf");
    expect_refused(with(eventfd(0, EFD_CLOEXEC)), ErrorCode::invalid_handle, "dma-buf");
    // Mesa would take this one.
    const auto memory = static_cast<int>(platform::create_shared_memory(1U << 20U)->detach());
    expect_refused(with(memory), ErrorCode::invalid_handle, "Handle [0] is not a dma-buf");
  }
  made_.clear();
  ASSERT_TRUE(ends_.get("vulkan")->settle());
  EXPECT_EQ(open_descriptors(), before);
}

// What a driver does not take although it is in its lists: EGL's code and its name come along.
TEST_F(OpenGlDmaBuf, NamesEglsError) {
  auto texture = gl().import_shared_texture(parcel());
  ASSERT_TRUE(texture);
  const auto& context = static_cast<opengl::GlTexture&>(**texture).context();
  auto current = opengl::Current::open(*context);
  ApiTextureHandle wrong = parcel();
  wrong.layout.modifier = 0x0100000000000001ULL;
  const auto image = opengl::DmaBufImage::open(*context, wrong, 0);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().native().domain, NativeDomain::egl);
  EXPECT_TRUE(image.error().native().name.starts_with("EGL_BAD_")) << image.error().to_string();
  EXPECT_NE(image.error().message().find("fourcc [AB24], modifier [72057594037927937], offset [0], stride [256]"),
            std::string::npos)
      << image.error().to_string();
}

TEST_F(OpenGlDmaBuf, LeaksNothingInTenThousandImports) {
  const ApiTextureHandle original = parcel();
  for (const char* name : {"opengl", "opengl_es"}) {
    TextureShareManager& manager = ends_.get(name)->manager();
    ASSERT_TRUE(manager.import_shared_texture(*original.duplicate()));
    ASSERT_TRUE(ends_.get("vulkan")->settle());
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 5000; ++i) {
      ApiTextureHandle copy = *original.duplicate();
      const bool wrong = i % 10 == 9;
      if (wrong) copy.layout.allocation_size *= 4;  // past the front, which believes it
      ASSERT_EQ(manager.import_shared_texture(std::move(copy)).has_value(), !wrong);
    }
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST_F(OpenGlDmaBuf, LeaksNothingThatWasUsed) {
  for (const char* name : {"opengl", "opengl_es"}) {
    End& end = *ends_.get(name);
    for (const FormatInfo& info : all_formats()) {
      TextureDescriptor d = descriptor_;
      d.format = info.format;
      if (info.is_multi_planar()) d.extent = {60, 34, 1};
      auto agreement = negotiate(d, ends_.get("host")->manager().capabilities(), end.manager().capabilities(), policy_);
      if (!agreement || agreement->handle_kind != HandleKind::dma_buf) continue;
      SCOPED_TRACE(std::string(name) + " " + std::string(info.name));
      std::size_t before = 0;
      for (int i = 0; i < 20; ++i) {
        // llvmpipe keeps a texture or two of those that were written by planes, however many there were.
        if (i == 3) {
          ASSERT_TRUE(end.settle());
          before = open_descriptors();
        }
        auto texture = ends_.get("host")->manager().create_texture(d, *agreement);
        ASSERT_TRUE(texture) << texture.error().to_string();
        auto imported = end.manager().import_shared_texture(*ends_.get("host")->manager().export_texture(**texture));
        ASSERT_TRUE(imported) << imported.error().to_string();
        expect(end, **imported, write(end, **imported, {}, 3), 3);
      }
      ASSERT_TRUE(end.settle());
      // One or two more or less, as its threads come to it; a leak of each use would be seventeen.
      EXPECT_LE(open_descriptors(), before + 2);
    }
  }
}

TEST_F(OpenGlDmaBuf, GivesDescriptorsThatNoChildInherits) {
  auto texture = make(gl(), descriptor_);
  const auto& context = static_cast<opengl::GlTexture&>(*texture).context();
  auto current = opengl::Current::open(*context);
  auto image = opengl::DmaBufImage::of_texture(*context, opengl::native(*texture)->name);
  ASSERT_TRUE(image) << image.error().to_string();
  auto exported = image->export_planes();
  ASSERT_TRUE(exported) << exported.error().to_string();
  ASSERT_EQ(exported->handle_count, 1U);
  EXPECT_EQ(fcntl(static_cast<int>(exported->handles[0].get()), F_GETFD), FD_CLOEXEC);
}

TEST_F(OpenGlDmaBuf, LeaksNothingInAThousandExports) {
  ASSERT_TRUE(ends_.get("vulkan")->settle());
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    auto texture = make(gl(), descriptor_);
    ASSERT_NE(texture, nullptr);
    ASSERT_TRUE(gl().export_texture(*texture));
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
