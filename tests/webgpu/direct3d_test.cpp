// WebGPU on Windows, on a double of Dawn (dawn_double.hpp), where handles are descriptors and the device that tries
// them out is this program's: what Dawn is told, in which order, who closes what, and what is refused before it is
// asked.
#include <gtest/gtest.h>

#include <algorithm>

#include <geyser/webgpu.hpp>

#include "dawn_double.hpp"
#include "maker.hpp"
#include "support/descriptors.hpp"
#include "webgpu/direct3d_scout.hpp"

namespace geyser::test {
namespace {

constexpr webgpu::Luid first_luid{1, 0, 0, 0, 0, 0, 0, 0};
constexpr webgpu::Luid second_luid{2, 0, 0, 0, 0, 0, 0, 0};

// What DXGI and Direct3D 12 say.
struct Direct3dDouble {
  std::vector<webgpu::Direct3dAdapter> adapters;
  bool opens = true;  // a device
  std::optional<GeyserError> refusal;
  bool simultaneous = false;  // as the last texture was asked about
  webgpu::Luid scouted{};
};
Direct3dDouble direct3d;

class ScoutDouble final : public webgpu::Direct3dScout {
  Result<void> try_texture(const OwnedHandle&, const TextureDescriptor&, bool simultaneous) override {
    dawn().calls.push_back("try texture");
    direct3d.simultaneous = simultaneous;
    if (direct3d.refusal) return fail(GeyserError(*direct3d.refusal));
    return {};
  }
  Result<void> try_fence(const OwnedHandle&) override {
    dawn().calls.push_back("try fence");
    if (direct3d.refusal) return fail(GeyserError(*direct3d.refusal));
    return {};
  }
};

}  // namespace
}  // namespace geyser::test

namespace geyser::webgpu {

std::vector<Direct3dAdapter> direct3d_adapters() { return test::direct3d.adapters; }

Result<std::unique_ptr<Direct3dScout>> open_direct3d_scout(const Luid& luid) {
  test::direct3d.scouted = luid;
  if (!test::direct3d.opens) return fail(ErrorCode::not_available, "There is no Direct3D 12.");
  return std::make_unique<test::ScoutDouble>();
}

}  // namespace geyser::webgpu

namespace geyser::test {
namespace {

using Calls = std::vector<std::string>;
using Manager = std::unique_ptr<TextureShareManager>;

class WebGpuDirect3d : public testing::Test {
 protected:
  void SetUp() override {
    queue_ = make_file(HandleKind::d3d_nt);
    dawn() = {};
    dawn().backend = WGPUBackendType_D3D12;
    dawn().features = {WGPUFeatureName_SharedTextureMemoryDXGISharedHandle,
                       WGPUFeatureName_SharedFenceDXGISharedHandle};
    dawn().copy = [](void* handle) {
      auto copy = OwnedHandle::duplicate(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
      EXPECT_TRUE(copy);
      return reinterpret_cast<void*>(copy->detach());
    };
    dawn().drop = [](void* handle) {
      const OwnedHandle owned = OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
    };
    dawn().queue_handle = reinterpret_cast<void*>(queue_.get());
    dawn().memory.size = {64, 32, 1};
    dawn().memory.format = WGPUTextureFormat_RGBA8Unorm;
    dawn().memory.usage = WGPUTextureUsage_CopySrc | WGPUTextureUsage_CopyDst | WGPUTextureUsage_TextureBinding |
                          WGPUTextureUsage_RenderAttachment;
    direct3d = {};
    direct3d.adapters = {{first_luid, 0x1234, 0x5678, "Double"}, {second_luid, 0x9999, 0x5678, "Other"}};
    descriptor_.extent = {64, 32, 1};
    descriptor_.format = TextureFormat::rgba8_unorm;
    descriptor_.usage = TextureUsage::sampled | TextureUsage::transfer_destination;
    before_ = open_descriptors();
  }
  void TearDown() override {
    EXPECT_EQ(dawn().objects, 0);
    EXPECT_EQ(open_descriptors(), before_);
  }
  static Manager wrap(webgpu::WrapOptions options = {}) {
    static int device;
    options.device = reinterpret_cast<WGPUDevice>(&device);
    auto wrapped = webgpu::wrap_device(options);
    EXPECT_TRUE(wrapped) << wrapped.error().to_string();
    dawn().calls.clear();
    return wrapped ? *std::move(wrapped) : nullptr;
  }
  static DeviceIdentity identity(const webgpu::Luid& luid = first_luid) {
    DeviceIdentity identity;
    identity.has_luid = true;
    identity.luid = luid;
    identity.device_name = "Maker";
    return identity;
  }
  // What a texture of Direct3D comes in.
  ApiTextureHandle parcel() const {
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor_;
    parcel.layout.allocation_size = 1 << 20;
    parcel.layout.plane_count = 1;
    parcel.layout.dedicated = true;
    parcel.identity = identity();
    parcel.api = Api::d3d12;
    parcel.kind = HandleKind::d3d_nt;
    parcel.handle_count = 1;
    parcel.handles[0] = make_file(HandleKind::d3d_nt);
    return parcel;
  }
  std::shared_ptr<Maker> maker() const {
    Capabilities capabilities;
    capabilities.api = Api::d3d12;
    capabilities.identity = identity();
    TextureCapability row;
    row.format = descriptor_.format;
    row.handle_kind = HandleKind::d3d_nt;
    row.exportable = true;
    row.usages = descriptor_.usage;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent = {16384, 16384, 1};
    capabilities.textures.push_back(row);
    capabilities.fences = {{FenceKind::d3d12_fence, true, true, true}, {FenceKind::host_timeline, true, true, false}};
    return std::make_shared<Maker>(std::move(capabilities));
  }
  static std::size_t shared_rows(const TextureShareManager& manager) {
    const auto& rows = manager.capabilities().textures;
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [](const TextureCapability& row) { return row.handle_kind == HandleKind::d3d_nt; }));
  }
  static AccessState written() {
    AccessState state;
    state.initialized = true;
    state.serial = 1;
    return state;
  }

  OwnedHandle queue_;
  TextureDescriptor descriptor_;
  std::size_t before_ = 0;
};

TEST_F(WebGpuDirect3d, MakesADeviceOnTheAdapterOfALuid) {
  webgpu::Options options;
  options.device.luid = second_luid;
  const auto manager = webgpu::create_manager(options);
  ASSERT_TRUE(manager) << manager.error().to_string();
  EXPECT_EQ(dawn().asked_backends, std::vector{WGPUBackendType_D3D12});
  EXPECT_EQ(dawn().asked_luids, std::vector{second_luid});
  EXPECT_TRUE((*manager)->capabilities().identity.has_luid);
  EXPECT_EQ((*manager)->capabilities().identity.luid, second_luid);
  EXPECT_EQ(direct3d.scouted, second_luid);
  for (const WGPUFeatureName feature :
       {WGPUFeatureName_SharedTextureMemoryDXGISharedHandle, WGPUFeatureName_SharedFenceDXGISharedHandle}) {
    EXPECT_EQ(std::count(dawn().enabled.begin(), dawn().enabled.end(), feature), 1) << feature;
  }
}

TEST_F(WebGpuDirect3d, AsksForEachAdapterInTurn) {
  webgpu::Options options;
  options.device.name_contains = "Nobody";
  const auto manager = webgpu::create_manager(options);
  ASSERT_FALSE(manager);
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available);
  EXPECT_EQ(dawn().asked_luids, (std::vector{first_luid, second_luid}));
}

TEST_F(WebGpuDirect3d, FindsTheLuidOfADeviceByNumbersAndName) {
  EXPECT_EQ(wrap()->capabilities().identity.luid, first_luid);
  direct3d.adapters[1].vendor = 0x1234;
  EXPECT_EQ(wrap()->capabilities().identity.luid, first_luid) << "the names differ";
  direct3d.adapters[1].name = "Double";
  const Manager twins = wrap();
  EXPECT_FALSE(twins->capabilities().identity.has_luid);
  EXPECT_EQ(shared_rows(*twins), 0U);
  webgpu::WrapOptions options;
  options.luid = second_luid;
  const Manager told = wrap(options);
  EXPECT_EQ(told->capabilities().identity.luid, second_luid);
  EXPECT_NE(shared_rows(*told), 0U);
}

TEST_F(WebGpuDirect3d, TakesBothOfDawnsDirect3dBackendsAndNoOther) {
  dawn().backend = WGPUBackendType_D3D11;
  EXPECT_NE(shared_rows(*wrap()), 0U);
  dawn().backend = WGPUBackendType_Vulkan;
  webgpu::WrapOptions options;
  int device = 0;
  options.device = reinterpret_cast<WGPUDevice>(&device);
  const auto wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(wrapped.error().message(), "The device [Double] is not one of Dawn's Direct3D backend.");
}

TEST_F(WebGpuDirect3d, ComparesNamesWithNumbers) {
  webgpu::WrapOptions options;
  int device = 0;
  options.device = reinterpret_cast<WGPUDevice>(&device);
  dawn().odd_structure = "Something";
  const auto wrapped = webgpu::wrap_device(options);
  ASSERT_FALSE(wrapped);
  EXPECT_EQ(wrapped.error().code(), ErrorCode::version_mismatch);
  EXPECT_NE(wrapped.error().message().find("is [SharedTextureMemoryDXGISharedHandleDescriptor] in the header"),
            std::string::npos)
      << wrapped.error().message();
}

TEST_F(WebGpuDirect3d, SharesColoursOnly) {
  const Manager manager = wrap();
  for (const TextureCapability& row : manager->capabilities().textures) {
    if (row.handle_kind != HandleKind::d3d_nt) continue;
    const FormatInfo& info = format_info(row.format);
    EXPECT_FALSE(info.is_compressed() || info.has_depth || info.has_stencil) << to_string(row.format);
    EXPECT_TRUE(row.importable && !row.exportable && row.tiling == Tiling::opaque) << to_string(row.format);
    EXPECT_EQ(row.max_mip_levels, 1U);
    EXPECT_EQ(row.max_array_layers, 1U);
  }
  EXPECT_GE(shared_rows(*manager), 30U);
  direct3d.opens = false;
  EXPECT_EQ(shared_rows(*wrap()), 0U);
  direct3d.opens = true;
  dawn().features.erase(WGPUFeatureName_SharedTextureMemoryDXGISharedHandle);
  EXPECT_EQ(shared_rows(*wrap()), 0U);
}

TEST_F(WebGpuDirect3d, DawnOpensTheHandleAndGeyserClosesIt) {
  const Manager manager = wrap();
  ApiTextureHandle handle = parcel();
  const auto number = handle.handles[0].get();
  handle.layout.keyed_mutex = true;
  auto texture = manager->import_shared_texture(std::move(handle));
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(dawn().calls, (Calls{"try texture", "import memory"}));
  EXPECT_TRUE(direct3d.simultaneous);
  EXPECT_EQ(dawn().imported, reinterpret_cast<void*>(number));
  EXPECT_TRUE(dawn().keyed_mutex);
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  EXPECT_EQ(open_descriptors(), before_ + 1) << "Dawn's own";
  texture->reset();
  EXPECT_EQ(open_descriptors(), before_);
  ASSERT_TRUE(manager->import_shared_texture(parcel()));
  EXPECT_FALSE(dawn().keyed_mutex);
}

TEST_F(WebGpuDirect3d, OnDirect3d11NoSimultaneousAccessIsNeeded) {
  dawn().backend = WGPUBackendType_D3D11;
  direct3d.simultaneous = true;
  ASSERT_TRUE(wrap()->import_shared_texture(parcel()));
  EXPECT_FALSE(direct3d.simultaneous);
}

TEST_F(WebGpuDirect3d, NothingOfAnotherAdapterReachesDawn) {
  const Manager manager = wrap();
  ApiTextureHandle foreign = parcel();
  foreign.identity = identity(second_luid);
  const auto texture = manager->import_shared_texture(std::move(foreign));
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::incompatible_device);
  EXPECT_EQ(dawn().calls, Calls());
}

TEST_F(WebGpuDirect3d, WhatDirect3dRefusesNeverReachesDawn) {
  const Manager manager = wrap();
  direct3d.refusal = GeyserError(ErrorCode::invalid_handle, "No such object.");
  const auto texture = manager->import_shared_texture(parcel());
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(dawn().calls, Calls{"try texture"});
  dawn().calls.clear();
  ASSERT_TRUE(manager->use_allocator(maker()));
  auto fence = manager->import_fence({FenceKind::d3d12_fence, 5, 0, make_file(HandleKind::d3d_nt)});
  ASSERT_FALSE(fence);
  EXPECT_EQ(fence.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(dawn().calls, Calls{"try fence"});
}

TEST_F(WebGpuDirect3d, DawnsRefusalsKeepItsWords) {
  const Manager manager = wrap();
  dawn().refusal = "Unsupported DXGI format 1f.";
  const auto texture = manager->import_shared_texture(parcel());
  ASSERT_FALSE(texture);
  EXPECT_EQ(texture.error().code(), ErrorCode::unsupported);
  EXPECT_NE(texture.error().message().find("Unsupported DXGI format 1f."), std::string::npos);
  EXPECT_EQ(texture.error().native().domain, NativeDomain::webgpu);
}

TEST_F(WebGpuDirect3d, TheMemoryIsWhatTheParcelSays) {
  const Manager manager = wrap();
  const auto refusal = [&] {
    const auto texture = manager->import_shared_texture(parcel());
    EXPECT_FALSE(texture);
    if (texture) return std::string();
    EXPECT_EQ(texture.error().code(), ErrorCode::incompatible_layout);
    return texture.error().message();
  };
  const auto memory = dawn().memory;
  dawn().memory.size.width = 65;
  EXPECT_EQ(refusal(), "Dawn says that the memory's width is [65], but the descriptor makes it [64].");
  dawn().memory = memory;
  dawn().memory.size.height = 31;
  EXPECT_EQ(refusal(), "Dawn says that the memory's height is [31], but the descriptor makes it [32].");
  dawn().memory = memory;
  dawn().memory.format = WGPUTextureFormat_BGRA8Unorm;
  EXPECT_NE(refusal().find("WGPUTextureFormat"), std::string::npos);
  dawn().memory = memory;
  dawn().memory.usage = WGPUTextureUsage_CopySrc;
  EXPECT_NE(refusal().find("WGPUTextureUsage"), std::string::npos);
}

TEST_F(WebGpuDirect3d, AnAccessWaitsForValuesAndIsPassedOnWithDawns) {
  const auto allocator = maker();
  const Manager manager = wrap();
  ASSERT_TRUE(manager->use_allocator(allocator));
  auto texture = *manager->import_shared_texture(parcel());
  OwnedHandle theirs = make_file(HandleKind::d3d_nt);
  const std::uint64_t their_object = object_of(theirs.get());
  const auto wait = *manager->import_fence({FenceKind::d3d12_fence, 77, 0, std::move(theirs)});
  const auto signal = *manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(texture->set_signal_fence(signal));
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({wait, 7}));
  dawn().calls.clear();

  auto access = texture->begin_access(AccessMode::write, state);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_EQ(dawn().waits.size(), 1U);
  EXPECT_EQ(object_of(reinterpret_cast<NativeHandle>(dawn().waits[0].handle)), their_object);
  EXPECT_EQ(dawn().waits[0].value, 7U);
  EXPECT_TRUE(dawn().initialized);
  const auto next = texture->end_access(*std::move(access));
  ASSERT_TRUE(next) << next.error().to_string();
  EXPECT_EQ(dawn().calls, (Calls{"begin", "submit", "end"}));
  EXPECT_EQ(allocator->relayed, (std::vector<Relayed>{{1, object_of(queue_.get()), 41, HandleKind::d3d_nt}}));
  ASSERT_EQ(next->writer.size(), 1U);
  EXPECT_EQ(next->writer.begin()->fence, signal);
  EXPECT_EQ(next->writer.begin()->value, 1U);
  EXPECT_EQ(texture->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture->statistics().host_waits, 0U);

  // Its own value is waited for as any other's.
  access = texture->begin_access(AccessMode::discard, *next);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_EQ(dawn().waits.size(), 1U);
  EXPECT_EQ(dawn().waits[0].value, 1U);
  EXPECT_FALSE(dawn().initialized);
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(allocator->relayed.back(), (Relayed{2, object_of(queue_.get()), 42, HandleKind::d3d_nt}));
}

TEST_F(WebGpuDirect3d, WithoutAnAllocatorTheCpuWaits) {
  const Manager manager = wrap();
  EXPECT_EQ(manager->capabilities().fences,
            (std::vector<FenceCapability>{{FenceKind::host_timeline, true, true, false}}));
  const auto refused = manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  auto texture = *manager->import_shared_texture(parcel());
  const auto signal = *manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(texture->set_signal_fence(signal));
  dawn().calls.clear();
  auto access = texture->begin_access(AccessMode::read, written());
  ASSERT_TRUE(access);
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(dawn().calls, (Calls{"begin", "submit", "end", "wait for the queue"}));
  EXPECT_EQ(signal->completed_value(), 1U);
}

TEST_F(WebGpuDirect3d, ADawnWithoutFencesIsWaitedForByTheCpu) {
  dawn().features.erase(WGPUFeatureName_SharedFenceDXGISharedHandle);
  const Manager manager = wrap();
  ASSERT_TRUE(manager->use_allocator(maker()));
  EXPECT_FALSE(manager->create_fence(FenceKind::d3d12_fence));
  auto texture = *manager->import_shared_texture(parcel());
  dawn().calls.clear();
  auto access = texture->begin_access(AccessMode::write, written());
  ASSERT_TRUE(access);
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(dawn().calls.back(), "wait for the queue");
}

TEST_F(WebGpuDirect3d, PublishesWhatTheAllocatorMakes) {
  const Manager manager = wrap();
  ASSERT_FALSE(manager->create_texture(descriptor_, HandleKind::d3d_nt));
  ASSERT_TRUE(manager->use_allocator(maker()));
  auto texture = manager->create_texture(descriptor_, HandleKind::d3d_nt);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto exported = manager->export_texture(**texture);
  ASSERT_TRUE(exported) << exported.error().to_string();
  EXPECT_EQ(exported->kind, HandleKind::d3d_nt);
  EXPECT_EQ(exported->api, Api::d3d12);
  EXPECT_EQ(exported->identity.luid, first_luid);
}

TEST_F(WebGpuDirect3d, ALostDeviceIsSaid) {
  const Manager manager = wrap();
  auto texture = *manager->import_shared_texture(parcel());
  auto access = texture->begin_access(AccessMode::write, written());
  ASSERT_TRUE(access);
  dawn().lost = true;
  const auto next = texture->end_access(*std::move(access));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), ErrorCode::device_lost);
  const auto other = manager->import_shared_texture(parcel());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::device_lost);
}

}  // namespace
}  // namespace geyser::test
