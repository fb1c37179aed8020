// Direct3D 12 for real: a device, textures, copies and fences; of the sharing that it is refused, and how it is said.
#include <d3d12.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <geyser/d3d12.hpp>
#include <geyser/host.hpp>

#include "d3d12/gpu.hpp"
#include "dxgi/com.hpp"
#include "dxgi/fence_wait.hpp"
#include "dxgi/format.hpp"
#include "support/descriptors.hpp"
#include "support/pattern.hpp"
#include "support/shapes.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using dxgi::Com;

// As Direct3D wants it: compressed textures are of whole blocks.
TextureDescriptor whole_blocks(TextureDescriptor descriptor) {
  const FormatInfo& info = format_info(descriptor.format);
  const auto round_up = [](std::uint32_t value, std::uint32_t block) { return (value + block - 1) / block * block; };
  descriptor.extent.width = round_up(descriptor.extent.width, info.block_width);
  descriptor.extent.height = round_up(descriptor.extent.height, info.block_height);
  return descriptor;
}

class Direct3D12 : public testing::Test {
 protected:
  void SetUp() override {
    auto manager =
        d3d12::create_manager({{}, [this](const GeyserError& error) { said_.push_back(error.to_string()); }});
    ASSERT_TRUE(manager) << manager.error().to_string();
    manager_ = *std::move(manager);
    device_ = d3d12::native(*manager_)->device;
    host_ = *host::create_manager();
    descriptor_.extent = {37, 23, 1};
  }
  bool offers(HandleKind kind) const {
    const auto& rows = manager_->capabilities().textures;
    return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.handle_kind == kind; });
  }
  Com<ID3D12Fence> fence() const {
    Com<ID3D12Fence> fence;
    EXPECT_EQ(device_->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), fence.receive()), S_OK);
    return fence;
  }
  // A texture of Direct3D's and the same memory in the CPU's hands: written there, read here, and the other way.
  void expect_shared(const TextureDescriptor& descriptor) {
    auto texture = manager_->create_texture(descriptor, HandleKind::host_memory);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto parcel = manager_->export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    auto other = host_->import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(other) << other.error().to_string();
    AccessState state;
    {
      const auto expected = make_pattern(descriptor, 1);
      auto write = (*texture)->begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      auto filled = fill(*manager_, **texture, expected);
      ASSERT_TRUE(filled) << filled.error().to_string();
      state = *(*texture)->end_access(*std::move(write));
      auto look = (*other)->begin_access(AccessMode::read, state);
      ASSERT_TRUE(look);
      EXPECT_EQ(difference(descriptor, expected, *host::bytes(**other)), "") << "from the device";
      state = *(*other)->end_access(*std::move(look));
    }
    const auto expected = make_pattern(descriptor, 2);
    auto write = (*other)->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(write);
    std::copy(expected.begin(), expected.end(), host::bytes(**other)->begin());
    state = *(*other)->end_access(*std::move(write));
    auto look = (*texture)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(look) << look.error().to_string();
    auto actual = read(*manager_, **texture);
    ASSERT_TRUE(actual) << actual.error().to_string();
    EXPECT_EQ(difference(descriptor, expected, *actual), "") << "to the device";
    EXPECT_TRUE((*texture)->end_access(*std::move(look)));
    EXPECT_GT((*texture)->statistics().bytes_copied, 0U) << "every copied byte is counted";
  }

  std::vector<std::string> said_;
  std::unique_ptr<TextureShareManager> manager_;
  std::unique_ptr<TextureShareManager> host_;
  ID3D12Device* device_ = nullptr;
  TextureDescriptor descriptor_;
};

TEST_F(Direct3D12, NamesItsAdapter) {
  const DeviceIdentity& identity = manager_->capabilities().identity;
  EXPECT_TRUE(identity.has_luid);
  EXPECT_EQ(identity.node_mask, 1U);
  EXPECT_FALSE(identity.has_uuids);
  const LUID luid = device_->GetAdapterLuid();
  EXPECT_EQ(std::memcmp(identity.luid.data(), &luid, sizeof(luid)), 0);
}

// Wine 8 has the calls and answers E_NOTIMPL. Where a later one shares, this test says so.
TEST_F(Direct3D12, WhatIsRefusedIsUnsupportedAndSaysWhy) {
  ASSERT_FALSE(offers(HandleKind::d3d_nt)) << "this Wine shares textures: the positive tests can run on it";
  ASSERT_EQ(said_.size(), 2U);
  for (const std::string& sentence : said_) {
    EXPECT_NE(sentence.find("E_NOTIMPL"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("CreateSharedHandle"), std::string::npos) << sentence;
  }
  EXPECT_EQ(manager_->create_texture(descriptor_, HandleKind::d3d_nt).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(manager_->create_fence(FenceKind::d3d12_fence).error().code(), ErrorCode::unsupported);
  const auto agreement = negotiate(descriptor_, manager_->capabilities(), manager_->capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
}

TEST_F(Direct3D12, AnAdoptedResourceIsRefusedAtItsExport) {
  D3D12_HEAP_PROPERTIES heap{};
  heap.Type = D3D12_HEAP_TYPE_DEFAULT;
  D3D12_RESOURCE_DESC desc{};
  desc.Dimension = D3D12_RESOURCE_DIMENSION_TEXTURE2D;
  desc.Width = descriptor_.extent.width;
  desc.Height = descriptor_.extent.height;
  desc.DepthOrArraySize = desc.MipLevels = 1;
  desc.Format = DXGI_FORMAT_R8G8B8A8_UNORM;
  desc.SampleDesc.Count = 1;
  for (const bool shared : {false, true}) {
    Com<ID3D12Resource> resource;
    ASSERT_EQ(device_->CreateCommittedResource(&heap, shared ? D3D12_HEAP_FLAG_SHARED : D3D12_HEAP_FLAG_NONE, &desc,
                                               D3D12_RESOURCE_STATE_COMMON, nullptr, __uuidof(ID3D12Resource),
                                               resource.receive()),
              S_OK);
    auto adopted = d3d12::adopt_resource(*manager_, resource.get(), descriptor_);
    if (!shared) {
      ASSERT_FALSE(adopted);
      EXPECT_EQ(adopted.error().code(), ErrorCode::unsupported) << adopted.error().to_string();
      EXPECT_EQ(adopted.error().alternatives(),
                std::vector<std::string>{"a committed resource with D3D12_HEAP_FLAG_SHARED"});
      continue;
    }
    ASSERT_TRUE(adopted) << adopted.error().to_string();
    const auto parcel = manager_->export_texture(**adopted);
    ASSERT_FALSE(parcel);
    EXPECT_EQ(parcel.error().code(), ErrorCode::unsupported);
    EXPECT_EQ(parcel.error().native(), (NativeError{NativeDomain::hresult, 0x80004001, "E_NOTIMPL"}));
    EXPECT_NE(parcel.error().to_string().find("E_NOTIMPL"), std::string::npos) << parcel.error().to_string();
    TextureDescriptor other = descriptor_;
    other.extent.width = 36;
    EXPECT_EQ(d3d12::adopt_resource(*manager_, resource.get(), other).error().code(), ErrorCode::incompatible_layout);
  }
}

TEST_F(Direct3D12, EveryFormatThatItOffersIsReadBack) {
  std::size_t formats = 0;
  for (const Case& one : format_cases()) {
    const TextureDescriptor descriptor = whole_blocks(describe(one));
    const auto rows = rows_of(manager_->capabilities(), one.format);
    if (rows.empty()) continue;
    SCOPED_TRACE(to_string(descriptor));
    ++formats;
    expect_shared(descriptor);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(formats, 40U);
  TextureDescriptor part = descriptor_;
  part.format = TextureFormat::bc7_unorm;
  const auto refused = manager_->create_texture(part, HandleKind::host_memory);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("whole blocks"), std::string::npos) << refused.error().to_string();
}

TEST_F(Direct3D12, EveryShapeIsReadBack) {
  std::size_t cases = 0;
  for (const Case& one : shape_cases()) {
    const TextureDescriptor descriptor = whole_blocks(describe(one));
    const auto rows = rows_of(manager_->capabilities(), one.format);
    if (std::none_of(rows.begin(), rows.end(), [&](const TextureCapability& row) {
          return (row.dimensions & dimension_bit(descriptor.dimension)) != 0;
        })) {
      continue;
    }
    SCOPED_TRACE(to_string(descriptor));
    ++cases;
    expect_shared(descriptor);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(cases, 20U);
}

TEST_F(Direct3D12, CopiesAWholeTexture) {
  descriptor_.mip_levels = 3;
  auto from = manager_->create_texture(descriptor_, HandleKind::host_memory);
  auto to = manager_->create_texture(descriptor_, HandleKind::host_memory);
  ASSERT_TRUE(from && to);
  for (const std::uint32_t seed : {3U, 4U}) {
    const auto expected = make_pattern(descriptor_, seed);
    auto write = (*from)->begin_access(AccessMode::discard, {{}, {}, seed, false});
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(fill(*manager_, **from, expected));
    auto target = (*to)->begin_access(AccessMode::discard, {{}, {}, seed, false});
    ASSERT_TRUE(target) << target.error().to_string();
    const auto state = *(*from)->end_access(*std::move(write));
    auto source = (*from)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(source);
    const auto copied = manager_->copy_texture(**from, **to);
    ASSERT_TRUE(copied) << copied.error().to_string();
    auto actual = read(*manager_, **to);
    ASSERT_TRUE(actual);
    EXPECT_EQ(difference(descriptor_, expected, *actual), "");
    EXPECT_TRUE((*from)->end_access(*std::move(source)));
    EXPECT_TRUE((*to)->end_access(*std::move(target)));
  }
}

TEST_F(Direct3D12, WaitsForTheDeviceOnlySoLong) {
  auto texture = manager_->create_texture(descriptor_, HandleKind::host_memory);
  ASSERT_TRUE(texture);
  (*texture)->set_wait_timeout(50ms);
  const auto late = fence();
  auto write = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  ASSERT_EQ(d3d12::native(*manager_)->queue->Wait(late.get(), 1), S_OK);
  const auto begun = std::chrono::steady_clock::now();
  const auto ended = (*texture)->end_access(*std::move(write));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::timeout) << ended.error().to_string();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  ASSERT_EQ(late->Signal(1), S_OK);
  (*texture)->set_wait_timeout(5s);
  auto again = (*texture)->begin_access(AccessMode::discard, {{}, {}, 9, false});
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE((*texture)->end_access(*std::move(again)));
}

TEST_F(Direct3D12, ACpuWaitsForAFenceByEventsThatItUsesAgain) {
  const auto late = fence();
  dxgi::FenceWait wait;
  EXPECT_EQ(wait.wait(*late.get(), 1, 0ms).error().code(), ErrorCode::timeout);
  EXPECT_EQ(wait.wait(*late.get(), 1, 20ms).error().code(), ErrorCode::timeout);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(wait.wait(*late.get(), 1, 1ms));
  EXPECT_EQ(open_descriptors(), before) << "one event, armed once";
  for (std::uint64_t value = 2; value < 6; ++value) {
    EXPECT_EQ(wait.wait(*late.get(), value, 5ms).error().code(), ErrorCode::timeout);
    std::thread signaller([&] {
      ::Sleep(20);
      late->Signal(value - 1);
      ::Sleep(20);
      late->Signal(value);
    });
    // What the events of smaller values do must not end it early.
    EXPECT_TRUE(wait.wait(*late.get(), value, 5s));
    EXPECT_EQ(late->GetCompletedValue(), value);
    signaller.join();
  }
}

TEST_F(Direct3D12, WrapsTheCallersDeviceAndQueue) {
  EXPECT_EQ(d3d12::wrap_device({}).error().code(), ErrorCode::invalid_argument);
  Com<ID3D12CommandQueue> queue;
  D3D12_COMMAND_QUEUE_DESC desc{};
  desc.Type = D3D12_COMMAND_LIST_TYPE_DIRECT;
  ASSERT_EQ(device_->CreateCommandQueue(&desc, __uuidof(ID3D12CommandQueue), queue.receive()), S_OK);
  auto wrapped = d3d12::wrap_device({device_, queue.get(), {}});
  ASSERT_TRUE(wrapped) << wrapped.error().to_string();
  EXPECT_EQ(d3d12::native(**wrapped)->queue, queue.get());
  EXPECT_EQ((*wrapped)->capabilities(), manager_->capabilities());
  desc.Type = D3D12_COMMAND_LIST_TYPE_COPY;
  if (device_->CreateCommandQueue(&desc, __uuidof(ID3D12CommandQueue), queue.receive()) == S_OK) {
    EXPECT_EQ(d3d12::wrap_device({device_, queue.get(), {}}).error().code(), ErrorCode::invalid_argument);
  }
}

TEST_F(Direct3D12, NoAdapterOfThatNumber) {
  const auto none = d3d12::create_manager({{{1, 2, 3, 4, 5, 6, 7, 8}}, {}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available) << none.error().to_string();
}

}  // namespace
}  // namespace geyser::test
