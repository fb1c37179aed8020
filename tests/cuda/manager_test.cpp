// Which device a manager is on, what it says of it, and whose context is current.
#include <algorithm>

#include "cuda/rig.hpp"

namespace geyser::test {
namespace {

using cuda::driver::Attribute;

class CudaManagers : public CudaRig {
 protected:
  // Of the stand-in, to be a caller's.
  cuda::Functions driver() { return *cuda::load_functions(library_); }
};

TEST_F(CudaManagers, ADeviceIsFoundByUuidAndByIndex) {
  auto first = make();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->capabilities().api, Api::cuda);
  EXPECT_EQ(first->capabilities().identity.device_name, "stand-in GPU 0");
  EXPECT_EQ(first->capabilities().identity.driver_name, "CUDA 13.0");
  EXPECT_EQ(first->capabilities().identity.pci.bus, 7U);
  cuda::Options by_index;
  by_index.device_index = 1;
  auto second = cuda::create_manager(by_index);
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ((*second)->capabilities().identity.device_name, "stand-in GPU 1");
  cuda::Options by_uuid;
  by_uuid.device_uuid = (*second)->capabilities().identity.device_uuid;
  auto same = cuda::create_manager(by_uuid);
  ASSERT_TRUE(same);
  EXPECT_EQ((*same)->capabilities(), (*second)->capabilities());
  EXPECT_FALSE(same_device_and_driver(first->capabilities().identity, (*second)->capabilities().identity));
  by_uuid.device_index = 0;
  auto neither = cuda::create_manager(by_uuid);
  ASSERT_FALSE(neither);
  EXPECT_EQ(neither.error().code(), ErrorCode::not_available);
  EXPECT_NE(neither.error().message().find("[1] is [stand-in GPU 1"), std::string::npos) << neither.error().message();
}

TEST_F(CudaManagers, AnUnknownDriverUuidSeparatesNobody) {
  DeviceIdentity cuda;
  cuda.has_uuids = true;
  cuda.device_uuid.fill(1);
  DeviceIdentity vulkan = cuda;
  vulkan.driver_uuid.fill(2);
  EXPECT_TRUE(same_device_and_driver(cuda, vulkan));
  EXPECT_TRUE(same_device_and_driver(vulkan, cuda));
  DeviceIdentity other_driver = vulkan;
  other_driver.driver_uuid.fill(3);
  EXPECT_FALSE(same_device_and_driver(vulkan, other_driver));
  cuda.device_uuid[15] = 9;
  EXPECT_FALSE(same_device_and_driver(cuda, vulkan));
  cuda.has_uuids = false;
  EXPECT_FALSE(same_device_and_driver(cuda, cuda));
}

TEST_F(CudaManagers, WithoutADeviceThereIsNone) {
  stand_in_->set_device_count(0);
  auto manager = cuda::create_manager();
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
  EXPECT_EQ(manager.error().native().name, "CUDA_ERROR_NO_DEVICE");
  EXPECT_EQ(manager.error().native().domain, NativeDomain::cuda);
}

TEST_F(CudaManagers, WithoutALibraryThereIsNone) {
  const std::string stand_in = std::getenv("GEYSER_CUDA_LIBRARY");
  setenv("GEYSER_CUDA_LIBRARY", "/nonexistent/libcuda.so", 1);
  auto manager = cuda::create_manager();
  setenv("GEYSER_CUDA_LIBRARY", stand_in.c_str(), 1);
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
  EXPECT_NE(manager.error().to_string().find("/nonexistent/libcuda.so"), std::string::npos);
}

TEST_F(CudaManagers, AnOlderDriverThanTheApiNeedsIsNamedWithWhatItLacks) {
  const std::string stand_in = std::getenv("GEYSER_CUDA_LIBRARY");
  setenv("GEYSER_CUDA_LIBRARY", std::getenv("GEYSER_OLD_CUDA"), 1);
  auto manager = cuda::create_manager();
  setenv("GEYSER_CUDA_LIBRARY", stand_in.c_str(), 1);
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
  EXPECT_NE(manager.error().message().find("it is older than CUDA 11.0"), std::string::npos)
      << manager.error().message();
  EXPECT_NE(manager.error().message().find("[cu"), std::string::npos);
}

// A driver that knows itself to be too old for the device, or for what was asked of it.
TEST_F(CudaManagers, ADriverThatDoesNotStartIsNotAvailable) {
  for (const auto& [result, name] :
       {std::pair(999, "CUDA_ERROR_UNKNOWN"), std::pair(803, "unknown"), std::pair(36, "unknown")}) {
    stand_in_->fail("cuInit", result, 0);
    auto manager = cuda::create_manager();
    ASSERT_FALSE(manager);
    EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
    EXPECT_EQ(manager.error().native().name, name);
  }
}

TEST_F(CudaManagers, TheCallersContextIsUsedAndGivenBack) {
  const cuda::Functions cu = driver();
  auto none = cuda::wrap();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::invalid_argument);
  cuda::driver::Context mine = nullptr;
  cuda::driver::Context other = nullptr;
  cuda::driver::Stream stream = nullptr;
  ASSERT_EQ(cu.cuDevicePrimaryCtxRetain(&mine, 1), 0);
  ASSERT_EQ(cu.cuDevicePrimaryCtxRetain(&other, 0), 0);
  ASSERT_EQ(cu.cuCtxPushCurrent_v2(mine), 0);
  ASSERT_EQ(cu.cuStreamCreate(&stream, 0), 0);
  {
    auto of_thread = cuda::wrap();
    ASSERT_TRUE(of_thread) << of_thread.error().to_string();
    EXPECT_EQ(cuda::native(**of_thread)->context, mine);
    ASSERT_EQ(cu.cuCtxPushCurrent_v2(other), 0);
    auto wrapped = cuda::wrap({mine, stream, {}});
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    const auto native = cuda::native(**wrapped);
    EXPECT_EQ(native->context, mine);
    EXPECT_EQ(native->stream, stream);
    EXPECT_EQ(native->device, 1);
    auto texture = (*wrapped)->create_texture(small(), HandleKind::host_memory);
    ASSERT_TRUE(texture);
    auto access = (*texture)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access);
    ASSERT_TRUE((*texture)->end_access(*std::move(access)));
    cuda::driver::Context now = nullptr;
    cu.cuCtxGetCurrent(&now);
    EXPECT_EQ(now, other) << "a call left its own context current";
    cu.cuCtxPopCurrent_v2(&now);
  }
  EXPECT_EQ(calls("cuStreamDestroy_v2"), 0) << "the caller's stream";
  ASSERT_EQ(cu.cuStreamDestroy_v2(stream), 0);
  cu.cuCtxPopCurrent_v2(&mine);
  cu.cuDevicePrimaryCtxRelease_v2(0);
  cu.cuDevicePrimaryCtxRelease_v2(1);
}

const TextureCapability* row(const Capabilities& all, TextureFormat format, HandleKind kind, Tiling tiling,
                             TextureDimension dimension = TextureDimension::two_d) {
  const auto found = std::find_if(all.textures.begin(), all.textures.end(), [&](const TextureCapability& one) {
    return one.format == format && one.handle_kind == kind && one.tiling == tiling &&
           (one.dimensions & dimension_bit(dimension)) != 0;
  });
  return found != all.textures.end() ? &*found : nullptr;
}

TEST_F(CudaManagers, WhatCudaHasIsOfferedAndNothingElse) {
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  const Capabilities& all = manager->capabilities();
  const TextureCapability* opaque = row(all, TextureFormat::rgba8_unorm, HandleKind::opaque_fd, Tiling::opaque);
  ASSERT_NE(opaque, nullptr);
  EXPECT_TRUE(opaque->importable);
  EXPECT_FALSE(opaque->exportable);
  EXPECT_EQ(opaque->max_extent, (Extent3D{32768, 32768, 1}));
  EXPECT_EQ(opaque->max_mip_levels, 16U);
  EXPECT_EQ(opaque->max_array_layers, 1U) << "not those of other APIs, see capabilities.cpp";
  const TextureCapability* copied = row(all, TextureFormat::rgba8_unorm, HandleKind::host_memory, Tiling::host);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->max_array_layers, 2048U);
  EXPECT_TRUE(contains(opaque->usages, TextureUsage::storage | TextureUsage::color_attachment));
  const TextureCapability* cubes =
      row(all, TextureFormat::bc7_srgb, HandleKind::host_memory, Tiling::host, TextureDimension::cube_array);
  ASSERT_NE(cubes, nullptr);
  EXPECT_EQ(cubes->max_array_layers, 2046U);
  EXPECT_FALSE(contains(cubes->usages, TextureUsage::storage));
  EXPECT_NE(row(all, TextureFormat::r32_float, HandleKind::host_memory, Tiling::host, TextureDimension::three_d),
            nullptr);
  // Rows are memory, whatever their texels are; arrays have a format.
  EXPECT_NE(row(all, TextureFormat::rg11b10_float, HandleKind::host_memory, Tiling::linear), nullptr);
  EXPECT_EQ(row(all, TextureFormat::rg11b10_float, HandleKind::opaque_fd, Tiling::opaque), nullptr);
  const TextureCapability* rows = row(all, TextureFormat::rg11b10_float, HandleKind::opaque_fd, Tiling::linear);
  ASSERT_NE(rows, nullptr);
  EXPECT_TRUE(rows->exportable && rows->importable);
  EXPECT_EQ(rows->row_alignment, 1U);
  for (const TextureFormat format : {TextureFormat::d32_float, TextureFormat::nv12}) {
    EXPECT_TRUE(rows_of(all, format).empty()) << to_string(format);
  }
  // 58 formats have arrays.
  std::set<TextureFormat> arrays;
  for (const TextureCapability& one : all.textures) {
    if (one.tiling == Tiling::opaque) arrays.insert(one.format);
  }
  EXPECT_EQ(arrays.size(), 58U);
  ASSERT_EQ(all.fences.size(), 3U);
  EXPECT_EQ(all.fences[0], (FenceCapability{FenceKind::opaque_fd_timeline, false, true, true, false}));
}

TEST_F(CudaManagers, WholeBlocksAreAskedForWhereOnlyTheyWork) {
  auto any = make();
  ASSERT_NE(any, nullptr);
  EXPECT_FALSE(
      row(any->capabilities(), TextureFormat::bc7_unorm, HandleKind::opaque_fd, Tiling::opaque)->requires_whole_blocks);
  stand_in_->refuse_partial_blocks();
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  for (const TextureFormat format : {TextureFormat::bc7_unorm, TextureFormat::bc6h_ufloat}) {
    const auto* blocks = row(manager->capabilities(), format, HandleKind::opaque_fd, Tiling::opaque);
    ASSERT_NE(blocks, nullptr) << to_string(format);
    EXPECT_TRUE(blocks->requires_whole_blocks);
  }
  EXPECT_FALSE(row(manager->capabilities(), TextureFormat::rgba8_unorm, HandleKind::opaque_fd, Tiling::opaque)
                   ->requires_whole_blocks);
  TextureDescriptor descriptor = small();
  descriptor.format = TextureFormat::bc7_unorm;
  EXPECT_TRUE(manager->create_texture(descriptor, HandleKind::host_memory));
  descriptor.extent.width = 17;
  EXPECT_EQ(manager->create_texture(descriptor, HandleKind::host_memory).error().code(), ErrorCode::unsupported);
}

TEST_F(CudaManagers, AnOlderDriverOffersLess) {
  for (int format = 0xc0; format <= 0xcb; ++format) stand_in_->refuse_format(format);
  stand_in_->refuse_format(0x9d);  // bc7
  stand_in_->set_attribute(static_cast<int>(Attribute::timeline_semaphore_interop_supported), 0);
  stand_in_->set_attribute(static_cast<int>(Attribute::host_register_supported), 0);
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  const Capabilities& all = manager->capabilities();
  EXPECT_EQ(row(all, TextureFormat::bc7_unorm, HandleKind::opaque_fd, Tiling::opaque), nullptr);
  EXPECT_EQ(row(all, TextureFormat::bc7_unorm, HandleKind::host_memory, Tiling::host), nullptr);
  EXPECT_EQ(row(all, TextureFormat::rgba8_unorm, HandleKind::host_memory, Tiling::linear), nullptr);
  ASSERT_EQ(all.fences.size(), 2U);
  EXPECT_EQ(all.fences[0].kind, FenceKind::opaque_fd_binary);
  // Normalised formats by the plain integer's name.
  auto texture = manager->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(cuda::native(**texture)->array_format, 0x01);
  EXPECT_EQ(cuda::native(**texture)->channels, 4U);
}

}  // namespace
}  // namespace geyser::test
