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

// An MTLTexture goes by no channel, and opens on the device that it was made on.
TEST(Negotiate, MetalTexturesNeedObjectsAndOneDevice) {
  Capabilities metal;
  metal.api = Api::metal;
  metal.identity.metal_registry_id = 7;
  metal.textures = {row(HandleKind::metal_shared_texture, Tiling::opaque), row(HandleKind::host_memory, Tiling::host)};
  metal.fences = {{FenceKind::host_timeline, true, true, false}};
  Capabilities other = metal;
  EXPECT_EQ(negotiate(descriptor(), metal, metal)->handle_kind, HandleKind::host_memory);
  NegotiationPolicy policy;
  policy.allow_objects = true;
  const auto agreed = negotiate(descriptor(), metal, other, policy);
  ASSERT_TRUE(agreed);
  EXPECT_EQ(agreed->handle_kind, HandleKind::metal_shared_texture);
  EXPECT_EQ(agreed->tiling, Tiling::opaque);
  EXPECT_EQ(agreed->path, SharePath::zero_copy);
  other.identity.metal_registry_id = 8;
  EXPECT_EQ(negotiate(descriptor(), metal, other, policy)->handle_kind, HandleKind::host_memory);
  // Unknown is not equal.
  other.identity.metal_registry_id = metal.identity.metal_registry_id = 0;
  EXPECT_EQ(negotiate(descriptor(), metal, other, policy)->handle_kind, HandleKind::host_memory);
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

TEST(Negotiate, RowsInDeviceMemoryComeAfterTiledMemoryUnlessTheyArePreferred) {
  const auto with_rows = [](Capabilities side, std::uint32_t alignment) {
    side.textures.push_back(row(HandleKind::opaque_fd, Tiling::linear));
    side.textures.back().row_alignment = alignment;
    return side;
  };
  auto a = negotiate(descriptor(), with_rows(gpu(1), 64), with_rows(gpu(1), 1));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->tiling, Tiling::opaque);
  ASSERT_EQ(a->rungs.size(), 6U);
  EXPECT_EQ(a->rungs[1].name, "opaque_fd linear");
  NegotiationPolicy policy;
  policy.prefer_linear = true;
  a = negotiate(descriptor(), with_rows(gpu(1), 64), with_rows(gpu(1), 1), policy);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->handle_kind, HandleKind::opaque_fd);
  EXPECT_EQ(a->tiling, Tiling::linear);
  EXPECT_EQ(a->row_alignment, 64U);
  EXPECT_EQ(a->rungs[0].name, "opaque_fd linear");
  EXPECT_EQ(negotiate(descriptor(), with_rows(gpu(1), 1), with_rows(gpu(1), 1), policy)->row_alignment, 256U);
  // Rows that one end has elsewhere, one that knows none, and another device: as if nobody had asked.
  a = negotiate(descriptor(), with_rows(gpu(1), 64), with_rows(gpu(1), 256), policy);
  EXPECT_EQ(a->tiling, Tiling::opaque);
  EXPECT_EQ(a->rungs[0].reason, "The exporter has rows at multiples of [64] bytes, the importer of [256].");
  a = negotiate(descriptor(), with_rows(gpu(1), 64), gpu(1), policy);
  EXPECT_EQ(a->tiling, Tiling::opaque);
  EXPECT_NE(a->rungs[0].reason.find("[opaque_fd linear]: the device has no such sharing."), std::string::npos);
  a = negotiate(descriptor(), with_rows(gpu(1), 64), with_rows(gpu(2), 64), policy);
  EXPECT_EQ(a->handle_kind, HandleKind::dma_buf);
  // Without tiled memory they are what is left of one device's own.
  Capabilities rows_only = with_rows(gpu(1), 1);
  rows_only.textures.erase(rows_only.textures.begin());
  EXPECT_EQ(negotiate(descriptor(), rows_only, rows_only)->tiling, Tiling::linear);
}

TEST(Negotiate, AnotherDevicesMemoryIsCopiedByAnImporterThatOpensIt) {
  Capabilities exporter = gpu(1);
  Capabilities importer = gpu(2);
  importer.peers.push_back({gpu(1).identity, true, 5'000'000'000U});
  for (FenceCapability& fence : importer.fences) {
    if (fence.kind != FenceKind::host_timeline) fence.cpu_access = false;
  }
  const auto names = [](const Agreement& a) {
    std::string all;
    for (const Rung& rung : a.rungs) all += rung.name + (rung.chosen ? "*;" : ";");
    return all;
  };
  // A dma-buf needs no copy.
  EXPECT_EQ(names(*negotiate(descriptor(), exporter, importer)),
            "opaque_fd;dma_buf modifier*;dma_buf linear;opaque_fd peer;host_memory linear;host_memory;");
  NegotiationPolicy policy;
  policy.allow_dma_buf = false;
  auto a = negotiate(descriptor(), exporter, importer, policy);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->path, SharePath::gpu_copy);
  EXPECT_EQ(a->handle_kind, HandleKind::opaque_fd);
  EXPECT_EQ(a->bandwidth, 5'000'000'000U);
  EXPECT_EQ(a->fence_kind, FenceKind::opaque_fd_timeline);
  EXPECT_NE(to_string(*a).find("path gpu_copy at 5000 MB/s"), std::string::npos) << to_string(*a);
  // What an allocator on the importer's own device would stand in for, it cannot.
  for (FenceCapability& fence : importer.fences) fence.cpu_access = true;
  a = negotiate(descriptor(), exporter, importer, policy);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->path, SharePath::gpu_copy);
  EXPECT_EQ(a->fence_kind, FenceKind::host_timeline);
  // Refused, it is not offered again.
  const Agreement failed = *a;
  a = renegotiate(descriptor(), exporter, importer, policy, failed, "it does not open");
  ASSERT_TRUE(a) << a.error().to_string();
  EXPECT_EQ(a->path, SharePath::host_copy);
  EXPECT_EQ(a->bandwidth, 0U);
  // A third device is none of the peers, and the same device needs none.
  NegotiationPolicy no_dma_buf;
  no_dma_buf.allow_dma_buf = false;
  a = negotiate(descriptor(), gpu(3), importer, no_dma_buf);
  EXPECT_EQ(a->path, SharePath::host_copy);
  EXPECT_EQ(a->rungs[3].name, "opaque_fd peer");
  EXPECT_NE(a->rungs[3].reason.find("does not open what is on [gpu 3"), std::string::npos) << a->rungs[3].reason;
  EXPECT_EQ(negotiate(descriptor(), gpu(2), importer)->path, SharePath::zero_copy);
}

TEST(Negotiate, ACpuPrefersItsOwnMemoryToADmaBuf) {
  Capabilities host;
  host.fences = {{FenceKind::host_timeline, true, true, false}};
  host.textures = {row(HandleKind::dma_buf, Tiling::drm_modifier, 0), row(HandleKind::host_memory, Tiling::linear),
                   row(HandleKind::host_memory, Tiling::host)};
  host.textures[1].row_alignment = 1;
  Capabilities device = gpu(1);
  const auto names = [](const Agreement& a) {
    std::string all;
    for (const Rung& rung : a.rungs) all += rung.name + (rung.chosen ? "*;" : ";");
    return all;
  };
  // The device does not use host memory in place: a dma-buf is better than a copy.
  EXPECT_EQ(names(*negotiate(descriptor(), host, device)),
            "opaque_fd;host_memory linear;dma_buf modifier;dma_buf linear*;host_memory;");
  EXPECT_EQ(negotiate(descriptor(), device, host)->modifiers, (std::vector<std::uint64_t>{0}));
  device.textures.push_back(row(HandleKind::host_memory, Tiling::linear));
  device.textures.back().row_alignment = 64;
  EXPECT_EQ(names(*negotiate(descriptor(), device, host)),
            "opaque_fd;host_memory linear*;dma_buf modifier;dma_buf linear;host_memory;");
  // Between devices, and between CPUs.
  EXPECT_EQ(names(*negotiate(descriptor(), device, gpu(2))),
            "opaque_fd;dma_buf modifier*;dma_buf linear;host_memory linear;host_memory;");
  const auto cpus = negotiate(descriptor(), host, host);
  EXPECT_EQ(cpus->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(cpus->rungs[3].reason, "No device uses the buffer.");
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

Capabilities with_modifiers(std::uint8_t device, const std::vector<std::uint64_t>& modifiers) {
  Capabilities side = gpu(device);
  side.textures.clear();
  for (const std::uint64_t modifier : modifiers) {
    side.textures.push_back(row(HandleKind::dma_buf, Tiling::drm_modifier, modifier));
  }
  side.textures.push_back(row(HandleKind::host_memory, Tiling::host));
  return side;
}
using Modifiers = std::vector<std::uint64_t>;

TEST(Negotiate, ModifiersAreThoseOfBothInTheExportersOrder) {
  const auto a = negotiate(descriptor(), with_modifiers(1, {0, 5, 7, 9, 5, 11}), with_modifiers(2, {11, 0, 9, 5, 13}));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->modifiers, (Modifiers{5, 9, 11, drm_modifier_linear})) << "LINEAR last, wherever the exporter has it";
  EXPECT_EQ(a->rungs[1].name, "dma_buf modifier");
  EXPECT_TRUE(a->rungs[1].chosen);
}

TEST(Negotiate, AModifierNeedsEqualPlanesAndEveryUsageAtBothEnds) {
  Capabilities from = with_modifiers(1, {5, 7, 9});
  Capabilities to = with_modifiers(2, {5, 7, 9});
  from.textures[0].memory_plane_count = 2;
  to.textures[1].usages = TextureUsage::sampled;
  EXPECT_EQ(negotiate(descriptor(), from, to)->modifiers, (Modifiers{9}));
  TextureDescriptor sampled = descriptor();
  sampled.usage = TextureUsage::sampled;
  EXPECT_EQ(negotiate(sampled, from, to)->modifiers, (Modifiers{7, 9}));
  from.textures[2].exportable = false;
  EXPECT_EQ(negotiate(sampled, from, to)->modifiers, (Modifiers{7}));
}

TEST(Negotiate, InvalidIsNoModifierAndNotLinear) {
  const auto a = negotiate(descriptor(), with_modifiers(1, {drm_modifier_invalid}),
                           with_modifiers(2, {drm_modifier_invalid, drm_modifier_linear}));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(a->rungs[1].reason, "The ends share no tiled modifier.");
  EXPECT_EQ(a->rungs[2].reason, "The ends do not both take LINEAR.");
}

TEST(Negotiate, TooManyModifiersAreTheBestOfBoth) {
  Modifiers mine;
  Modifiers theirs;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    mine.push_back(i);
    theirs.push_back(201 - i);
  }
  mine.push_back(drm_modifier_linear);
  theirs.push_back(drm_modifier_linear);
  const auto a = negotiate(descriptor(), with_modifiers(1, mine), with_modifiers(2, theirs));
  ASSERT_TRUE(a);
  ASSERT_EQ(a->modifiers.size(), max_modifiers);
  EXPECT_EQ(a->modifiers[0], 1U);
  EXPECT_EQ(a->modifiers[30], 31U);
  EXPECT_EQ(a->modifiers[31], 200U) << "then the importer's best";
  EXPECT_EQ(a->modifiers[62], 169U);
  EXPECT_EQ(a->modifiers[63], drm_modifier_linear);
}

TEST(Negotiate, ADedicatedAllocationIsThatOfTheModifiersInQuestion) {
  Capabilities from = with_modifiers(1, {5, 7});
  from.textures[0].requires_dedicated = true;
  EXPECT_TRUE(negotiate(descriptor(), from, with_modifiers(2, {5, 7}))->dedicated);
  EXPECT_FALSE(negotiate(descriptor(), from, with_modifiers(2, {7}))->dedicated);
}

TEST(Negotiate, AFailedImportIsAnsweredWithTheNextRung) {
  const Capabilities from = gpu(1);
  const Capabilities to = gpu(1);
  NegotiationPolicy policy;
  Agreement now = *negotiate(descriptor(), from, to, policy);
  const auto next = [&](const char* why) { return renegotiate(descriptor(), from, to, policy, now, why); };
  now = *next("no such memory type");
  EXPECT_EQ(now.modifiers, (Modifiers{77, 0}));
  EXPECT_EQ(now.rungs[0].reason, "It was tried and failed: no such memory type");
  now = *next("vkCreateImage failed.");
  EXPECT_EQ(now.modifiers, (Modifiers{drm_modifier_linear}));
  EXPECT_TRUE(now.rungs[2].chosen);
  EXPECT_EQ(now.rungs[0].reason, "It was tried and failed: no such memory type");
  EXPECT_EQ(now.rungs[1].reason, "It was tried and failed: vkCreateImage failed.");
  now = *next("the buffer is too small");
  EXPECT_EQ(now.path, SharePath::host_copy);
  EXPECT_EQ(now.rungs[1].reason, "It was tried and failed: vkCreateImage failed.");
  EXPECT_EQ(now.rungs[2].reason, "It was tried and failed: the buffer is too small");
  EXPECT_EQ(policy.refused_modifiers, (Modifiers{77, 0}));
  const auto last = next("out of descriptors");
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().message(), "No way of sharing is left; the last failed with: out of descriptors");
}

TEST(Negotiate, RefusedModifiersAreNotOffered) {
  NegotiationPolicy policy;
  policy.refused_modifiers = {5, drm_modifier_linear};
  const auto offer = [&](const Modifiers& mine) {
    return *negotiate(descriptor(), with_modifiers(1, mine), with_modifiers(2, {5, 7, 0}), policy);
  };
  EXPECT_EQ(offer({5, 7, 0}).modifiers, (Modifiers{7}));
  const Agreement none = offer({5, 0});
  EXPECT_EQ(none.handle_kind, HandleKind::host_memory);
  EXPECT_EQ(none.rungs[1].reason, "What the ends share of it has been refused.");
  EXPECT_EQ(none.rungs[2].reason, "What the ends share of it has been refused.");
  // An agreement that names no modifier is refused whole.
  Agreement any;
  any.handle_kind = HandleKind::dma_buf;
  EXPECT_TRUE(exclude(policy, any));
  EXPECT_FALSE(policy.allow_dma_buf);
}

TEST(Negotiate, WhatAnEndNeedsOfTheOthersImageIsAgreed) {
  const auto plain = negotiate(descriptor(), gpu(1), gpu(1));
  EXPECT_FALSE(plain->mutable_format);
  auto viewer = gpu(1);
  for (auto& r : viewer.textures) r.requires_mutable_format = r.handle_kind == HandleKind::opaque_fd;
  for (const auto& agreement : {negotiate(descriptor(), gpu(1), viewer), negotiate(descriptor(), viewer, gpu(1))}) {
    EXPECT_EQ(agreement->handle_kind, HandleKind::opaque_fd);
    EXPECT_TRUE(agreement->mutable_format);
  }
  auto other_device = viewer;
  other_device.identity.device_uuid[0] ^= 1U;
  EXPECT_FALSE(negotiate(descriptor(), gpu(1), other_device)->mutable_format) << "no opaque handle, no need";
}

TEST(Negotiate, WholeBlocksAreAskedForWhereTheyAreNeeded) {
  auto whole = gpu(1);
  for (auto& r : whole.textures) {
    r.format = TextureFormat::astc_8x5_unorm;
    r.requires_whole_blocks = true;
  }
  auto d = descriptor();
  d.format = TextureFormat::astc_8x5_unorm;
  d.extent = {16, 10, 1};
  EXPECT_TRUE(negotiate(d, whole, whole));
  for (const Extent3D extent : {Extent3D{15, 10, 1}, Extent3D{16, 9, 1}}) {
    d.extent = extent;
    EXPECT_NE(negotiate(d, whole, whole).error().message().find("not of whole blocks of [8x5] texels"),
              std::string::npos);
  }
}

TEST(Negotiate, ATimelineOfTheKernelComesBeforeBinarySemaphoresAndSyncFiles) {
  auto a = gpu(1);
  auto b = gpu(1);
  for (Capabilities* one : {&a, &b}) {
    one->fences.push_back({FenceKind::drm_syncobj, true, true, true});
    one->fences.push_back({FenceKind::sync_file, true, true, true});
  }
  EXPECT_EQ(negotiate(descriptor(), a, b)->fence_kind, FenceKind::opaque_fd_timeline);
  b.identity.device_uuid[0] = 2;
  const auto across = negotiate(descriptor(), a, b);
  EXPECT_EQ(across->fence_kind, FenceKind::drm_syncobj) << "opens on any device";
  EXPECT_EQ(across->sync_tier, SyncTier::shared_timeline);
  b.identity.device_uuid[0] = 1;
  b.fences.erase(b.fences.begin());
  EXPECT_EQ(negotiate(descriptor(), a, b)->fence_kind, FenceKind::drm_syncobj);
  // A CPU joins a GPU, but two CPUs have a timeline of their own.
  auto cpu = gpu(3);
  cpu.fences = {{FenceKind::drm_syncobj, true, true, false}, {FenceKind::host_timeline, true, true, false}};
  EXPECT_EQ(negotiate(descriptor(), a, cpu)->fence_kind, FenceKind::drm_syncobj);
  const auto cpus = negotiate(descriptor(), cpu, cpu);
  EXPECT_EQ(cpus->fence_kind, FenceKind::host_timeline);
  EXPECT_EQ(cpus->sync_rungs[1].name, "drm_syncobj");
  EXPECT_EQ(cpus->sync_rungs[1].reason, "No GPU would wait for it.");
  // The same words on a machine without nodes.
  cpu.api = Api::host;
  cpu.fences.erase(cpu.fences.begin());
  EXPECT_EQ(negotiate(descriptor(), cpu, cpu)->sync_rungs[1].reason, "No GPU would wait for it.");
  EXPECT_EQ(negotiate(descriptor(), a, cpu)->sync_rungs[1].reason, "The importer has none.");
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

// One API of Direct3D on an adapter.
Capabilities direct3d(Api api, std::uint8_t luid) {
  Capabilities c;
  c.api = api;
  c.identity.has_luid = true;
  c.identity.luid[0] = luid;
  c.identity.device_name = "adapter " + std::to_string(luid);
  c.textures = {row(HandleKind::d3d_nt, Tiling::opaque), row(HandleKind::d3d_kmt, Tiling::opaque),
                row(HandleKind::host_memory, Tiling::host)};
  c.fences = {{FenceKind::d3d12_fence, true, true, true}, {FenceKind::host_timeline, true, true, false}};
  return c;
}

TEST(Negotiate, Direct3dsHandlesAreForOneAdapter) {
  const auto a = direct3d(Api::d3d11, 1);
  auto b = direct3d(Api::d3d12, 1);
  const auto best = negotiate(descriptor(), a, b);
  ASSERT_TRUE(best) << best.error().to_string();
  EXPECT_EQ(best->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(best->fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(best->sync_tier, SyncTier::shared_timeline);
  b.textures.erase(b.textures.begin());
  EXPECT_EQ(negotiate(descriptor(), a, b)->handle_kind, HandleKind::d3d_kmt);
  NegotiationPolicy policy;
  const auto below = renegotiate(descriptor(), a, direct3d(Api::d3d12, 1), policy, *best, "refused");
  ASSERT_TRUE(below) << below.error().to_string();
  EXPECT_EQ(below->handle_kind, HandleKind::host_memory);
  EXPECT_FALSE(policy.allow_direct3d);
  EXPECT_TRUE(policy.allow_opaque);
  const auto apart = negotiate(descriptor(), a, direct3d(Api::d3d12, 2));
  ASSERT_TRUE(apart) << apart.error().to_string();
  EXPECT_EQ(apart->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(apart->fence_kind, FenceKind::host_timeline);
  policy = {};
  policy.force_fence = FenceKind::d3d12_fence;
  const auto forced = negotiate(descriptor(), a, direct3d(Api::d3d12, 2), policy);
  ASSERT_FALSE(forced);
  EXPECT_NE(forced.error().message().find("Direct3D's fences need one adapter."), std::string::npos);
  // An adapter that is not known is no adapter.
  auto nameless = direct3d(Api::d3d12, 0);
  nameless.identity.has_luid = false;
  auto other = direct3d(Api::d3d11, 0);
  EXPECT_EQ(negotiate(descriptor(), other, nameless)->handle_kind, HandleKind::host_memory);
  EXPECT_TRUE(same_adapter(a.identity, direct3d(Api::d3d12, 1).identity));
  EXPECT_FALSE(same_adapter(nameless.identity, nameless.identity));
}

TEST(Negotiate, WhereOneHasNoTimelinesBinarySemaphoresAreNext) {
  for (const bool windows : {false, true}) {
    const FenceKind binary = windows ? FenceKind::opaque_win32_binary : FenceKind::opaque_fd_binary;
    auto a = gpu(1);
    auto b = gpu(1);
    a.fences = {{windows ? FenceKind::opaque_win32_timeline : FenceKind::opaque_fd_timeline, true, true, true},
                {binary, true, true, true},
                {FenceKind::host_timeline, true, true, false}};
    b.fences = {{binary, false, true, true}, {FenceKind::host_timeline, true, true, false}};
    const auto agreement = negotiate(descriptor(), a, b);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->fence_kind, binary);
    EXPECT_EQ(agreement->sync_tier, SyncTier::binary_semaphore);
    for (const Rung& rung : agreement->sync_rungs) {
      EXPECT_EQ(rung.name.find(windows ? "_fd_" : "_win32_"), std::string::npos) << rung.name;
    }
    b.identity.device_uuid[0] = 2;
    EXPECT_EQ(negotiate(descriptor(), a, b)->fence_kind, FenceKind::host_timeline) << "opaque, of one device alone";
    a.fences.erase(a.fences.begin());  // such ends are of one system all the same
    b.identity.device_uuid[0] = 1;
    EXPECT_EQ(negotiate(descriptor(), a, b)->fence_kind, binary);
  }
}

TEST(Negotiate, WithoutDirect3dNobodyHearsOfIt) {
  const auto agreement = negotiate(descriptor(), gpu(1), gpu(1));
  ASSERT_TRUE(agreement);
  for (const Rung& rung : agreement->rungs) EXPECT_EQ(rung.name.find("d3d"), std::string::npos);
  for (const Rung& rung : agreement->sync_rungs) EXPECT_EQ(rung.name.find("d3d"), std::string::npos);
}

}  // namespace
}  // namespace geyser::test
