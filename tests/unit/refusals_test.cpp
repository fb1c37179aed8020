// Hostile descriptors and layouts by the letter, numbers of the packing that cross processes, and what each row of a
// device can lack.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include <geyser/layout.hpp>
#include <geyser/negotiate.hpp>

namespace geyser::test {
namespace {

constexpr std::uint64_t huge = ~std::uint64_t{0};

TextureDescriptor picture() {
  TextureDescriptor d;
  d.extent = {64, 32, 1};
  return d;
}

TEST(Refusals, OfDescriptors) {
  using D = TextureDescriptor;
  const std::vector<std::pair<std::function<void(D&)>, std::string>> rows{
      {[](D& d) { d.extent.width = huge & 0xffffffffU; },
       "Field [extent.width] is [4294967295], outside [1] to [65536]."},
      {[](D& d) { d.extent.height = 0; }, "Field [extent.height] is [0], outside [1] to [65536]."},
      {[](D& d) { d.array_layers = 2; }, "Field [array_layers] is [2], outside [1] to [1]."},
      {[](D& d) {
         d.dimension = TextureDimension::cube;
         d.array_layers = 6;
       },
       "A cube needs equal sides, but its extent is [64] by [32]."},
      {[](D& d) {
         d.dimension = TextureDimension::cube_array;
         d.array_layers = 13;
       },
       "Field [array_layers] is [13], not a multiple of [6]."},
      {[](D& d) { d.dimension = static_cast<TextureDimension>(5); },
       "Field [dimension] is [5], which is no dimension."},
      {[](D& d) { d.mip_levels = 8; }, "Field [mip_levels] is [8], outside [1] to [7]."},
      {[](D& d) { d.samples = 128; }, "Field [samples] is [128], not a power of two up to [64]."},
      {[](D& d) { d.usage = TextureUsage::none; }, "Field [usage] is [0], not a set of known usages."},
      {[](D& d) { d.usage = TextureUsage::depth_stencil_attachment; },
       "Format [rgba8_unorm] cannot be a depth-stencil attachment."},
  };
  for (const auto& [change, sentence] : rows) {
    D d = picture();
    change(d);
    const auto valid = validate(d);
    ASSERT_FALSE(valid) << sentence;
    EXPECT_EQ(valid.error().message(), sentence);
  }
}

TEST(Refusals, TheByteLimitIsExactAndNothingOverflowsBelowIt) {
  TextureDescriptor d = picture();
  d.format = TextureFormat::rgba32_float;
  d.dimension = TextureDimension::two_d_array;
  d.extent = {65536, 65536, 1};
  d.array_layers = 257;
  EXPECT_EQ(validate(d).error().message(), "The texture has more than [17592186044416] bytes.");
  d.array_layers = 256;
  ASSERT_TRUE(validate(d));
  EXPECT_EQ(host_size(d), std::uint64_t{1} << 44);
  d.mip_levels = 17;
  ASSERT_TRUE(validate(d));
  const HostSubresource last = host_subresource(d, 0, 255, 16);
  EXPECT_EQ(last.offset + last.slice_stride, host_size(d));
  EXPECT_LT(host_size(d), std::uint64_t{1} << 45);
}

// Computed by hand.
TEST(Packing, KnownNumbers) {
  TextureDescriptor d;
  d.extent = {100, 50, 1};
  d.mip_levels = 3;
  EXPECT_EQ(host_subresource(d, 0, 0, 0).row_bytes, 400U);
  EXPECT_EQ(host_subresource(d, 0, 0, 0).row_stride, 512U);
  EXPECT_EQ(host_subresource(d, 0, 0, 2).offset, 512U * 50 + 256U * 25);
  EXPECT_EQ(host_size(d), 512U * 50 + 256U * 25 + 256U * 12);
  d = {};
  d.format = TextureFormat::nv12;
  d.extent = {1919, 1079, 1};
  EXPECT_EQ(host_subresource(d, 1, 0, 0).offset, 2048U * 1079);
  EXPECT_EQ(host_subresource(d, 1, 0, 0).row_bytes, 1920U);
  EXPECT_EQ(host_size(d), 2048U * 1079 + 2048U * 540);
  d.format = TextureFormat::astc_12x10_srgb;
  d.extent = {25, 21, 1};
  EXPECT_EQ(host_subresource(d, 0, 0, 0).rows, 3U);
  EXPECT_EQ(host_size(d), 768U);
}

TEST(Refusals, OfLayouts) {
  using L = MemoryLayout;
  const std::string over = " runs over the allocation of [8192] bytes.";
  const std::vector<std::pair<std::function<void(L&)>, std::string>> rows{
      {[](L&) {}, "valid"},
      {[](L& l) { l.planes[0].stride = 255; },
       "Field [layout.planes[0].stride] is [255], less than a row of [256] bytes."},
      {[](L& l) { l.planes[0].stride = 257; }, "Field [layout.planes[0]] (offset [0], stride [257])" + over},
      {[](L& l) { l.planes[0].stride = huge; },
       "Field [layout.planes[0]] (offset [0], stride [18446744073709551615])" + over},
      {[](L& l) { l.planes[0].offset = 1; }, "Field [layout.planes[0]] (offset [1], stride [256])" + over},
      {[](L& l) { l.planes[0].offset = 8192; }, "Field [layout.planes[0]] (offset [8192], stride [256])" + over},
      {[](L& l) { l.planes[0].offset = huge - 255; },
       "Field [layout.planes[0]] (offset [18446744073709551360], stride [256])" + over},
      {[](L& l) {  // 31 strides wrap to little more than nothing
         l.planes[0].stride = (std::uint64_t{1} << 60) + 256;
         l.allocation_size = huge;
       },
       "Field [layout.planes[0]] (offset [0], stride [1152921504606847232]) runs over the allocation of "
       "[18446744073709551615] bytes."},
      {[](L& l) { l.planes[0].handle_index = 1; },
       "Field [layout.planes[0].handle_index] is [1], but the parcel has [1] handles."},
      {[](L& l) { l.tiling = Tiling::drm_modifier; }, "Field [layout.modifier] is INVALID, which names no layout."},
      {[](L& l) {  // a tiled modifier has strides of its own
         l.tiling = Tiling::drm_modifier;
         l.modifier = 0x0100000000000001ULL;
         l.planes[0].stride = 128;
       },
       "valid"},
  };
  for (const auto& [change, sentence] : rows) {
    L layout;
    layout.tiling = Tiling::linear;
    layout.allocation_size = 256 * 32;
    layout.plane_count = 1;
    layout.planes[0] = {0, 0, 256};
    change(layout);
    const auto valid = validate(layout, picture(), 1);
    EXPECT_EQ(valid ? "valid" : valid.error().message(), sentence);
  }
}

TEST(Refusals, OfRows) {
  TextureCapability row;
  row.format = TextureFormat::rgba8_unorm;
  row.handle_kind = HandleKind::opaque_fd;
  row.exportable = row.importable = true;
  row.usages = all_texture_usages;
  row.dimensions = 31;
  row.max_extent = {64, 64, 1};
  row.max_mip_levels = 4;
  row.max_array_layers = 8;
  Capabilities device;
  device.api = Api::vulkan;
  device.identity.has_uuids = true;
  device.identity.device_name = "card";
  device.textures = {row};
  device.fences = {{FenceKind::opaque_fd_timeline, true, true, true}};
  TextureDescriptor d = picture();
  d.dimension = TextureDimension::two_d_array;
  d.array_layers = 8;
  d.mip_levels = 4;
  ASSERT_EQ(negotiate(d, device, device)->handle_kind, HandleKind::opaque_fd);
  using R = TextureCapability;
  const std::vector<std::pair<std::function<void(R&)>, std::string>> lacks{
      {[](R& r) { r.exportable = false; }, "it cannot be exported"},
      {[](R& r) { r.dimensions = 1; }, "dimension [two_d_array] is missing"},
      {[](R& r) { r.usages = TextureUsage::sampled; }, "usage [transfer_source|transfer_destination] is missing"},
      {[](R& r) { r.max_extent.width = 63; }, "the extent is over [63x64x1]"},
      {[](R& r) { r.max_mip_levels = 3; }, "at most [3] mip levels are possible"},
      {[](R& r) { r.max_array_layers = 7; }, "at most [7] layers are possible"},
      {[](R& r) { r.sample_counts = 4; }, "[1] samples are not possible"},
  };
  for (const auto& [change, reason] : lacks) {
    Capabilities lacking = device;
    change(lacking.textures[0]);
    const auto refused = negotiate(d, lacking, device);
    ASSERT_FALSE(refused) << reason;
    const std::string start =
        "[opaque_fd]: exporter: API [vulkan] on [card] cannot share format [rgba8_unorm] as [opaque_fd]: ";
    EXPECT_NE(refused.error().message().find(start + reason + "."), std::string::npos) << refused.error().message();
  }
}

}  // namespace
}  // namespace geyser::test
