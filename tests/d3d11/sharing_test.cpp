// Sharing of Direct3D 11 textures between two devices of one process, on the stand-in: order of calls, owners of
// handles, the keyed mutex, and what may come as a handle. Each thing that can go wrong leaves nothing held.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <geyser/d3d11.hpp>

#include "d3d11/stand_in.hpp"
#include "platform/win32/error.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Calls = std::vector<std::string>;
using Clock = std::chrono::steady_clock;
constexpr auto wait_timeout_result = static_cast<HRESULT>(WAIT_TIMEOUT);
constexpr auto wait_abandoned_result = static_cast<HRESULT>(WAIT_ABANDONED);

TextureDescriptor picture(TextureFormat format = TextureFormat::bgra8_unorm) {
  TextureDescriptor descriptor;
  descriptor.extent = {64, 32, 1};
  descriptor.format = format;
  return descriptor;
}

// One device and its manager.
struct Side {
  explicit Side(const stand_in::Options& options = {}) : device(stand_in::make_device(options)) {
    auto made = d3d11::wrap_device({device.get(), [this](const GeyserError& error) { said.push_back(error); }});
    EXPECT_TRUE(made) << made.error().to_string();
    if (made) manager = *std::move(made);
    stand_in::take_calls();
  }
  std::vector<GeyserError> said;
  dxgi::Com<ID3D11Device> device;
  std::unique_ptr<TextureShareManager> manager;
};

class Sharing : public testing::Test {
 protected:
  void SetUp() override {
    a_.emplace();
    b_.emplace();
  }
  void TearDown() override {
    for (const auto* side : {&a_, &b_}) {
      if (!*side) continue;
      for (const GeyserError& error : (*side)->said) ADD_FAILURE() << error.to_string();
    }
    source_.reset();
    destination_.reset();
    a_.reset();
    b_.reset();
    EXPECT_EQ(stand_in::live_objects(), 0U);
    stand_in::take_calls();
  }
  // A texture of the first side, opened by the second.
  void share(FenceKind kind, HandleKind handle = HandleKind::d3d_nt) {
    Agreement agreement;
    agreement.handle_kind = handle;
    agreement.fence_kind = kind;
    auto made = a_->manager->create_texture(picture(), agreement);
    ASSERT_TRUE(made) << made.error().to_string();
    source_ = *std::move(made);
    auto opened = open(*source_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    destination_ = *std::move(opened);
    stand_in::take_calls();
  }
  Result<std::unique_ptr<SharedTexture>> open(SharedTexture& texture) {
    auto parcel = a_->manager->export_texture(texture);
    if (!parcel) return fail(std::move(parcel.error()));
    return b_->manager->import_shared_texture(*std::move(parcel));
  }
  // A fence of the first side, and the second's object of it.
  std::pair<std::shared_ptr<SharedFence>, std::shared_ptr<SharedFence>> fence() {
    auto made = a_->manager->create_fence(FenceKind::d3d12_fence);
    EXPECT_TRUE(made) << made.error().to_string();
    auto opened = b_->manager->import_fence(*(*made)->export_handle());
    EXPECT_TRUE(opened) << opened.error().to_string();
    stand_in::take_calls();
    return {*made, *opened};
  }
  // A state of written contents, complete.
  static AccessState written() {
    AccessState state;
    state.initialized = true;
    return state;
  }

  std::optional<Side> a_, b_;
  std::unique_ptr<SharedTexture> source_, destination_;
};

TEST_F(Sharing, AgreesOnNtHandlesAndFencesOfOneAdapter) {
  auto agreement = negotiate(picture(), a_->manager->capabilities(), b_->manager->capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
  EXPECT_TRUE(agreement->dedicated);
  NegotiationPolicy policy;
  auto next =
      renegotiate(picture(), a_->manager->capabilities(), b_->manager->capabilities(), policy, *agreement, "no");
  ASSERT_TRUE(next) << next.error().to_string();
  EXPECT_EQ(next->handle_kind, HandleKind::host_memory);
  stand_in::Options elsewhere;
  elsewhere.luid[0] = 99;
  const Side other(elsewhere);
  auto apart = negotiate(picture(), a_->manager->capabilities(), other.manager->capabilities());
  ASSERT_TRUE(apart) << apart.error().to_string();
  EXPECT_EQ(apart->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(apart->fence_kind, FenceKind::host_timeline);
  stand_in::Options old;
  old.fences = false;
  const Side plain(old);
  auto waiting = negotiate(picture(), a_->manager->capabilities(), plain.manager->capabilities());
  ASSERT_TRUE(waiting) << waiting.error().to_string();
  EXPECT_EQ(waiting->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(waiting->fence_kind, FenceKind::host_timeline);
}

TEST_F(Sharing, AsksByDoingAndSaysWhatRefuses) {
  stand_in::Options options;
  options.by_handle = false;
  options.mips = false;
  const Side poor(options);
  bool kmt = false;
  for (const TextureCapability& row : poor.manager->capabilities().textures) {
    EXPECT_NE(row.handle_kind, HandleKind::d3d_nt);
    kmt |= row.handle_kind == HandleKind::d3d_kmt;
    if (row.handle_kind != HandleKind::d3d_kmt) continue;
    EXPECT_EQ(row.max_mip_levels, 1U);
  }
  EXPECT_TRUE(kmt);
  ASSERT_EQ(poor.said.size(), 1U);
  EXPECT_EQ(poor.said[0].code(), ErrorCode::unsupported);
  EXPECT_EQ(poor.said[0].native().name, "E_NOTIMPL");
  options.by_number = false;
  options.fences = false;
  EXPECT_EQ(Side(options).said.size(), 3U);
  const auto rows = rows_of(a_->manager->capabilities(), TextureFormat::nv12);
  EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [](const auto& r) { return r.handle_kind == HandleKind::d3d_nt; }));
}

TEST_F(Sharing, FencesAreWaitedForAndSignalledByTheDevice) {
  share(FenceKind::d3d12_fence);
  const auto [made, opened] = fence();
  EXPECT_EQ(d3d11::native(*source_)->keyed_mutex, nullptr);
  ASSERT_TRUE(source_->set_signal_fence(made));
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  auto state = source_->end_access(*std::move(write));
  ASSERT_TRUE(state);
  // A signal that is not flushed may stay with the CPU for ever.
  EXPECT_EQ(stand_in::take_calls(), (Calls{"Signal(1)", "Flush"}));
  auto read = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"Wait(1)"}));
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
  EXPECT_EQ(destination_->statistics().gpu_waits, 1U);
  EXPECT_EQ(source_->statistics().host_waits, 0U);
  EXPECT_EQ(*opened->completed_value(), 1U);
}

TEST_F(Sharing, ADeviceThatWaitsForAFenceDoesNotHoldTheProgram) {
  share(FenceKind::d3d12_fence);
  const auto [made, opened] = fence();
  AccessState promised = written();
  ASSERT_TRUE(promised.writer.add({made, 1}));
  destination_->set_wait_timeout(60ms);
  const auto begun = Clock::now();
  AccessState seen;
  seen.initialized = true;
  ASSERT_TRUE(seen.writer.add({opened, 1}));
  auto read = destination_->begin_access(AccessMode::read, seen);
  ASSERT_TRUE(read) << read.error().to_string();
  // Without a fence of its own the end waits for the device, which waits: for a time.
  auto ended = destination_->end_access(*std::move(read));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::timeout) << ended.error().to_string();
  EXPECT_LT(Clock::now() - begun, 3s);
  ASSERT_TRUE(made->signal(1));
  read = destination_->begin_access(AccessMode::read, seen);
  ASSERT_TRUE(read);
  EXPECT_TRUE(destination_->end_access(*std::move(read)));
}

TEST_F(Sharing, TheKeyedMutexIsHeldInsideAnAccess) {
  share(FenceKind::host_timeline);
  ASSERT_NE(d3d11::native(*source_)->keyed_mutex, nullptr);
  ASSERT_NE(d3d11::native(*destination_)->keyed_mutex, nullptr);
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  destination_->set_wait_timeout(40ms);
  const auto begun = Clock::now();
  auto early = destination_->begin_access(AccessMode::read, written());
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), ErrorCode::timeout) << early.error().to_string();
  EXPECT_GE(Clock::now() - begun, 40ms);
  EXPECT_LT(Clock::now() - begun, 3s);
  stand_in::take_calls();
  auto state = source_->end_access(*std::move(write));
  ASSERT_TRUE(state);
  const Calls calls = stand_in::take_calls();
  ASSERT_GE(calls.size(), 2U);
  EXPECT_EQ(calls[0], "ReleaseSync(0)");
  EXPECT_EQ(calls[1], "Flush");
  auto read = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  auto again = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
  for (const std::string& call : stand_in::take_calls()) EXPECT_NE(call, "ReleaseSync(0)");
  ASSERT_TRUE(destination_->end_access(*std::move(again)));
  EXPECT_EQ(stand_in::take_calls().at(0), "ReleaseSync(0)");
}

TEST_F(Sharing, TheMutexIsAskedForAfterTheFencesOfTheCpu) {
  share(FenceKind::host_timeline);
  auto fence = a_->manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  AccessState promised = written();
  ASSERT_TRUE(promised.writer.add({*fence, 1}));
  destination_->set_wait_timeout(30ms);
  auto read = destination_->begin_access(AccessMode::read, promised);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::timeout);
  // Who waits for a writer must not keep it out.
  EXPECT_EQ(stand_in::take_calls(), Calls{});
  ASSERT_TRUE(source_->begin_access(AccessMode::discard, {}));
  ASSERT_EQ(a_->said.size(), 1U);  // the dropped access
  a_->said.clear();
}

TEST_F(Sharing, CodesThatCountAsSuccessDoNotHoldTheMutex) {
  share(FenceKind::host_timeline);
  for (const HRESULT code : {wait_timeout_result, static_cast<HRESULT>(0x087a0001), E_FAIL}) {
    stand_in::answer_next("AcquireSync", code);
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), code == wait_timeout_result ? ErrorCode::timeout : ErrorCode::operating_system);
    EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  }
  auto access = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_TRUE(source_->end_access(*std::move(access)));
}

TEST_F(Sharing, AnAbandonedMutexStaysSo) {
  share(FenceKind::host_timeline);
  stand_in::answer_next("AcquireSync", wait_abandoned_result);
  for (int i = 0; i < 2; ++i) {
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), ErrorCode::abandoned) << access.error().to_string();
    EXPECT_EQ(access.error().native().name, "WAIT_ABANDONED");
  }
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
}

TEST_F(Sharing, WhatFailsAfterTheMutexLetsItGo) {
  share(FenceKind::host_timeline);
  const auto [made, opened] = fence();
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({opened, 0}));
  stand_in::answer_next("Wait", E_FAIL);
  auto read = destination_->begin_access(AccessMode::read, state);
  ASSERT_FALSE(read);
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)", "Wait(0)", "ReleaseSync(0)"}));
  stand_in::answer_next("ReleaseSync", E_FAIL);
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  auto ended = source_->end_access(*std::move(write));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::operating_system);
}

TEST_F(Sharing, AnAccessThatIsDroppedLetsTheMutexGo) {
  share(FenceKind::host_timeline);
  {
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access);
  }
  EXPECT_EQ(a_->said.size(), 1U);
  a_->said.clear();
  destination_->set_wait_timeout(40ms);
  auto read = destination_->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
}

TEST_F(Sharing, ARemovedDeviceIsToldAndKeepsNobodyOut) {
  share(FenceKind::host_timeline);
  const auto [made, opened] = fence();
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  stand_in::remove_device(*a_->device.get(), DXGI_ERROR_DEVICE_HUNG);
  auto ended = source_->end_access(*std::move(write));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost) << ended.error().to_string();
  EXPECT_EQ(ended.error().native().name, "DXGI_ERROR_DEVICE_HUNG");
  AccessState later = written();
  later.serial = 1;
  EXPECT_EQ(source_->begin_access(AccessMode::discard, later).error().code(), ErrorCode::device_lost);
  EXPECT_EQ(a_->manager->create_texture(picture(), HandleKind::d3d_nt).error().code(), ErrorCode::device_lost);
  EXPECT_EQ(made->completed_value().error().code(), ErrorCode::device_lost);
  EXPECT_EQ(made->wait(1, 1s).error().code(), ErrorCode::device_lost);
  destination_->set_wait_timeout(40ms);
  auto read = destination_->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
  EXPECT_EQ(d3d11::wrap_device({a_->device.get(), {}}).error().code(), ErrorCode::device_lost);
}

TEST_F(Sharing, HandlesAreClosedOnceWhetherAnImportSucceedsOrNot) {
  share(FenceKind::host_timeline);
  { static_cast<void>(open(*source_)); }
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    auto copy = parcel->duplicate();
    ASSERT_TRUE(copy);
    EXPECT_NE(copy->handles[0].get(), parcel->handles[0].get());
    ASSERT_TRUE(b_->manager->import_shared_texture(*std::move(parcel)));
    stand_in::answer_next("OpenSharedResource1", E_INVALIDARG);
    auto refused = b_->manager->import_shared_texture(*std::move(copy));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle) << refused.error().to_string();
    auto made = a_->manager->create_fence(FenceKind::d3d12_fence);
    ASSERT_TRUE(made);
    ASSERT_TRUE(b_->manager->import_fence(*(*made)->export_handle()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Sharing, AnotherAdaptersHandleIsRefusedBeforeADriverHearsOfIt) {
  share(FenceKind::host_timeline);
  for (const bool named : {true, false}) {
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    stand_in::take_calls();
    parcel->identity.luid[3] ^= 1U;
    parcel->identity.has_luid = named;
    auto opened = b_->manager->import_shared_texture(*std::move(parcel));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), ErrorCode::incompatible_device) << opened.error().to_string();
    EXPECT_EQ(stand_in::take_calls(), Calls{});
  }
}

TEST_F(Sharing, AParcelSaysWhetherThereIsAKeyedMutex) {
  for (const FenceKind kind : {FenceKind::host_timeline, FenceKind::d3d12_fence}) {
    share(kind);
    EXPECT_EQ(destination_->layout(), source_->layout());
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    EXPECT_EQ(parcel->layout.keyed_mutex, kind == FenceKind::host_timeline);
    EXPECT_TRUE(parcel->layout.dedicated);
    parcel->layout.keyed_mutex = !parcel->layout.keyed_mutex;
    auto lied = b_->manager->import_shared_texture(*std::move(parcel));
    ASSERT_FALSE(lied);
    EXPECT_EQ(lied.error().code(), ErrorCode::incompatible_layout) << lied.error().to_string();
  }
}

TEST_F(Sharing, ADescriptorThatLiesIsFoundOut) {
  share(FenceKind::host_timeline);
  const auto refusal = [&](auto&& lie) {
    auto parcel = a_->manager->export_texture(*source_);
    lie(parcel->descriptor);
    auto opened = b_->manager->import_shared_texture(*std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? ErrorCode{} : opened.error().code();
  };
  using D = TextureDescriptor;
  EXPECT_EQ(refusal([](D& d) { d.extent.width = 128; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.extent.height = 16; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.format = TextureFormat::rgba8_unorm; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.mip_levels = 2; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](D& d) { d.usage = d.usage | TextureUsage::storage; }), ErrorCode::incompatible_layout);
}

TEST_F(Sharing, AHandleWithoutTheRightOrOfSomethingElseIsInvalid) {
  share(FenceKind::host_timeline);
  const auto import = [&](OwnedHandle handle) {
    auto parcel = a_->manager->export_texture(*source_);
    parcel->handles[0] = std::move(handle);
    return b_->manager->import_shared_texture(*std::move(parcel));
  };
  const auto adopt = [](HANDLE handle) {
    return OwnedHandle::adopt(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle));
  };
  auto parcel = a_->manager->export_texture(*source_);
  ASSERT_TRUE(parcel);
  const HANDLE self = ::GetCurrentProcess();
  HANDLE weak = nullptr;
  ASSERT_NE(
      ::DuplicateHandle(self, platform::handle_of(parcel->handles[0].get()), self, &weak, FILE_MAP_READ, FALSE, 0), 0);
  auto read_only = import(adopt(weak));
  ASSERT_FALSE(read_only);
  EXPECT_EQ(read_only.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(read_only.error().native().name, "E_ACCESSDENIED") << read_only.error().to_string();
  EXPECT_EQ(import(adopt(::CreateEventW(nullptr, TRUE, FALSE, nullptr))).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(import(adopt(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, 65536, nullptr)))
                .error()
                .code(),
            ErrorCode::invalid_handle);
  auto made = a_->manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(made);
  auto handle = (*made)->export_handle();
  ASSERT_TRUE(handle);
  EXPECT_EQ(import(std::move(handle->handle)).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(b_->manager->import_fence({FenceKind::d3d12_fence, 7, 0, std::move(parcel->handles[0])}).error().code(),
            ErrorCode::invalid_handle);
}

TEST_F(Sharing, ALegacyHandleIsANumberThatDiesWithItsTexture) {
  share(FenceKind::host_timeline, HandleKind::d3d_kmt);
  auto parcel = a_->manager->export_texture(*source_);
  ASSERT_TRUE(parcel);
  EXPECT_EQ(parcel->kind, HandleKind::d3d_kmt);
  const NativeHandle number = parcel->handles[0].get();
  EXPECT_GT(number, 0);
  EXPECT_LE(number, 0xffffffffLL);  // the stand-in extends its sign
  auto same = b_->manager->import_shared_texture(*std::move(parcel));
  ASSERT_TRUE(same) << same.error().to_string();
  PictureInfo flipped;
  flipped.origin = PictureOrigin::bottom_left;
  auto described = d3d11::open_legacy_handle(*b_->manager, static_cast<std::uintptr_t>(number), flipped);
  ASSERT_TRUE(described) << described.error().to_string();
  EXPECT_EQ((*described)->descriptor().extent, picture().extent);
  EXPECT_EQ((*described)->descriptor().format, picture().format);
  EXPECT_EQ((*described)->descriptor().picture, flipped);
  EXPECT_EQ((*described)->handle_kind(), HandleKind::d3d_kmt);
  described->reset();
  same->reset();
  auto again = a_->manager->export_texture(*source_);
  ASSERT_TRUE(again);
  source_.reset();
  destination_.reset();
  auto dead = b_->manager->import_shared_texture(*std::move(again));
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::invalid_handle) << dead.error().to_string();
  auto late = d3d11::open_legacy_handle(*b_->manager, static_cast<std::uintptr_t>(number));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(d3d11::open_legacy_handle(*b_->manager, 0).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Sharing, AdoptsTheCallersTexture) {
  D3D11_TEXTURE2D_DESC description{};
  description.Width = 48;
  description.Height = 24;
  description.MipLevels = description.ArraySize = description.SampleDesc.Count = 1;
  description.Format = DXGI_FORMAT_R10G10B10A2_UNORM;
  description.BindFlags = D3D11_BIND_SHADER_RESOURCE | D3D11_BIND_RENDER_TARGET;
  const auto make = [&](UINT flags) {
    description.MiscFlags = flags;
    dxgi::Com<ID3D11Texture2D> texture;
    EXPECT_EQ(a_->device->CreateTexture2D(&description, nullptr, texture.put()), S_OK);
    return texture;
  };
  const struct {
    UINT flags;
    HandleKind kind;
  } cases[] = {
      {D3D11_RESOURCE_MISC_SHARED, HandleKind::d3d_kmt},
      {D3D11_RESOURCE_MISC_SHARED | D3D11_RESOURCE_MISC_SHARED_NTHANDLE, HandleKind::d3d_nt},
      {D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX | D3D11_RESOURCE_MISC_SHARED_NTHANDLE, HandleKind::d3d_nt},
  };
  for (const auto& one : cases) {
    const auto own = make(one.flags);
    auto adopted = d3d11::adopt_texture(*a_->manager, own.get());
    ASSERT_TRUE(adopted) << adopted.error().to_string();
    EXPECT_EQ((*adopted)->handle_kind(), one.kind);
    EXPECT_EQ((*adopted)->descriptor().format, TextureFormat::rgb10a2_unorm);
    EXPECT_EQ(d3d11::native(**adopted)->keyed_mutex != nullptr,
              (one.flags & D3D11_RESOURCE_MISC_SHARED_KEYEDMUTEX) != 0);
    auto opened = open(**adopted);
    ASSERT_TRUE(opened) << opened.error().to_string();
  }
  EXPECT_EQ(d3d11::adopt_texture(*a_->manager, make(0).get()).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(d3d11::adopt_texture(*b_->manager, make(D3D11_RESOURCE_MISC_SHARED).get()).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(d3d11::adopt_texture(*a_->manager, nullptr).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Sharing, FencesAreTimelinesOfTheCpuToo) {
  const auto [made, opened] = fence();
  EXPECT_EQ(*opened->completed_value(), 0U);
  const auto begun = Clock::now();
  EXPECT_EQ(opened->wait(1, 30ms).error().code(), ErrorCode::timeout);
  EXPECT_LT(Clock::now() - begun, 2s);
  std::thread signaller([&fence = *made] {
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(fence.signal(5));
  });
  auto woken = opened->wait(5, 2s);
  signaller.join();
  EXPECT_TRUE(woken) << woken.error().to_string();
  EXPECT_EQ(*opened->completed_value(), 5U);
  EXPECT_EQ(made->signal(5).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(opened->next_value(), 6U);
  ASSERT_TRUE(d3d11::native(*a_->manager, *made));
  EXPECT_EQ(d3d11::native(*b_->manager, *opened).has_value(), true);
  auto stranger = a_->manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(stranger);
  EXPECT_EQ(d3d11::native(*a_->manager, **stranger).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Sharing, AFenceOfAnotherDeviceIsAskedFor) {
  share(FenceKind::d3d12_fence);
  auto foreign = a_->manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(foreign);
  EXPECT_EQ(destination_->set_signal_fence(*foreign).error().code(), ErrorCode::invalid_argument);
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({*foreign, 1}));
  auto read = destination_->begin_access(AccessMode::read, state);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::unsupported) << read.error().to_string();
}

}  // namespace
}  // namespace geyser::test
