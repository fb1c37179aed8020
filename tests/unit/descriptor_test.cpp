#include <gtest/gtest.h>

#include <geyser/descriptor.hpp>

namespace geyser::test {
namespace {

bool refuses(void (*change)(TextureDescriptor&)) {
  TextureDescriptor d;
  d.extent = {64, 32, 1};
  EXPECT_TRUE(validate(d));
  change(d);
  const auto valid = validate(d);
  EXPECT_TRUE(valid || valid.error().code() == ErrorCode::invalid_argument);
  return !valid;
}

TEST(Descriptor, ImpossibleTexturesAreRefused) {
  using D = TextureDescriptor;
  EXPECT_TRUE(refuses([](D& d) { d.extent.width = max_texture_extent + 1; }));
  EXPECT_TRUE(refuses([](D& d) { d.mip_levels = 0; }));
  EXPECT_TRUE(refuses([](D& d) { d.mip_levels = 8; }));  // 64 has 7
  EXPECT_FALSE(refuses([](D& d) { d.mip_levels = 7; }));
  EXPECT_TRUE(refuses([](D& d) { d.samples = 3; }));
  EXPECT_TRUE(refuses([](D& d) { d.format = TextureFormat::unknown; }));
  EXPECT_TRUE(refuses([](D& d) { d.format = static_cast<TextureFormat>(4711); }));
  EXPECT_TRUE(refuses([](D& d) { d.usage = static_cast<TextureUsage>(1024); }));
  EXPECT_TRUE(refuses([](D& d) { d.label = std::string(max_label_bytes + 1, 'x'); }));
  EXPECT_TRUE(refuses([](D& d) {
    d.dimension = TextureDimension::cube;
    d.array_layers = 6;  // not square
  }));
  EXPECT_TRUE(refuses([](D& d) {
    d.dimension = TextureDimension::cube_array;
    d.extent = {8, 8, 1};
    d.array_layers = 7;
  }));
  EXPECT_FALSE(refuses([](D& d) {
    d.dimension = TextureDimension::cube_array;
    d.extent = {8, 8, 1};
    d.array_layers = 12;
  }));
  EXPECT_TRUE(refuses([](D& d) {
    d.dimension = TextureDimension::three_d;
    d.extent = {65536, 65536, 65536};
    d.format = TextureFormat::rgba32_float;  // 2^52 bytes
    d.mip_levels = 17;
  }));
}

TEST(Descriptor, MipsShrinkToOne) {
  TextureDescriptor d;
  d.extent = {37, 5, 1};
  d.mip_levels = 6;
  EXPECT_EQ(mip_extent(d, 0), (Extent3D{37, 5, 1}));
  EXPECT_EQ(mip_extent(d, 2), (Extent3D{9, 1, 1}));
  EXPECT_EQ(mip_extent(d, 5), (Extent3D{1, 1, 1}));
  d.format = TextureFormat::nv12;
  d.extent = {38, 6, 1};
  EXPECT_EQ(mip_extent(d, 0, 1), (Extent3D{19, 3, 1}));
}

TEST(Descriptor, PrintsForPeople) {
  TextureDescriptor d;
  d.extent = {1920, 1080, 1};
  d.label = "preview";
  EXPECT_EQ(to_string(d), "two_d 1920x1080 rgba8_unorm, 1 mip, 1 layer [preview]");
  EXPECT_EQ(to_string(TextureUsage::sampled | TextureUsage::storage), "sampled|storage");
}

}  // namespace
}  // namespace geyser::test
