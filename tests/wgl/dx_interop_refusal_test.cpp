// What fails in borrowing a texture is told by its name, and keeps nobody out.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "support/descriptors.hpp"
#include "wgl/dx_interop.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TEST_F(DxInterop, AFenceThatNobodyImportedIsRefused) {
  share(FenceKind::d3d12_fence);
  auto foreign = direct3d_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(foreign);
  EXPECT_EQ(mine_->set_signal_fence(*foreign).error().code(), ErrorCode::invalid_argument);
  ASSERT_TRUE(state_.writer.add({*foreign, 1}));
  stand_in::take_calls();
  EXPECT_EQ(code_of_visit(AccessMode::discard), ErrorCode::unsupported);
  EXPECT_EQ(stand_in::take_calls(), Calls{});
  state_ = {};
}

TEST_F(DxInterop, AMutexThatAnotherHoldsOrThatIsAbandonedIsNotLocked) {
  share(FenceKind::host_timeline);
  auto held = theirs_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(held);
  mine_->set_wait_timeout(30ms);
  stand_in::take_calls();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of_visit(AccessMode::discard), ErrorCode::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s) << "as long as the texture waits, not as long as Direct3D's";
  EXPECT_EQ(stand_in::take_calls(), Calls{"AcquireSync(0)"});
  auto state = theirs_->end_access(*std::move(held));
  ASSERT_TRUE(state);
  state_ = *state;
  visit(AccessMode::read);
  stand_in::take_calls();
  stand_in::answer_next("AcquireSync", static_cast<HRESULT>(WAIT_ABANDONED));
  EXPECT_EQ(code_of_visit(AccessMode::read), ErrorCode::abandoned);
  EXPECT_EQ(stand_in::take_calls(), Calls{"AcquireSync(0)"});
  EXPECT_EQ(code_of_visit(AccessMode::read), ErrorCode::abandoned) << "it stays so";
}

TEST_F(DxInterop, ALockThatFailsLetsTheMutexGo) {
  share(FenceKind::host_timeline);
  const auto fails = [&](const char* call, DWORD number, ErrorCode code) {
    SCOPED_TRACE(std::string(call) + " " + std::to_string(number));
    stand_in::answer_next(call, static_cast<HRESULT>(number));
    auto access = mine_->begin_access(AccessMode::discard, state_);
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), code) << access.error().to_string();
    EXPECT_EQ(access.error().native().code, static_cast<std::int64_t>(number));
    EXPECT_NE(access.error().to_string().find(call), std::string::npos);
    EXPECT_TRUE(held_by_direct3d()) << "nobody is kept out";
  };
  fails("wglDXObjectAccessNV", ERROR_BUSY, ErrorCode::busy);
  fails("wglDXObjectAccessNV", ERROR_INVALID_DATA, ErrorCode::operating_system);
  fails("wglDXLockObjectsNV", ERROR_BUSY, ErrorCode::busy);
  fails("wglDXLockObjectsNV", ERROR_LOCK_FAILED, ErrorCode::operating_system);
  fails("wglDXLockObjectsNV", ERROR_INVALID_DATA, ErrorCode::operating_system);
  visit(AccessMode::discard);
}

TEST_F(DxInterop, AnUnlockThatFailsIsToldAndTriedAgain) {
  share(FenceKind::host_timeline);
  for (const auto number : {ERROR_LOCK_FAILED, ERROR_INVALID_DATA, ERROR_NOT_LOCKED}) {
    auto access = mine_->begin_access(AccessMode::discard, state_);
    ASSERT_TRUE(access) << access.error().to_string();
    stand_in::answer_next("wglDXUnlockObjectsNV", static_cast<HRESULT>(number));
    auto ended = mine_->end_access(*std::move(access));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), ErrorCode::operating_system) << ended.error().to_string();
    EXPECT_EQ(ended.error().native().code, static_cast<std::int64_t>(number));
    state_.serial += 1;
    EXPECT_TRUE(held_by_direct3d()) << "nobody is kept out";
    visit(AccessMode::discard);
    const Calls calls = stand_in::take_calls();
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "wglDXUnlockObjectsNV"), 2) << "given back, then taken again";
  }
}

TEST_F(DxInterop, ATextureThatTheDriverDoesNotTakeIsRefused) {
  Agreement agreement;
  agreement.handle_kind = HandleKind::d3d_nt;
  agreement.fence_kind = FenceKind::d3d12_fence;
  auto made = direct3d_->create_texture(picture(), agreement);
  ASSERT_TRUE(made);
  theirs_ = *std::move(made);
  const std::size_t before = open_descriptors();
  for (const auto& [number, code] : {std::pair<DWORD, ErrorCode>{ERROR_OPEN_FAILED, ErrorCode::unsupported},
                                     std::pair<DWORD, ErrorCode>{ERROR_INVALID_DATA, ErrorCode::unsupported},
                                     std::pair<DWORD, ErrorCode>{ERROR_INVALID_HANDLE, ErrorCode::operating_system}}) {
    const std::size_t alive = stand_in::live_objects();
    stand_in::answer_next("wglDXRegisterObjectNV", static_cast<HRESULT>(number));
    auto refused = opengl_->import_shared_texture(*direct3d_->export_texture(*theirs_));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), code) << refused.error().to_string();
    EXPECT_EQ(refused.error().native().code, static_cast<std::int64_t>(number));
    stand_in::answer_next("wglDXRegisterObjectNV", static_cast<HRESULT>(number));
    EXPECT_EQ(opengl_->create_texture(picture(), agreement).error().code(), code);
    EXPECT_EQ(stand_in::live_objects(), alive);
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST_F(DxInterop, OfAnotherAdapterNothingIsOpened) {
  share(FenceKind::d3d12_fence);
  auto parcel = direct3d_->export_texture(*theirs_);
  ASSERT_TRUE(parcel);
  parcel->identity.luid[0] ^= 1;
  stand_in::take_calls();
  const std::size_t before = open_descriptors();
  auto refused = opengl_->import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_device) << refused.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), Calls{});
  EXPECT_EQ(open_descriptors(), before - 1) << "the parcel's handle is closed";
}

TEST_F(DxInterop, AHandleThatIsNoneAndADescriptorThatLiesAreRefused) {
  share(FenceKind::d3d12_fence);
  auto none = *direct3d_->export_texture(*theirs_);
  none.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, 0x7ffffff0);
  EXPECT_EQ(opengl_->import_shared_texture(std::move(none)).error().code(), ErrorCode::invalid_handle);
  auto lies = *direct3d_->export_texture(*theirs_);
  lies.descriptor.extent.width += 1;
  lies.layout.allocation_size = host_size(lies.descriptor);
  EXPECT_EQ(opengl_->import_shared_texture(std::move(lies)).error().code(), ErrorCode::incompatible_layout);
  auto mutex = *direct3d_->export_texture(*theirs_);
  mutex.layout.keyed_mutex = true;
  EXPECT_EQ(opengl_->import_shared_texture(std::move(mutex)).error().code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(driver_->wgl->objects(), 1U);
}

TEST_F(DxInterop, ADeviceThatGoesIsTold) {
  share(FenceKind::host_timeline);
  auto access = mine_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  stand_in::remove_device(*driver_->device.get(), DXGI_ERROR_DEVICE_HUNG);
  auto ended = mine_->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost) << ended.error().to_string();
  state_.serial = 1;
  EXPECT_TRUE(held_by_direct3d()) << "nobody is kept out";
  EXPECT_EQ(code_of_visit(AccessMode::discard), ErrorCode::device_lost);
  const Calls calls = stand_in::take_calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "wglDXLockObjectsNV"), 0);
}

TEST_F(DxInterop, IsUsedWithTheContextCurrentOnly) {
  share(FenceKind::host_timeline);
  auto access = mine_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  driver_->leave();
  auto ended = mine_->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::invalid_argument) << ended.error().to_string();
  state_.serial = 1;
  EXPECT_TRUE(held_by_direct3d()) << "nobody is kept out";
  EXPECT_EQ(code_of_visit(AccessMode::discard), ErrorCode::invalid_argument);
  driver_->use();
  visit(AccessMode::discard);
}

}  // namespace
}  // namespace geyser::test
