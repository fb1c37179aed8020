#include <gtest/gtest.h>

#include <geyser/negotiate.hpp>

namespace geyser::test {
namespace {

TextureCapability row(HandleKind kind, Tiling tiling, std::uint64_t modifier = drm_modifier_invalid) {
  TextureCapability r;
  r.format = TextureFormat::rgba8_unorm;
  r.handle_kind = kind;
  r.tiling = tiling;
  r.modifier = modifier;
  r.exportable = r.importable = true;
  r.usages = all_texture_usages;
  r.dimensions = 31;
  r.max_extent = {4096, 4096, 64};
  r.max_mip_levels = 13;
  r.max_array_layers = 64;
  return r;
}

Capabilities gpu(std::uint8_t device) {
  Capabilities c;
  c.api = Api::vulkan;
  c.identity.has_uuids = true;
  c.identity.device_uuid[0] = device;
  c.identity.device_name = "gpu " + std::to_string(device);
  c.textures = {row(HandleKind::opaque_fd, Tiling::opaque), row(HandleKind::dma_buf, Tiling::drm_modifier, 77),
                row(HandleKind::dma_buf, Tiling::drm_modifier, 0), row(HandleKind::host_memory, Tiling::host)};
  c.fences = {{FenceKind::opaque_fd_timeline, true, true, true},
              {FenceKind::opaque_fd_binary, true, true, true},
              {FenceKind::host_timeline, true, true, false}};
  return c;
}

TextureDescriptor descriptor() {
  TextureDescriptor d;
  d.extent = {640, 480, 1};
  return d;
}

TEST(Negotiate, OneDeviceSharesOpaqueHandlesAndTimelines) {
  const auto a = negotiate(descriptor(), gpu(1), gpu(1));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->path, SharePath::zero_copy);
  EXPECT_EQ(a->handle_kind, HandleKind::opaque_fd);
  EXPECT_EQ(a->fence_kind, FenceKind::opaque_fd_timeline);
  EXPECT_EQ(a->sync_tier, SyncTier::shared_timeline);
  ASSERT_EQ(a->rungs.size(), 5U);
  EXPECT_TRUE(a->rungs[0].chosen);
  EXPECT_EQ(a->rungs[4].reason, "A better rung was chosen.");
  EXPECT_EQ(*a, *negotiate(descriptor(), gpu(1), gpu(1)));
}

TEST(Negotiate, TwoDevicesShareDmaBufsAndWaitOnTheCpu) {
  const auto a = negotiate(descriptor(), gpu(1), gpu(2));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->handle_kind, HandleKind::dma_buf);
  EXPECT_EQ(a->modifiers, (std::vector<std::uint64_t>{77, 0}));
  EXPECT_EQ(a->fence_kind, FenceKind::host_timeline);
  EXPECT_EQ(a->sync_rungs[0].reason, "Opaque fences need one device and driver.");
  EXPECT_NE(a->rungs[0].reason.find("gpu 1"), std::string::npos);
  EXPECT_NE(a->rungs[0].reason.find("gpu 2"), std::string::npos);
}

TEST(Negotiate, EveryRungCanBeTheLast) {
  NegotiationPolicy policy;
  policy.allow_opaque = false;
  EXPECT_EQ(negotiate(descriptor(), gpu(1), gpu(1), policy)->handle_kind, HandleKind::dma_buf);
  auto linear = gpu(1);
  linear.textures.erase(linear.textures.begin() + 1);
  const auto only_linear = negotiate(descriptor(), linear, gpu(1), policy);
  EXPECT_EQ(only_linear->modifiers, (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(only_linear->rungs[1].reason, "The ends share no tiled modifier.");
  policy.allow_dma_buf = false;
  const auto copied = negotiate(descriptor(), gpu(1), gpu(1), policy);
  EXPECT_EQ(copied->path, SharePath::host_copy);
  EXPECT_EQ(copied->rungs[1].reason, "The policy forbids it.");
  policy.allow_host_copy = false;
  const auto none = negotiate(descriptor(), gpu(1), gpu(1), policy);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::unsupported);
  EXPECT_NE(none.error().message().find("[host_memory]: The policy forbids copies through host memory."),
            std::string::npos);
}

TEST(Negotiate, HostMemoryIsUsedInPlaceWhereRowsAgree) {
  const auto in_place = [](Capabilities side, std::uint32_t alignment) {
    side.textures = {row(HandleKind::host_memory, Tiling::linear), row(HandleKind::host_memory, Tiling::host)};
    side.textures[0].row_alignment = alignment;
    return side;
  };
  Capabilities host;
  host.fences = {{FenceKind::host_timeline, true, true, false}};
  const auto with = [&](const Capabilities& a, const Capabilities& b) { return *negotiate(descriptor(), a, b); };
  Agreement a = with(in_place(gpu(1), 64), in_place(gpu(2), 64));
  EXPECT_EQ(a.path, SharePath::zero_copy);
  EXPECT_EQ(a.tiling, Tiling::linear);
  EXPECT_EQ(a.row_alignment, 64U);
  a = with(in_place(gpu(1), 64), in_place(gpu(2), 256));
  EXPECT_EQ(a.path, SharePath::host_copy);
  EXPECT_EQ(a.rungs[3].reason, "The exporter has rows at multiples of [64] bytes, the importer of [256].");
  // A CPU takes them as they are, whichever end it is.
  a = with(in_place(gpu(1), 64), in_place(host, 1));
  EXPECT_EQ(a.row_alignment, 64U);
  a = with(in_place(host, 1), in_place(gpu(1), 64));
  EXPECT_EQ(a.path, SharePath::zero_copy);
  EXPECT_EQ(a.row_alignment, 64U);
  EXPECT_EQ(with(in_place(host, 1), in_place(host, 1)).tiling, Tiling::host);
  NegotiationPolicy policy;
  policy.allow_host_linear = false;
  const auto copied = negotiate(descriptor(), in_place(gpu(1), 64), in_place(gpu(2), 64), policy);
  EXPECT_EQ(copied->path, SharePath::host_copy);
  EXPECT_EQ(copied->rungs[3].reason, "The policy forbids it.");
}

TEST(Negotiate, MissingCapabilitiesAreNamed) {
  auto d = descriptor();
  d.extent.width = 5000;
  EXPECT_NE(negotiate(d, gpu(1), gpu(1)).error().message().find("the extent is over [4096x4096x64]"),
            std::string::npos);
  d = descriptor();
  d.format = TextureFormat::bc7_unorm;
  EXPECT_NE(negotiate(d, gpu(1), gpu(1)).error().message().find("the device has no such sharing"), std::string::npos);
  d = descriptor();
  auto sampled_only = gpu(1);
  for (auto& r : sampled_only.textures) r.usages = TextureUsage::sampled;
  EXPECT_NE(negotiate(d, gpu(1), sampled_only).error().message().find("importer"), std::string::npos);
  EXPECT_EQ(negotiate({}, gpu(1), gpu(1)).error().code(), ErrorCode::invalid_argument);
}

TEST(Negotiate, FencesCanBeForcedAndMadeByOneEnd) {
  NegotiationPolicy policy;
  policy.force_fence = FenceKind::opaque_fd_binary;
  EXPECT_EQ(negotiate(descriptor(), gpu(1), gpu(1), policy)->fence_kind, FenceKind::opaque_fd_binary);
  policy.force_fence = FenceKind::sync_file;
  EXPECT_FALSE(negotiate(descriptor(), gpu(1), gpu(1), policy));
  auto opens_only = gpu(1);
  for (auto& fence : opens_only.fences) fence.exportable = false;
  EXPECT_EQ(negotiate(descriptor(), gpu(1), opens_only)->fence_kind, FenceKind::opaque_fd_timeline);
  EXPECT_FALSE(negotiate(descriptor(), opens_only, opens_only));
}

}  // namespace
}  // namespace geyser::test
