// Pixel buffers as textures, and textures as pixel buffers.
#include <CoreVideo/CoreVideo.h>

#include <geyser/core_video.hpp>

#include "metal_fixture.hpp"

namespace geyser::test {
namespace {

using PixelBuffers = Metal;

// A pixel buffer on a surface of a texture's making, as a camera would give it.
CVPixelBufferRef buffer_of(SharedTexture& texture) {
  auto native = metal::native(texture);
  EXPECT_TRUE(native);
  CVPixelBufferRef buffer = nullptr;
  EXPECT_EQ(CVPixelBufferCreateWithIOSurface(nullptr, static_cast<IOSurfaceRef>(native->io_surface), nullptr, &buffer),
            kCVReturnSuccess);
  return buffer;
}

TEST_F(PixelBuffers, AreDescribedByTheirNamesAndAttachments) {
  const struct {
    TextureFormat format;
    ColorRange range;
  } rows[] = {{TextureFormat::nv12, ColorRange::limited}, {TextureFormat::nv12, ColorRange::full},
              {TextureFormat::p010, ColorRange::limited}, {TextureFormat::p010, ColorRange::full},
              {TextureFormat::i420, ColorRange::limited}, {TextureFormat::bgra8_unorm, ColorRange::full},
              {TextureFormat::rgba16_float, ColorRange::full}};
  for (const auto& row : rows) {
    SCOPED_TRACE(to_string(row.format));
    TextureDescriptor d = describe(row.format);
    d.picture.range = row.range;
    auto texture = first().create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    CVPixelBufferRef buffer = buffer_of(**texture);
    auto described = metal::describe_pixel_buffer(buffer);
    ASSERT_TRUE(described) << described.error().to_string();
    EXPECT_EQ(described->format, row.format);
    EXPECT_EQ(described->picture.range, row.range);
    EXPECT_EQ(described->extent, d.extent);
    EXPECT_EQ(described->picture.matrix_coefficients, 2);
    CVBufferSetAttachment(buffer, kCVImageBufferYCbCrMatrixKey, kCVImageBufferYCbCrMatrix_ITU_R_601_4,
                          kCVAttachmentMode_ShouldPropagate);
    CVBufferSetAttachment(buffer, kCVImageBufferTransferFunctionKey, kCVImageBufferTransferFunction_ITU_R_2100_HLG,
                          kCVAttachmentMode_ShouldPropagate);
    described = metal::describe_pixel_buffer(buffer);
    ASSERT_TRUE(described);
    EXPECT_EQ(described->picture.matrix_coefficients, 6);
    EXPECT_EQ(described->picture.transfer_characteristics, 18);
    EXPECT_EQ(described->picture.color_primaries, 2);
    CFRelease(buffer);
  }
}

// A decoder's picture: its planes reach another manager without a copy, and no pool has it back meanwhile.
TEST_F(PixelBuffers, AreAdoptedInPlace) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  IOSurfaceRef surface = apple_double::new_planar_surface(512, 24);
  CVPixelBufferRef buffer = nullptr;
  ASSERT_EQ(CVPixelBufferCreateWithIOSurface(nullptr, surface, nullptr, &buffer), kCVReturnSuccess);
  // The buffer is a use of the surface: nobody else's.
  EXPECT_TRUE(IOSurfaceIsInUse(surface));
  auto texture = metal::adopt_pixel_buffer(first(), buffer);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->descriptor().format, TextureFormat::nv12);
  EXPECT_EQ((*texture)->descriptor().picture.range, ColorRange::limited);
  CFRelease(buffer);
  EXPECT_EQ(apple_double::alive().pixel_buffers, 1) << "the texture keeps it";
  auto opened = second().import_shared_texture(parcel_of(first(), **texture));
  ASSERT_TRUE(opened) << opened.error().to_string();
  AccessState state;
  hand_off(**end, **texture, **opened, state, 5);
  EXPECT_EQ((*opened)->statistics().bytes_copied, 0U);
  texture->reset();
  EXPECT_EQ(apple_double::alive().pixel_buffers, 0);
  EXPECT_TRUE(IOSurfaceIsInUse(surface));
  opened->reset();
  EXPECT_FALSE(IOSurfaceIsInUse(surface));
  CFRelease(surface);
}

TEST_F(PixelBuffers, AreSeenAsAnotherFormatOfTheSameMemory) {
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  CVPixelBufferRef buffer = buffer_of(**texture);
  auto srgb = metal::adopt_pixel_buffer(first(), buffer, TextureFormat::bgra8_srgb);
  ASSERT_TRUE(srgb) << srgb.error().to_string();
  auto native = metal::native(**srgb);
  ASSERT_TRUE(native);
  EXPECT_EQ(static_cast<id<MTLTexture>>(static_cast<id>(native->textures[0])).pixelFormat,
            MTLPixelFormatBGRA8Unorm_sRGB);
  auto other = metal::adopt_pixel_buffer(first(), buffer, TextureFormat::r32_float);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::incompatible_layout) << other.error().to_string();
  CFRelease(buffer);
}

TEST_F(PixelBuffers, AreMadeOfTextures) {
  TextureDescriptor d = describe(TextureFormat::nv12);
  d.picture.range = ColorRange::limited;
  d.picture.matrix_coefficients = 9;
  d.picture.color_primaries = 9;
  d.picture.transfer_characteristics = 16;
  auto texture = first().create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto made = metal::create_pixel_buffer(**texture);
  ASSERT_TRUE(made) << made.error().to_string();
  auto* buffer = static_cast<CVPixelBufferRef>(*made);
  EXPECT_EQ(CVPixelBufferGetIOSurface(buffer), metal::native(**texture)->io_surface);
  auto described = metal::describe_pixel_buffer(buffer);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->picture, d.picture);
  texture->reset();
  EXPECT_EQ(apple_double::alive().surfaces, before_.surfaces + 1) << "the pixel buffer keeps it";
  CFRelease(buffer);
}

TEST_F(PixelBuffers, ThatCannotBeSharedAreRefused) {
  EXPECT_EQ(metal::describe_pixel_buffer(nullptr).error().code(), ErrorCode::invalid_argument);
  CVPixelBufferRef plain = apple_double::new_plain_pixel_buffer(16, 16);
  auto adopted = metal::adopt_pixel_buffer(first(), plain);
  ASSERT_FALSE(adopted);
  EXPECT_EQ(adopted.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(adopted.error().message(), "The pixel buffer is not on an IOSurface.");
  CFRelease(plain);
  auto host = make_host_end();
  ASSERT_TRUE(host);
  auto texture = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  CVPixelBufferRef buffer = buffer_of(**texture);
  EXPECT_EQ(metal::adopt_pixel_buffer((*host)->manager(), buffer).error().code(), ErrorCode::invalid_argument);
  CFRelease(buffer);
  // A surface that CoreVideo has no name for, and none at all.
  auto nameless = first().create_texture(describe(TextureFormat::rgb10a2_unorm), HandleKind::io_surface);
  ASSERT_TRUE(nameless);
  EXPECT_EQ(metal::create_pixel_buffer(**nameless).error().code(), ErrorCode::unsupported);
  auto copied = first().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::host_memory);
  ASSERT_TRUE(copied);
  EXPECT_EQ(metal::create_pixel_buffer(**copied).error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace geyser::test
