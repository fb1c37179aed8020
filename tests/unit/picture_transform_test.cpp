#include <gtest/gtest.h>

#include <cmath>

#include <geyser/picture_transform.hpp>

namespace geyser::test {
namespace {

using Rgb = std::array<float, 3>;

Rgb apply(const PictureTransform& t, float x, float y, float z) {
  Rgb out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = t.to_rgb[i][0] * x + t.to_rgb[i][1] * y + t.to_rgb[i][2] * z + t.to_rgb[i][3];
  }
  return out;
}

void expect_near(const Rgb& got, const Rgb& wanted, float tolerance) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], wanted[i], tolerance) << "channel " << i;
}

TextureDescriptor picture(TextureFormat format, std::uint8_t matrix, ColorRange range) {
  TextureDescriptor d;
  d.extent = {64, 64, 1};
  d.format = format;
  d.picture.matrix_coefficients = matrix;
  d.picture.range = range;
  return d;
}

// Code values of colour bars, as the recommendations' tables have them.
TEST(PictureTransform, TakesYCbCrApart) {
  const auto bt709 = picture_transform(picture(TextureFormat::nv12, 1, ColorRange::limited));
  const auto code = [](int value) { return static_cast<float>(value) / 255; };
  expect_near(apply(bt709, code(235), code(128), code(128)), {1, 1, 1}, 0.005F);
  expect_near(apply(bt709, code(16), code(128), code(128)), {0, 0, 0}, 0.005F);
  expect_near(apply(bt709, code(63), code(102), code(240)), {1, 0, 0}, 0.01F);
  expect_near(apply(bt709, code(173), code(42), code(26)), {0, 1, 0}, 0.01F);
  expect_near(apply(bt709, code(32), code(240), code(118)), {0, 0, 1}, 0.01F);
  const auto bt601 = picture_transform(picture(TextureFormat::i420, 6, ColorRange::limited));
  expect_near(apply(bt601, code(81), code(90), code(240)), {1, 0, 0}, 0.01F);
  const auto full = picture_transform(picture(TextureFormat::nv12, 6, ColorRange::full));
  expect_near(apply(full, code(76), code(85), code(255)), {1, 0, 0}, 0.01F);
  // Ten bits in the upper part of sixteen: 940 is white, 64 is black, 512 is no colour.
  const auto ten = picture_transform(picture(TextureFormat::p010, 9, ColorRange::limited));
  const auto wide = [](int value) { return static_cast<float>(value * 64) / 65535; };
  expect_near(apply(ten, wide(940), wide(512), wide(512)), {1, 1, 1}, 0.002F);
  expect_near(apply(ten, wide(64), wide(512), wide(512)), {0, 0, 0}, 0.002F);
  // BT.2020's red: Y 250, Cb 409, Cr 960.
  expect_near(apply(ten, wide(294), wide(387), wide(960)), {1, 0, 0}, 0.01F);
}

TEST(PictureTransform, ChoosesTheMatrixBySizeWhenNoneIsStated) {
  TextureDescriptor d = picture(TextureFormat::nv12, 2, ColorRange::full);
  d.extent.height = 719;
  EXPECT_EQ(picture_transform(d).to_rgb, picture_transform(picture(TextureFormat::nv12, 6, ColorRange::full)).to_rgb);
  d.extent.height = 720;
  EXPECT_EQ(picture_transform(d).to_rgb, picture_transform(picture(TextureFormat::nv12, 1, ColorRange::full)).to_rgb);
}

TEST(PictureTransform, UndoesLimitedRange) {
  const auto eight = picture_transform(picture(TextureFormat::rgba8_unorm, 0, ColorRange::limited));
  expect_near(apply(eight, 235.0F / 255, 16.0F / 255, 125.5F / 255), {1, 0, 0.5F}, 0.001F);
  const auto ten = picture_transform(picture(TextureFormat::rgb10a2_unorm, 0, ColorRange::limited));
  expect_near(apply(ten, 940.0F / 1023, 64.0F / 1023, 502.0F / 1023), {1, 0, 0.5F}, 0.001F);
  const auto full = picture_transform(picture(TextureFormat::rgba8_unorm, 0, ColorRange::full));
  expect_near(apply(full, 0.25F, 0.5F, 0.75F), {0.25F, 0.5F, 0.75F}, 0);
}

TEST(PictureTransform, TurnsPicturesUpright) {
  TextureDescriptor d = picture(TextureFormat::rgba8_unorm, 2, ColorRange::full);
  EXPECT_EQ(picture_transform(d).scale[1], 1);
  d.picture.origin = PictureOrigin::bottom_left;
  const PictureTransform t = picture_transform(d);
  EXPECT_EQ(0.25F * t.scale[1] + t.offset[1], 0.75F);
  EXPECT_EQ(0.25F * t.scale[0] + t.offset[0], 0.25F);
}

TEST(PictureTransform, BringsPrimariesToBt709) {
  TextureDescriptor d = picture(TextureFormat::rgba16_float, 0, ColorRange::full);
  d.picture.color_primaries = 9;
  auto m = picture_transform(d).to_bt709;
  // BT.2087's matrix.
  expect_near({m[0][0], m[1][0], m[2][0]}, {1.6605F, -0.1246F, -0.0182F}, 0.001F);
  expect_near({m[0][2], m[1][2], m[2][2]}, {-0.0728F, -0.0083F, 1.1187F}, 0.001F);
  d.picture.color_primaries = 12;
  m = picture_transform(d).to_bt709;
  expect_near({m[0][0], m[1][0], m[2][0]}, {1.2249F, -0.0420F, -0.0196F}, 0.001F);
  // White stays white, whatever the primaries and their white point.
  for (const std::uint8_t code : std::initializer_list<std::uint8_t>{1, 2, 5, 6, 7, 9, 11, 12, 77}) {
    d.picture.color_primaries = code;
    m = picture_transform(d).to_bt709;
    for (const auto& row : m) EXPECT_NEAR(row[0] + row[1] + row[2], 1, 0.002) << int{code};
  }
}

TEST(PictureTransform, KnowsTransferFunctions) {
  EXPECT_NEAR(to_linear(13, 0.5F), 0.2140F, 0.001F);
  EXPECT_NEAR(to_linear(16, 0.5806F), 1.0F, 0.01F);  // 203 cd/m2
  EXPECT_NEAR(to_linear(16, 1.0F), 10000.0F / 203, 0.01F);
  EXPECT_NEAR(to_linear(18, 0.75F), 1.0F, 0.001F);
  EXPECT_EQ(to_linear(8, 0.3F), 0.3F);
  for (const std::uint8_t code : std::initializer_list<std::uint8_t>{1, 2, 4, 5, 6, 8, 13, 14, 15, 16, 18}) {
    for (float v = 0.02F; v < 1; v += 0.07F) {
      EXPECT_NEAR(from_linear(code, to_linear(code, v)), v, 0.001F) << int{code};
    }
  }
  TextureDescriptor d = picture(TextureFormat::rgba8_srgb, 0, ColorRange::full);
  EXPECT_EQ(picture_transform(d).transfer, 8);  // the sampler decodes
  d.format = TextureFormat::rgba8_unorm;
  EXPECT_EQ(picture_transform(d).transfer, 13);
}

}  // namespace
}  // namespace geyser::test
