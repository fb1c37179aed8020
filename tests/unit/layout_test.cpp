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

}  // namespace
}  // namespace geyser::test
