// Textures on surfaces: made, adopted, opened, and refused.
#include <functional>

#include "metal_fixture.hpp"
#include "platform/shared_memory.hpp"
#include "surface/format.hpp"

namespace geyser::test {
namespace {

TEST_F(Metal, SurfacesAreCalledWhatNativeProgramsCallThem) {
  const struct {
    TextureFormat format;
    ColorRange range;
    const char* name;
    std::size_t planes;
  } expected[] = {{TextureFormat::nv12, ColorRange::limited, "420v", 2},
                  {TextureFormat::nv12, ColorRange::full, "420f", 2},
                  {TextureFormat::p010, ColorRange::limited, "x420", 2},
                  {TextureFormat::p010, ColorRange::full, "xf20", 2},
                  {TextureFormat::i420, ColorRange::limited, "y420", 3},
                  {TextureFormat::bgra8_unorm, ColorRange::full, "BGRA", 0},
                  {TextureFormat::rgba16_float, ColorRange::full, "RGhA", 0},
                  {TextureFormat::r16_unorm, ColorRange::full, "L016", 0},
                  {TextureFormat::bgr10a2_unorm, ColorRange::full, "l10r", 0}};
  for (const auto& row : expected) {
    SCOPED_TRACE(row.name);
    TextureDescriptor d = describe(row.format);
    d.picture.range = row.range;
    auto texture = first().create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto native = metal::native(**texture);
    ASSERT_TRUE(native);
    auto* surface = static_cast<IOSurfaceRef>(native->io_surface);
    ASSERT_NE(surface, nullptr);
    EXPECT_EQ(surface::four_characters(IOSurfaceGetPixelFormat(surface)), row.name);
    EXPECT_EQ(IOSurfaceGetPlaneCount(surface), row.planes);
    EXPECT_EQ(native->texture_count, std::max<std::size_t>(row.planes, 1));
    id<MTLTexture> last = static_cast<id>(native->textures[native->texture_count - 1]);
    EXPECT_EQ(last.iosurface, surface);
    EXPECT_EQ(last.iosurfacePlane, native->texture_count - 1);
    // A surface of Geyser's counts as in use as long as the texture lives.
    EXPECT_TRUE(IOSurfaceIsInUse(surface));
  }
}

// Every way to lie about a surface is found before Metal hears of it, and nothing is left behind.
TEST_F(Metal, LyingParcelsAreRefusedByField) {
  auto texture = first().create_texture(describe(TextureFormat::nv12), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  const auto refusal = [&](const std::function<void(ApiTextureHandle&)>& spoil) {
    ApiTextureHandle parcel = parcel_of(first(), **texture);
    spoil(parcel);
    auto opened = second().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? GeyserError(ErrorCode::busy, "it was opened") : std::move(opened.error());
  };
  const auto has = [](const GeyserError& error, ErrorCode code, const char* words) {
    EXPECT_EQ(error.code(), code) << error.to_string();
    EXPECT_NE(error.message().find(words), std::string::npos) << error.to_string();
  };
  // Another size.
  has(refusal([](ApiTextureHandle& p) { p.descriptor.extent.width -= 2; }), ErrorCode::incompatible_layout,
      "Field [descriptor.extent of plane 0] is [36x22], but the surface has [38x22].");
  // Another format: of other planes, and of the same.
  has(refusal([](ApiTextureHandle& p) { p.descriptor.format = TextureFormat::r8_unorm; }),
      ErrorCode::incompatible_layout, "Field [descriptor.format] is [r8_unorm], but the surface has [420f].");
  has(refusal([](ApiTextureHandle& p) {
        p.descriptor.format = TextureFormat::p010;
        p.layout.planes[0].stride *= 2;
        p.layout.planes[1].stride *= 2;
        p.layout.planes[1].offset *= 2;
        p.layout.allocation_size *= 2;
      }),
      ErrorCode::incompatible_layout, "Field [descriptor.format] is [p010], but the surface has [420f].");
  // A layout that is not the surface's.
  has(refusal([](ApiTextureHandle& p) { p.layout.allocation_size += 4096; }), ErrorCode::incompatible_layout,
      "The parcel says");
  // The range of colours may be told otherwise: memory is the same.
  ApiTextureHandle limited = parcel_of(first(), **texture);
  limited.descriptor.picture.range = ColorRange::limited;
  EXPECT_TRUE(second().import_shared_texture(std::move(limited)));
  // A port that is no surface's.
  has(refusal([](ApiTextureHandle& p) {
        auto memory = platform::create_shared_memory(65536);
        ASSERT_TRUE(memory);
        p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, memory->detach());
      }),
      ErrorCode::invalid_handle, "or the right of something else than an IOSurface");
  // A dead one: the number of a right that is gone.
  has(refusal([](ApiTextureHandle& p) {
        const NativeHandle gone = p.handles[0].get();
        const OwnedHandle closed = std::move(p.handles[0]);
        p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, gone + 1000);
      }),
      ErrorCode::invalid_handle, "is dead");
}

TEST_F(Metal, FormatsWithoutSurfacesAreRefusedWithThoseThatHave) {
  auto texture = first().create_texture(describe(TextureFormat::rgba8_snorm), HandleKind::io_surface);
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::unsupported);
  const auto surface = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(surface);
  auto adopted =
      metal::adopt_io_surface(first(), metal::native(**surface)->io_surface, describe(TextureFormat::rgba8_snorm));
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code(), ErrorCode::unsupported);
  const auto& list = adopted.error().alternatives();
  EXPECT_EQ(list.size(), metal::io_surface_formats().size());
  EXPECT_NE(std::find(list.begin(), list.end(), "format [bgra8_unorm]"), list.end());
}

TEST_F(Metal, ForeignSurfacesAreAdopted) {
  IOSurfaceRef surface = new_surface(
      38, 22, {{kIOSurfaceBytesPerRow, 512}, {kIOSurfacePixelFormat, ('B' << 24) | ('G' << 16) | ('R' << 8) | 'A'}});
  ASSERT_NE(surface, nullptr);
  const TextureDescriptor d = describe(TextureFormat::bgra8_unorm);
  auto larger = metal::adopt_io_surface(first(), surface, describe(TextureFormat::bgra8_unorm, 40, 22));
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code(), ErrorCode::incompatible_layout);
  EXPECT_FALSE(IOSurfaceIsInUse(surface));
  auto texture = metal::adopt_io_surface(first(), surface, d);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->layout().planes[0].stride, 512U);
  auto again = metal::adopt_io_surface(second(), surface, d);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::busy);
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto opened = second().import_shared_texture(parcel_of(first(), **texture));
  ASSERT_TRUE(opened) << opened.error().to_string();
  AccessState state;
  hand_off(**end, **texture, **opened, state, 7);
  texture->reset();
  opened->reset();
  EXPECT_FALSE(IOSurfaceIsInUse(surface));
  CFRelease(surface);
  EXPECT_EQ(metal::adopt_io_surface(first(), nullptr, d).error().code(), ErrorCode::invalid_argument);
}

// An IOSurface serves every device: also one with memory of its own.
TEST_F(Metal, SurfacesCrossDevices) {
  auto other = make_manager(apple_double::external);
  auto texture = first().create_texture(describe(TextureFormat::rgba16_float), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto opened = other->import_shared_texture(parcel_of(first(), **texture));
  EXPECT_TRUE(opened) << opened.error().to_string();
}

TEST_F(Metal, RowsThatTheDeviceCannotUseInPlaceAreRefused) {
  auto host = make_host_end();
  ASSERT_TRUE(host);
  Agreement agreement;
  agreement.handle_kind = HandleKind::host_memory;
  agreement.tiling = Tiling::linear;
  agreement.row_alignment = 4;
  auto texture = (*host)->manager().create_texture(describe(TextureFormat::rgba8_unorm), agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto opened = first().import_shared_texture(parcel_of((*host)->manager(), **texture));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::incompatible_layout) << opened.error().to_string();
}

}  // namespace
}  // namespace geyser::test
