// What `geyser record` makes of a feed's texels, against values from the standards.
#include "flatten.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include <geyser/layout.hpp>

namespace {

using namespace geyser;
using testing::ElementsAre;
using tool::Flattener;

TextureDescriptor describe(std::uint32_t width, std::uint32_t height, TextureFormat format) {
  TextureDescriptor descriptor;
  descriptor.extent = {width, height, 1};
  descriptor.format = format;
  descriptor.picture.alpha = AlphaMode::opaque;
  return descriptor;
}

// A texture of one column whose texels, of any type, are `texels` from its first row on.
template <typename Texel>
tool::Picture flatten(TextureDescriptor descriptor, const std::vector<Texel>& texels) {
  std::vector<std::byte> memory(host_size(descriptor));
  const HostSubresource sub = host_subresource(descriptor, 0, 0, 0);
  for (std::size_t y = 0; y < texels.size(); ++y) {
    std::memcpy(memory.data() + sub.offset + y * sub.row_stride, &texels[y], sizeof(Texel));
  }
  return Flattener(descriptor).flatten(memory);
}

using Bytes = std::array<std::uint8_t, 4>;
using Floats = std::array<float, 4>;

Bytes texel(const tool::Picture& picture, std::size_t x, std::size_t y) {
  Bytes bytes{};
  std::memcpy(bytes.data(), &picture.rgba.at((y * picture.width + x) * 4), 4);
  return bytes;
}

// The grey that one float becomes.
int grey(TextureDescriptor descriptor, float value) {
  return texel(flatten<Floats>(std::move(descriptor), {{value, value, value, 1}}), 0, 0)[0];
}

TEST(Flatten, SizesBecomeEvenByRepeatingTheEdge) {
  const auto picture =
      flatten<Bytes>(describe(1, 3, TextureFormat::rgba8_unorm), {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}});
  EXPECT_EQ(picture.width, 2U);
  EXPECT_EQ(picture.height, 4U);
  for (std::size_t x = 0; x < 2; ++x) {
    EXPECT_THAT(texel(picture, x, 0), ElementsAre(1, 2, 3, 255));
    EXPECT_THAT(texel(picture, x, 1), ElementsAre(5, 6, 7, 255));
    EXPECT_THAT(texel(picture, x, 2), ElementsAre(9, 10, 11, 255));
    EXPECT_THAT(texel(picture, x, 3), ElementsAre(9, 10, 11, 255));
  }
}

TEST(Flatten, TheLowestRowFirstIsTurned) {
  for (const TextureFormat format : {TextureFormat::rgba8_unorm, TextureFormat::rgba8_srgb}) {
    auto descriptor = describe(1, 2, format);
    descriptor.picture.origin = PictureOrigin::bottom_left;
    const auto picture = flatten<Bytes>(descriptor, {{1, 2, 3, 4}, {5, 6, 7, 8}});
    EXPECT_THAT(texel(picture, 0, 0), ElementsAre(5, 6, 7, 255));
    EXPECT_THAT(texel(picture, 0, 1), ElementsAre(1, 2, 3, 255));
  }
  auto floats = describe(1, 2, TextureFormat::rgba32_float);
  floats.picture.origin = PictureOrigin::bottom_left;
  const auto picture = flatten<Floats>(floats, {{0, 0, 0, 1}, {1, 1, 1, 1}});
  EXPECT_THAT(texel(picture, 0, 0), ElementsAre(255, 255, 255, 255));
  EXPECT_THAT(texel(picture, 0, 1), ElementsAre(0, 0, 0, 255));
}

TEST(Flatten, ChannelsFindTheirPlaces) {
  EXPECT_THAT(texel(flatten<Bytes>(describe(1, 1, TextureFormat::bgra8_unorm), {{1, 2, 3, 4}}), 0, 0),
              ElementsAre(3, 2, 1, 255));
  EXPECT_THAT(texel(flatten<std::uint8_t>(describe(1, 1, TextureFormat::r8_unorm), {77}), 0, 0),
              ElementsAre(77, 0, 0, 255));
}

TEST(Flatten, AlphaIsOverBlack) {
  const std::vector<Bytes> half{{200, 100, 50, 128}};
  auto descriptor = describe(1, 1, TextureFormat::rgba8_unorm);
  EXPECT_THAT(texel(flatten(descriptor, half), 0, 0), ElementsAre(200, 100, 50, 255)) << "opaque: there is no alpha";
  descriptor.picture.alpha = AlphaMode::premultiplied;
  EXPECT_THAT(texel(flatten(descriptor, half), 0, 0), ElementsAre(200, 100, 50, 255)) << "is over black as it is";
  descriptor.picture.alpha = AlphaMode::straight;
  EXPECT_THAT(texel(flatten(descriptor, half), 0, 0), ElementsAre(100, 50, 25, 255));
  auto floats = describe(1, 1, TextureFormat::rgba32_float);
  floats.picture.alpha = AlphaMode::straight;
  EXPECT_THAT(texel(flatten<Floats>(floats, {{1, 0.5F, 0, 0.5F}}), 0, 0), ElementsAre(128, 64, 0, 255));
}

TEST(Flatten, LightBecomesWhatScreensWant) {
  auto descriptor = describe(1, 1, TextureFormat::rgba32_float);
  EXPECT_EQ(grey(descriptor, 0.5F), 128) << "encoded already";
  descriptor.picture.transfer_characteristics = 8;
  EXPECT_EQ(grey(descriptor, 0.21586F), 128) << "IEC 61966-2-1";
  EXPECT_EQ(grey(descriptor, 0.002F), 7) << "its straight part";
  EXPECT_EQ(grey(descriptor, 7), 255);
  EXPECT_EQ(grey(descriptor, -1), 0);
  EXPECT_EQ(grey(descriptor, std::numeric_limits<float>::quiet_NaN()), 0);
  descriptor.picture.transfer_characteristics = 16;
  EXPECT_NEAR(grey(descriptor, 0.5807F), 255, 1) << "SMPTE ST 2084: 203 cd/m2";
  EXPECT_NEAR(grey(descriptor, 0.5081F), 186, 1) << "100 cd/m2 are 0.4926 of it";
  descriptor.picture.transfer_characteristics = 18;
  EXPECT_NEAR(grey(descriptor, 0.5F), 152, 1) << "ARIB STD-B67: 1/12 of 3.77";
}

TEST(Flatten, StoredSrgbIsKept) {
  auto descriptor = describe(1, 1, TextureFormat::rgba8_srgb);
  descriptor.picture.transfer_characteristics = 8;  // what a sampler gives
  EXPECT_THAT(texel(flatten<Bytes>(descriptor, {{1, 100, 200, 255}}), 0, 0), ElementsAre(1, 100, 200, 255));
  EXPECT_EQ(Flattener(descriptor).info().transfer_characteristics, 13);
}

TEST(Flatten, LimitedRangeIsWidened) {
  auto descriptor = describe(1, 1, TextureFormat::rgba8_unorm);
  descriptor.picture.range = ColorRange::limited;
  EXPECT_THAT(texel(flatten<Bytes>(descriptor, {{16, 235, 126, 255}}), 0, 0), ElementsAre(0, 255, 128, 255));
  EXPECT_EQ(Flattener(descriptor).info().range, ColorRange::full);
}

TEST(Flatten, FactsAreStated) {
  auto descriptor = describe(1, 1, TextureFormat::rgba16_float);
  EXPECT_EQ(Flattener(descriptor).info().color_primaries, 1) << "unstated";
  descriptor.picture.color_primaries = 9;
  descriptor.picture.transfer_characteristics = 16;
  const PictureInfo info = Flattener(descriptor).info();
  EXPECT_EQ(info.color_primaries, 9);
  EXPECT_EQ(info.transfer_characteristics, 13) << "PQ has been converted";
  descriptor.picture.transfer_characteristics = 6;
  EXPECT_EQ(Flattener(descriptor).info().transfer_characteristics, 6) << "kept";
}

}  // namespace
