#include <gtest/gtest.h>

#include <algorithm>

#include <geyser/layout.hpp>

namespace geyser::test {
namespace {

// Every subresource has its own bytes, aligned, inside the size.
TEST(HostLayout, NothingOverlaps) {
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    TextureDescriptor d;
    d.format = info.format;
    d.dimension = TextureDimension::two_d_array;
    d.extent = {36, 22, 1};
    d.array_layers = 3;
    d.mip_levels = 4;
    if (info.is_multi_planar()) {
      d.dimension = TextureDimension::two_d;
      d.array_layers = d.mip_levels = 1;
    }
    ASSERT_TRUE(validate(d)) << validate(d).error().to_string();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
      for (std::uint32_t layer = 0; layer < d.array_layers; ++layer) {
        for (std::uint32_t mip = 0; mip < d.mip_levels; ++mip) {
          const HostSubresource sub = host_subresource(d, plane, layer, mip);
          EXPECT_EQ(sub.offset % 256, 0U);
          EXPECT_EQ(sub.row_stride % 256, 0U);
          EXPECT_GE(sub.row_stride, sub.row_bytes);
          EXPECT_EQ(sub.extent, mip_extent(d, mip, plane));
          ranges.emplace_back(sub.offset, sub.offset + sub.slice_stride * sub.slices);
        }
      }
    }
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) EXPECT_LE(ranges[i - 1].second, ranges[i].first);
    EXPECT_EQ(ranges.back().second, host_size(d));
    EXPECT_TRUE(validate(host_layout(d), d, 1)) << validate(host_layout(d), d, 1).error().to_string();
  }
}

TEST(Layout, LiesAreRefused) {
  TextureDescriptor d;
  d.extent = {64, 64, 1};
  const auto refuses = [&](auto change, std::uint32_t handles = 1) {
    MemoryLayout layout = host_layout(d);
    change(layout);
    const auto valid = validate(layout, d, handles);
    EXPECT_TRUE(valid || valid.error().code() == ErrorCode::incompatible_layout);
    return !valid;
  };
  EXPECT_FALSE(refuses([](MemoryLayout&) {}));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.plane_count = 0; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.plane_count = 5; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.plane_count = ~0U; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.planes[0].handle_index = 1; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.planes[0].offset = ~0ULL - 5; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.planes[0].stride = ~0ULL; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.allocation_size = 64; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.allocation_size = 0; }));
  EXPECT_TRUE(refuses([](MemoryLayout& l) { l.tiling = static_cast<Tiling>(77); }));
}

// Backends bind what they open at the memory's start: an offset that nobody goes by is a lie.
TEST(Layout, OpaqueMemoryIsUsedFromItsStart) {
  TextureDescriptor d;
  d.extent = {64, 64, 1};
  MemoryLayout layout;
  layout.allocation_size = 32768;
  layout.plane_count = 1;
  EXPECT_TRUE(validate(layout, d, 1));
  layout.planes[0].offset = 16384;
  const auto refused = validate(layout, d, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(refused.error().message().find("[layout.planes[0].offset] is [16384]"), std::string::npos);
}

TEST(Layout, OnlyHandleZeroIsMeasuredByTheAllocationSize) {
  TextureDescriptor d;
  d.extent = {64, 64, 1};
  d.format = TextureFormat::nv12;
  MemoryLayout layout = host_layout(d);
  layout.tiling = Tiling::drm_modifier;
  layout.modifier = drm_modifier_linear;
  layout.allocation_size = layout.planes[1].offset;  // the first plane's buffer
  EXPECT_FALSE(validate(layout, d, 2)) << "plane 1 is said to be in handle 0";
  layout.planes[1].handle_index = 1;
  EXPECT_TRUE(validate(layout, d, 2));
  layout.planes[1].stride = 1;
  EXPECT_FALSE(validate(layout, d, 2)) << "a row does not fit its stride";
}

TEST(Layout, EveryHandleIsMeasuredByTheKernelsSizes) {
  TextureDescriptor d;
  d.extent = {64, 64, 1};
  d.format = TextureFormat::nv12;
  MemoryLayout layout = host_layout(d);
  layout.tiling = Tiling::drm_modifier;
  layout.modifier = drm_modifier_linear;
  layout.planes[1] = {1, 10, 64};
  const std::uint64_t needed = 10 + 64 * 32;
  const auto check = [&](std::uint64_t second) {
    const std::uint64_t sizes[] = {layout.allocation_size, second};
    return validate(layout, d, sizes);
  };
  EXPECT_TRUE(check(needed));
  const auto refused = check(needed - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "Field [layout.planes[1]] (offset [10], stride [64]) runs over its handle's object of [2057] bytes.");
}

TEST(Layout, PlanesDoNotOverlap) {
  TextureDescriptor d;
  d.extent = {64, 32, 1};
  d.format = TextureFormat::nv12;
  MemoryLayout layout;
  layout.tiling = Tiling::drm_modifier;
  layout.modifier = drm_modifier_linear;
  layout.allocation_size = 1U << 20U;
  layout.plane_count = 2;
  const auto accepts = [&](MemoryPlane luma, MemoryPlane chroma) {
    layout.planes = {luma, chroma};
    const auto valid = validate(layout, d, 2);
    EXPECT_TRUE(valid || valid.error().message().find("overlaps plane [0]") != std::string::npos);
    return valid.has_value();
  };
  EXPECT_TRUE(accepts({0, 0, 64}, {0, 64 * 32, 64}));
  EXPECT_FALSE(accepts({0, 0, 64}, {0, 64 * 32 - 1, 64}));
  EXPECT_FALSE(accepts({0, 5, 64}, {0, 5, 64}));
  EXPECT_TRUE(accepts({0, 64 * 16, 64}, {0, 0, 64})) << "the second first";
  EXPECT_FALSE(accepts({0, 64 * 16 - 1, 64}, {0, 0, 64}));
  EXPECT_TRUE(accepts({0, 0, 128}, {0, 64, 128})) << "side by side";
  EXPECT_FALSE(accepts({0, 0, 128}, {0, 63, 128}));
  EXPECT_FALSE(accepts({0, 0, 128}, {0, 65, 128})) << "into the next row";
  EXPECT_FALSE(accepts({0, 0, 128}, {0, 64, 192}));
  // Elsewhere, or where only a driver knows.
  EXPECT_FALSE(accepts({1, 0, 64}, {0, 0, 64}) && accepts({0, 0, 64}, {0, 0, 64}));
  EXPECT_TRUE(accepts({0, 0, 64}, {1, 0, 64}));
  layout.modifier = 0x0100000000000001ULL;
  EXPECT_TRUE(accepts({0, 0, 64}, {0, 0, 64}));
}

TEST(Layout, LinearModifierSaysWhereThePlanesAre) {
  TextureDescriptor d;
  d.extent = {64, 32, 1};
  d.format = TextureFormat::p010;
  MemoryLayout layout = host_layout(d);
  layout.tiling = Tiling::drm_modifier;
  layout.planes[1] = {1, 77, 200};
  layout.modifier = drm_modifier_linear;
  const HostSubresource chroma = host_subresource(d, layout, 1, 0, 0);
  EXPECT_EQ(chroma.offset, 77U);
  EXPECT_EQ(chroma.row_stride, 200U);
  EXPECT_EQ(chroma.row_bytes, 128U);
  EXPECT_EQ(chroma.rows, 16U);
  EXPECT_EQ(chroma.slice_stride, 3200U);
}

}  // namespace
}  // namespace geyser::test
