// What is wrong with a parcel of dma-bufs, and that nothing of them is left in OpenGL.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "contract/opengl_dma_buf.hpp"
#include "opengl/context.hpp"
#include "opengl/dma_buf.hpp"
#include "opengl/texture.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

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
