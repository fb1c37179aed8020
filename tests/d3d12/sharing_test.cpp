// Direct3D 12's sharing on stand-ins (stand_in.hpp): what is asked of a device in which order, who closes which handle,
// and what becomes of everything that can be wrong with one.
#include <d3d12.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <geyser/d3d12.hpp>
#include <geyser/host.hpp>

#include "d3d12/stand_in.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class Sharing : public testing::Test {
 protected:
  // Kept for all tests: a manager asks the system for its adapters' names, which Wine takes its time for.
  struct Rig {
    World world;
    Com<ID3D12Device> device_a = make_stand_in_device(world);
    Com<ID3D12Device> device_b = make_stand_in_device(world);
    std::vector<std::string> said;
    std::unique_ptr<TextureShareManager> a, b;
  };
  static void SetUpTestSuite() {
    rig = std::make_unique<Rig>();
    rig->a = wrap(rig->device_a);
    rig->b = wrap(rig->device_b);
    EXPECT_TRUE(rig->said.empty());
  }
  static void TearDownTestSuite() {
    rig->a.reset();
    rig->b.reset();
    rig->device_a.reset();
    rig->device_b.reset();
    EXPECT_EQ(rig->world.alive, 0) << "every reference is given back";
    rig.reset();
  }
  void SetUp() override {
    descriptor_.extent = {37, 23, 1};
    said_.clear();
    world_.take_calls();
  }
  void TearDown() override { world_.removed = world_.share_result = S_OK; }
  static std::unique_ptr<TextureShareManager> wrap(const Com<ID3D12Device>& device) {
    auto manager = d3d12::wrap_device(
        {device.get(), nullptr, [](const GeyserError& error) { rig->said.push_back(error.to_string()); }});
    EXPECT_TRUE(manager) << (manager ? "" : manager.error().to_string());
    return manager ? *std::move(manager) : nullptr;
  }
  std::unique_ptr<SharedTexture> make() {
    auto texture = a_->create_texture(descriptor_, HandleKind::d3d_nt);
    EXPECT_TRUE(texture) << (texture ? "" : texture.error().to_string());
    return texture ? *std::move(texture) : nullptr;
  }
  ApiTextureHandle parcel_of(SharedTexture& texture) {
    auto parcel = a_->export_texture(texture);
    EXPECT_TRUE(parcel) << (parcel ? "" : parcel.error().to_string());
    return parcel ? *std::move(parcel) : ApiTextureHandle{};
  }
  // Opens what is spoilt, leaves no handle of it, and gives the error.
  GeyserError refusal(ApiTextureHandle&& parcel) {
    auto refused = b_->import_shared_texture(std::move(parcel));
    EXPECT_FALSE(refused);
    return refused ? GeyserError(ErrorCode::busy, "it was opened") : refused.error();
  }

  static std::unique_ptr<Rig> rig;
  World& world_ = rig->world;
  Com<ID3D12Device>& device_a_ = rig->device_a;
  Com<ID3D12Device>& device_b_ = rig->device_b;
  std::vector<std::string>& said_ = rig->said;
  std::unique_ptr<TextureShareManager>& a_ = rig->a;
  std::unique_ptr<TextureShareManager>& b_ = rig->b;
  TextureDescriptor descriptor_;
};

std::unique_ptr<Sharing::Rig> Sharing::rig;

TEST_F(Sharing, AgreesOnHandlesOfDirect3D) {
  const auto agreement = negotiate(descriptor_, a_->capabilities(), b_->capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
}

TEST_F(Sharing, MakesCommittedResourcesInTheCommonState) {
  descriptor_.usage = descriptor_.usage | TextureUsage::color_attachment | TextureUsage::storage;
  auto texture = make();
  // D3D12_HEAP_FLAG_SHARED; ALLOW_RENDER_TARGET, ALLOW_UNORDERED_ACCESS and ALLOW_SIMULTANEOUS_ACCESS; COMMON.
  EXPECT_THAT(world_.take_calls(), ElementsAre("CreateCommittedResource flags 1 resource flags 37 state 0"));
  const D3D12_RESOURCE_DESC& desc = behind(**d3d12::native(*texture))->header().desc;
  EXPECT_EQ(desc.Width, 37U);
  EXPECT_EQ(desc.Height, 23U);
  EXPECT_EQ(desc.Format, DXGI_FORMAT_R8G8B8A8_UNORM);
  EXPECT_EQ(texture->path(), SharePath::zero_copy);
  EXPECT_TRUE(texture->layout().dedicated);
  EXPECT_EQ(texture->layout().memory_type, any_memory_type);
}

TEST_F(Sharing, OpensWhatTheOtherMadeAndClosesItsHandle) {
  auto texture = make();
  { parcel_of(*texture); }
  world_.take_calls();
  const std::size_t before = open_descriptors();
  {
    auto parcel = parcel_of(*texture);
    EXPECT_EQ(open_descriptors(), before + 1);
    EXPECT_EQ(parcel.api, Api::d3d12);
    auto opened = b_->import_shared_texture(std::move(parcel));
    ASSERT_TRUE(opened) << opened.error().to_string();
    EXPECT_THAT(world_.take_calls(), ElementsAre("CreateSharedHandle", "OpenSharedHandle"));
    EXPECT_EQ(open_descriptors(), before) << "OpenSharedHandle borrows: the parcel's handle is closed";
    EXPECT_EQ(behind(**d3d12::native(**opened)), behind(**d3d12::native(*texture)));
  }
  { parcel_of(*texture); }
  EXPECT_EQ(open_descriptors(), before) << "a parcel that nobody takes closes its own";
}

TEST_F(Sharing, WaitsAndSignalsOnTheQueue) {
  auto texture = make();
  auto opened = *b_->import_shared_texture(parcel_of(*texture));
  auto fence = a_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(fence) << fence.error().to_string();
  auto twin = b_->import_fence(*(*fence)->export_handle());
  ASSERT_TRUE(twin) << twin.error().to_string();
  auto back = b_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(texture->set_signal_fence(*fence));
  ASSERT_TRUE(opened->set_signal_fence(*back));
  world_.take_calls();

  auto write = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre()) << "COMMON is where the caller finds it: no barrier";
  auto written = texture->end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre("queue.Signal 1"));
  AccessState there = *written;
  there.writer = {};
  ASSERT_TRUE(there.writer.add({*twin, 1}));
  auto look = opened->begin_access(AccessMode::read, there);
  ASSERT_TRUE(look) << look.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre("queue.Wait 1"));
  EXPECT_TRUE(opened->end_access(*std::move(look)));
  EXPECT_THAT(world_.take_calls(), ElementsAre("queue.Signal 1"));
  EXPECT_EQ(opened->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture->statistics().host_waits + opened->statistics().host_waits, 0U);
  EXPECT_EQ(texture->statistics().bytes_copied + opened->statistics().bytes_copied, 0U);
}

TEST_F(Sharing, AFenceIsOneForBothDevices) {
  auto fence = *a_->create_fence(FenceKind::d3d12_fence);
  const std::size_t before = open_descriptors();
  auto twin = *b_->import_fence(*fence->export_handle());
  EXPECT_EQ(open_descriptors(), before) << "the handle is closed";
  EXPECT_EQ(twin->wait(1, 20ms).error().code(), ErrorCode::timeout);
  ASSERT_TRUE(fence->signal(3));
  EXPECT_TRUE(twin->wait(1, 5s));
  EXPECT_EQ(*twin->completed_value(), 3U);
  EXPECT_EQ(twin->signal(3).error().code(), ErrorCode::invalid_argument) << "it would not grow";
  EXPECT_EQ(*fence->completed_value(), 3U);
  // By its id: each device has its own object of it.
  EXPECT_NE(*d3d12::native(*a_, *fence), *d3d12::native(*b_, *fence));
  EXPECT_EQ(behind(**d3d12::native(*a_, *fence)), behind(**d3d12::native(*b_, *fence)));
}

TEST_F(Sharing, WaitsInVainLeaveOneEventAtTheFence) {
  auto fence = *a_->create_fence(FenceKind::d3d12_fence);
  const auto shared = behind(**d3d12::native(*a_, *fence));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(fence->wait(1, 1ms));
  ASSERT_EQ(shared->waiters.size(), 1U) << "armed once, and kept";
  // The fence sets the event of value 1 only when the event waits for another value already.
  const HANDLE event = shared->waiters[0].event;
  shared->waiters.clear();
  shared->header().value = 1;
  std::thread late([&] {
    ::Sleep(30);
    ::SetEvent(event);
    ::Sleep(30);
    world_.signal(*shared, 2);
  });
  EXPECT_TRUE(fence->wait(2, 5s)) << "an event tells that there is something to look at, and no more";
  late.join();
  EXPECT_EQ(*fence->completed_value(), 2U);
}

// As long as the queue uses a fence, it is there, and so is the event that it was told to set.
TEST_F(Sharing, AnEventOutlivesItsFenceInTheQueue) {
  auto fence = *a_->create_fence(FenceKind::d3d12_fence);
  auto twin = *b_->import_fence(*fence->export_handle());
  Com<ID3D12Fence> late;
  ASSERT_EQ(device_a_->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), late.receive()), S_OK);
  ASSERT_EQ(d3d12::native(*a_)->queue->Wait(late.get(), 1), S_OK);
  EXPECT_EQ(fence->wait(1, 1ms).error().code(), ErrorCode::timeout);
  const auto shared = behind(**d3d12::native(*a_, *fence));
  fence.reset();
  ASSERT_EQ(shared->waiters.size(), 1U) << "the queue is not done with it";
  EXPECT_TRUE(twin->signal(1));
  EXPECT_EQ(shared->waiters.size(), 0U);
  EXPECT_EQ(world_.lost_events, 0) << "it was closed before the fence set it";
  const int before = world_.alive;
  ASSERT_EQ(late->Signal(1), S_OK);
  make().reset();  // something is submitted, and what is done is let go of
  EXPECT_EQ(world_.alive, before - 1);
}

TEST_F(Sharing, WithoutAFenceTheCpuWaitsForTheQueue) {
  auto texture = make();
  texture->set_wait_timeout(30ms);
  Com<ID3D12Fence> late;
  ASSERT_EQ(device_a_->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), late.receive()), S_OK);
  auto write = texture->begin_access(AccessMode::discard, {});
  ASSERT_EQ(d3d12::native(*a_)->queue->Wait(late.get(), 1), S_OK);
  EXPECT_EQ(texture->end_access(*std::move(write)).error().code(), ErrorCode::timeout);
  ASSERT_EQ(late->Signal(1), S_OK);
  auto again = texture->begin_access(AccessMode::discard, {{}, {}, 5, false});
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE(texture->end_access(*std::move(again)));
  EXPECT_EQ(texture->statistics().host_waits, 1U);
}

// Direct3D 12 keeps nothing alive that its queue still uses.
TEST_F(Sharing, ATextureLivesUntilTheQueueIsDoneWithIt) {
  auto texture = make();
  Com<ID3D12Fence> late;
  ASSERT_EQ(device_a_->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), late.receive()), S_OK);
  ASSERT_EQ(d3d12::native(*a_)->queue->Wait(late.get(), 1), S_OK);
  const int before = world_.alive;
  texture.reset();
  EXPECT_EQ(world_.alive, before);
  ASSERT_EQ(late->Signal(1), S_OK);
  make().reset();  // something is submitted, and what is done is let go of
  EXPECT_EQ(world_.alive, before - 1);
}

TEST_F(Sharing, PlacesAResourceInASharedHeap) {
  const auto heap = make_stand_in_heap(world_, *device_a_.get(), 1 << 20);
  auto texture = make();
  const auto from_heap = [&] {
    auto parcel = parcel_of(*texture);
    HANDLE handle = nullptr;
    EXPECT_EQ(device_a_->CreateSharedHandle(heap.get(), nullptr, GENERIC_ALL, nullptr, &handle), S_OK);
    parcel.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
    parcel.layout.dedicated = false;
    return parcel;
  };
  const std::size_t before = open_descriptors();
  auto parcel = from_heap();
  world_.take_calls();
  auto placed = b_->import_shared_texture(std::move(parcel));
  ASSERT_TRUE(placed) << placed.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre("OpenSharedHandle", "CreatePlacedResource offset 0 state 0"));
  EXPECT_EQ(open_descriptors(), before);
  descriptor_.extent = {1024, 1024, 1};  // which the heap is too small for
  texture = make();
  const GeyserError small = refusal(from_heap());
  EXPECT_EQ(small.code(), ErrorCode::incompatible_layout) << small.to_string();
  EXPECT_THAT(small.message(), HasSubstr("[1048576] bytes"));
}

TEST_F(Sharing, AResourceIsNoHeapAndAHeapNoResource) {
  auto texture = make();
  auto parcel = parcel_of(*texture);
  parcel.layout.dedicated = false;
  EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::unsupported);
}

TEST_F(Sharing, OfAnotherAdapterNothingIsOpened) {
  const auto elsewhere = make_stand_in_device(world_, 8);
  auto other = wrap(elsewhere);
  auto texture = make();
  const auto agreement = negotiate(descriptor_, a_->capabilities(), other->capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
  const std::size_t before = open_descriptors();
  auto parcel = parcel_of(*texture);
  world_.take_calls();
  const auto refused = other->import_shared_texture(std::move(parcel));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_device) << refused.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre()) << "the device is not asked";
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Sharing, SpoiltHandlesAreRefusedAndClosed) {
  auto texture = make();
  { b_->import_shared_texture(parcel_of(*texture)).value(); }
  const std::size_t before = open_descriptors();
  {  // Without the right to write.
    auto parcel = parcel_of(*texture);
    HANDLE weak = nullptr;
    ASSERT_TRUE(::DuplicateHandle(::GetCurrentProcess(), reinterpret_cast<HANDLE>(parcel.handles[0].get()),
                                  ::GetCurrentProcess(), &weak, FILE_MAP_READ, FALSE, 0));
    parcel.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(weak));
    const GeyserError error = refusal(std::move(parcel));
    EXPECT_EQ(error.code(), ErrorCode::invalid_handle) << error.to_string();
    EXPECT_EQ(error.native().name, "E_ACCESSDENIED");
  }
  {  // Of something else.
    auto parcel = parcel_of(*texture);
    parcel.handles[0] = OwnedHandle::adopt(
        HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(::CreateEventW(nullptr, TRUE, FALSE, nullptr)));
    EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::invalid_handle);
  }
  {  // Of a fence.
    auto parcel = parcel_of(*texture);
    auto fence = *a_->create_fence(FenceKind::d3d12_fence);
    parcel.handles[0] = std::move(fence->export_handle()->handle);
    EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::unsupported) << "E_NOINTERFACE";
  }
  {  // Closed.
    auto parcel = parcel_of(*texture);
    parcel.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, 0x7ffffff0);
    EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::invalid_handle);
  }
  {  // Of another kind than the parcel says.
    auto parcel = parcel_of(*texture);
    parcel.handles[0] = OwnedHandle::adopt(HandleKind::opaque_win32, parcel.handles[0].detach());
    EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::invalid_handle);
  }
  {  // A texture for a fence.
    auto parcel = parcel_of(*texture);
    const auto fence = b_->import_fence({FenceKind::d3d12_fence, 5, 0, std::move(parcel.handles[0])});
    EXPECT_FALSE(fence);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Sharing, WhatIsOpenedMustBeWhatTheParcelSays) {
  auto texture = make();
  const auto spoilt = [&](auto&& change) {
    auto parcel = parcel_of(*texture);
    change(parcel);
    return refusal(std::move(parcel));
  };
  const auto expect_layout = [](const GeyserError& error, const char* field) {
    EXPECT_EQ(error.code(), ErrorCode::incompatible_layout) << error.to_string();
    EXPECT_THAT(error.message(), HasSubstr(field));
  };
  expect_layout(spoilt([](auto& parcel) { parcel.descriptor.extent.width = 38; }), "Width is [37]");
  expect_layout(spoilt([](auto& parcel) { parcel.descriptor.extent.height = 22; }), "Height is [23]");
  expect_layout(spoilt([](auto& parcel) { parcel.descriptor.mip_levels = 2; }), "MipLevels is [1]");
  expect_layout(spoilt([](auto& parcel) {
                  parcel.descriptor.dimension = TextureDimension::two_d_array;
                  parcel.descriptor.array_layers = 2;
                }),
                "DepthOrArraySize is [1]");
  EXPECT_EQ(spoilt([](auto& parcel) { parcel.layout.keyed_mutex = true; }).code(), ErrorCode::unsupported);
  expect_layout(spoilt([](auto& parcel) { parcel.descriptor.dimension = TextureDimension::three_d; }), "Dimension");
  expect_layout(spoilt([](auto& parcel) { parcel.descriptor.format = TextureFormat::bgra8_unorm; }), "Format is [28]");
  expect_layout(
      spoilt([](auto& parcel) { parcel.descriptor.usage = parcel.descriptor.usage | TextureUsage::color_attachment; }),
      "Flags");
}

TEST_F(Sharing, OfADeviceThatIsGoneTheReasonIsSaid) {
  auto texture = make();
  auto opened = *b_->import_shared_texture(parcel_of(*texture));
  auto fence = *a_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(texture->set_signal_fence(fence));
  auto write = texture->begin_access(AccessMode::discard, {});
  auto parcel = parcel_of(*texture);
  world_.removed = DXGI_ERROR_DEVICE_HUNG;
  const auto ended = texture->end_access(*std::move(write));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost);
  EXPECT_THAT(ended.error().to_string(), HasSubstr("DXGI_ERROR_DEVICE_HUNG"));
  EXPECT_EQ(refusal(std::move(parcel)).code(), ErrorCode::device_lost);
  EXPECT_EQ(fence->completed_value().error().code(), ErrorCode::device_lost) << "its fences are at the largest value";
  EXPECT_EQ(fence->wait(1, 5s).error().code(), ErrorCode::device_lost);
  EXPECT_EQ(fence->signal(1).error().code(), ErrorCode::device_lost);
  EXPECT_EQ(a_->create_fence(FenceKind::d3d12_fence).error().code(), ErrorCode::device_lost);
  EXPECT_EQ(d3d12::wrap_device({device_a_.get(), nullptr, {}}).error().code(), ErrorCode::device_lost);
}

TEST_F(Sharing, ADeviceThatSharesNothingHasNoSuchRows) {
  world_.share_result = E_NOTIMPL;
  const auto poor = wrap(device_a_);
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_THAT(said_[0], HasSubstr("E_NOTIMPL"));
  for (const TextureCapability& row : poor->capabilities().textures) {
    EXPECT_EQ(row.handle_kind, HandleKind::host_memory);
  }
  EXPECT_EQ(poor->capabilities().fences.size(), 1U);
}

TEST_F(Sharing, QueuesOfOtherDevicesAndTypesAreRefused) {
  const auto make_queue = [](ID3D12Device& device, D3D12_COMMAND_LIST_TYPE type) {
    D3D12_COMMAND_QUEUE_DESC desc{};
    desc.Type = type;
    Com<ID3D12CommandQueue> queue;
    device.CreateCommandQueue(&desc, __uuidof(ID3D12CommandQueue), queue.receive());
    return queue;
  };
  const auto foreign = make_queue(*device_b_.get(), D3D12_COMMAND_LIST_TYPE_DIRECT);
  EXPECT_EQ(d3d12::wrap_device({device_a_.get(), foreign.get(), {}}).error().message(),
            "The command queue belongs to another device.");
  const auto copies = make_queue(*device_a_.get(), D3D12_COMMAND_LIST_TYPE_COPY);
  EXPECT_THAT(d3d12::wrap_device({device_a_.get(), copies.get(), {}}).error().message(), HasSubstr("type [3]"));
  const auto compute = make_queue(*device_a_.get(), D3D12_COMMAND_LIST_TYPE_COMPUTE);
  EXPECT_TRUE(d3d12::wrap_device({device_a_.get(), compute.get(), {}}));
}

TEST_F(Sharing, AdoptsTheCallersResource) {
  auto texture = make();
  ID3D12Resource* resource = *d3d12::native(*texture);
  auto adopted = d3d12::adopt_resource(*a_, resource, descriptor_);
  ASSERT_TRUE(adopted) << adopted.error().to_string();
  texture.reset();
  auto opened = b_->import_shared_texture(parcel_of(**adopted));
  EXPECT_TRUE(opened) << "a reference is held";
  EXPECT_EQ(d3d12::adopt_resource(*b_, resource, descriptor_).error().message(),
            "The resource belongs to another device.");
  EXPECT_EQ(d3d12::adopt_resource(*a_, nullptr, descriptor_).error().code(), ErrorCode::invalid_argument);
}

// A fence that the device does not know, of whatever kind, is named; nothing is queued.
TEST_F(Sharing, AnUnknownFenceIsRefused) {
  auto texture = make();
  auto stranger = *b_->create_fence(FenceKind::d3d12_fence);
  EXPECT_EQ(texture->set_signal_fence(stranger).error().code(), ErrorCode::invalid_argument);
  AccessState state;
  ASSERT_TRUE(state.writer.add({stranger, 1}));
  state.initialized = true;
  world_.take_calls();
  const auto begun = texture->begin_access(AccessMode::read, state);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code(), ErrorCode::unsupported) << begun.error().to_string();
  EXPECT_THAT(world_.take_calls(), ElementsAre());
  EXPECT_TRUE(texture->begin_access(AccessMode::discard, {}));
}

}  // namespace
}  // namespace geyser::test
