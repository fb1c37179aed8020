// Accesses to textures that OpenGL borrows: order of calls, waits, signals, and what goes when.
#include <algorithm>
#include <string>
#include <utility>

#include "support/descriptors.hpp"
#include "wgl/dx_interop.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TEST_F(DxInterop, TheMutexIsHeldAroundTheLock) {
  share(FenceKind::host_timeline);
  EXPECT_TRUE(mine_->layout().keyed_mutex);
  visit(AccessMode::discard);
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)", "wglDXObjectAccessNV(2)", "wglDXLockObjectsNV",
                                           "wglDXUnlockObjectsNV", "ReleaseSync(0)", "Signal(1)", "Flush"}));
  EXPECT_EQ(mine_->statistics().host_waits, 1U) << "without a fence to signal the CPU waits";
  visit(AccessMode::read);
  EXPECT_EQ(stand_in::take_calls()[1], "wglDXObjectAccessNV(0)");
  visit(AccessMode::read_write);
  EXPECT_EQ(stand_in::take_calls()[1], "wglDXObjectAccessNV(1)");
  visit(AccessMode::write);
  EXPECT_EQ(stand_in::take_calls()[1], "wglDXLockObjectsNV") << "it is for both already";
  EXPECT_EQ(mine_->statistics().bytes_copied, 0U);
  EXPECT_EQ(mine_->path(), SharePath::zero_copy);
}

// What the driver made of it has a minification filter with levels, which it has not.
TEST_F(DxInterop, IsCompleteInOpenGl) {
  share(FenceKind::host_timeline);
  auto access = mine_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access) << access.error().to_string();
  const auto bind = reinterpret_cast<decltype(&::glBindTexture)>(opengl::get_procedure(*opengl_, "glBindTexture"));
  const auto get =
      reinterpret_cast<decltype(&::glGetTexParameteriv)>(opengl::get_procedure(*opengl_, "glGetTexParameteriv"));
  bind(GL_TEXTURE_2D, opengl::native(*mine_)->name);
  GLint filter = 0, levels = -1;
  get(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, &filter);
  get(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, &levels);
  bind(GL_TEXTURE_2D, 0);
  EXPECT_EQ(filter, GL_NEAREST);
  EXPECT_EQ(levels, 0);
  ASSERT_TRUE(mine_->end_access(*std::move(access)));
}

TEST_F(DxInterop, ReadersHoldItTogether) {
  share(FenceKind::host_timeline);
  visit(AccessMode::discard);
  stand_in::take_calls();
  auto first = mine_->begin_access(AccessMode::read, state_);
  auto second = mine_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)", "wglDXObjectAccessNV(0)", "wglDXLockObjectsNV"}));
  ASSERT_TRUE(mine_->end_access(*std::move(first)));
  const Calls between = stand_in::take_calls();
  EXPECT_EQ(std::count(between.begin(), between.end(), "wglDXUnlockObjectsNV"), 0);
  EXPECT_EQ(std::count(between.begin(), between.end(), "ReleaseSync(0)"), 0);
  ASSERT_TRUE(mine_->end_access(*std::move(second)));
  const Calls last = stand_in::take_calls();
  ASSERT_GE(last.size(), 2U);
  EXPECT_EQ(last[0], "wglDXUnlockObjectsNV");
  EXPECT_EQ(last[1], "ReleaseSync(0)");
}

TEST_F(DxInterop, ADroppedAccessIsGivenBack) {
  share(FenceKind::host_timeline);
  { const auto dropped = mine_->begin_access(AccessMode::discard, {}); }
  const Calls calls = stand_in::take_calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "wglDXUnlockObjectsNV"), 1);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "ReleaseSync(0)"), 1);
  ASSERT_EQ(complaints_.size(), 1U) << "and is reported";
  complaints_.clear();
}

// The lock has no end of its own, so nothing that others are to signal is queued before it.
TEST_F(DxInterop, TheCpuWaitsForAFenceBeforeTheLock) {
  share(FenceKind::d3d12_fence);
  EXPECT_FALSE(mine_->layout().keyed_mutex);
  auto theirs = direct3d_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(theirs);
  auto twin = opengl_->import_fence(*(*theirs)->export_handle());
  ASSERT_TRUE(twin) << twin.error().to_string();
  auto own = opengl_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(own) << own.error().to_string();
  ASSERT_TRUE(mine_->set_signal_fence(*own));
  ASSERT_TRUE(state_.writer.add({*theirs, 1}));
  state_.initialized = true;
  stand_in::take_calls();
  mine_->set_wait_timeout(30ms);
  EXPECT_EQ(code_of_visit(AccessMode::read), ErrorCode::timeout);
  EXPECT_EQ(stand_in::take_calls(), Calls{"SetEventOnCompletion(1)"}) << "nothing is queued, nothing locked";
  mine_->set_wait_timeout(5s);
  ASSERT_TRUE((*theirs)->signal(1));
  stand_in::take_calls();
  auto access = mine_->begin_access(AccessMode::read_write, state_);
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), Calls{"wglDXLockObjectsNV"});
  EXPECT_EQ(mine_->statistics().host_waits, 1U);
  auto ended = mine_->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"wglDXUnlockObjectsNV", "Signal(1)", "Flush", "Signal(1)", "Flush"}));
  EXPECT_EQ(*ended->writer.begin(), (SyncPoint{*own, 1}));
  EXPECT_EQ(*(*own)->completed_value(), 1U);
  EXPECT_EQ(mine_->statistics().host_waits, 1U) << "the device signals; no CPU waits";
}

// Without ID3D11Device5.
TEST_F(DxInterop, ADeviceWithoutFencesIsWaitedFor) {
  stand_in::Options options;
  options.fences = false;
  open(options);
  EXPECT_FALSE(offers(*opengl_, FenceKind::d3d12_fence));
  share(FenceKind::host_timeline);
  auto fence = opengl_->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE(mine_->set_signal_fence(*fence));
  visit(AccessMode::discard);
  const Calls calls = stand_in::take_calls();
  ASSERT_EQ(calls.size(), 7U);
  EXPECT_EQ(calls[4], "ReleaseSync(0)");
  EXPECT_EQ(calls[6], "GetData");
  EXPECT_EQ(mine_->statistics().host_waits, 1U);
  EXPECT_EQ(*(*fence)->completed_value(), 1U);
}

// A texture of host memory knows the manager's fences, too.
TEST_F(DxInterop, CopiedTexturesWaitForAndSignalDirect3DsFences) {
  auto fence = opengl_->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(fence);
  auto texture = opengl_->create_texture(picture(), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  ASSERT_TRUE((*texture)->set_signal_fence(*fence));
  auto write = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  auto state = (*texture)->end_access(*std::move(write));
  ASSERT_TRUE(state) << state.error().to_string();
  EXPECT_EQ(*(*fence)->completed_value(), 1U);
  auto read = (*texture)->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE((*texture)->end_access(*std::move(read)));
}

TEST_F(DxInterop, WhatGoesIsUnregisteredFirst) {
  const std::size_t before = open_descriptors();
  share(FenceKind::d3d12_fence);
  EXPECT_EQ(driver_->wgl->objects(), 1U);
  mine_.reset();
  EXPECT_EQ(stand_in::take_calls(), Calls{"wglDXUnregisterObjectNV"});
  EXPECT_EQ(driver_->wgl->objects(), 0U);
  theirs_.reset();
  EXPECT_EQ(open_descriptors(), before);
  share(FenceKind::d3d12_fence);
  stand_in::answer_next("wglDXUnregisterObjectNV", static_cast<HRESULT>(ERROR_BUSY));
  mine_.reset();
  ASSERT_EQ(complaints_.size(), 1U);
  EXPECT_NE(complaints_[0].find("wglDXUnregisterObjectNV"), std::string::npos) << complaints_[0];
  complaints_.clear();
  driver_->wgl->forget_objects();
  // The manager's textures keep what they need.
  share(FenceKind::d3d12_fence);
  opengl_.reset();
  EXPECT_EQ(driver_->wgl->devices(), 1U);
  visit(AccessMode::discard);
  stand_in::take_calls();
  mine_.reset();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"wglDXUnregisterObjectNV", "wglDXCloseDeviceNV"}));
}

TEST_F(DxInterop, CopiesWithinTheManager) {
  share(FenceKind::host_timeline);
  auto other = opengl_->create_texture(picture(), HandleKind::host_memory);
  ASSERT_TRUE(other);
  auto read = (*other)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(read);
  auto first = (*other)->end_access(*std::move(read));
  ASSERT_TRUE(first);
  auto from = (*other)->begin_access(AccessMode::read, *first);
  auto to = mine_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(from && to);
  auto copied = opengl_->copy_texture(**other, *mine_);
  EXPECT_TRUE(copied) << copied.error().to_string();
  ASSERT_TRUE(mine_->end_access(*std::move(to)));
  ASSERT_TRUE((*other)->end_access(*std::move(from)));

  // Which channel becomes which between the two is a driver's affair.
  share(FenceKind::host_timeline, HandleKind::d3d_nt, TextureFormat::bgra8_unorm);
  auto swizzled = opengl_->create_texture(picture(TextureFormat::bgra8_unorm), HandleKind::host_memory);
  ASSERT_TRUE(swizzled);
  auto source = mine_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(source);
  auto state = mine_->end_access(*std::move(source));
  ASSERT_TRUE(state);
  source = mine_->begin_access(AccessMode::read, *state);
  auto target = (*swizzled)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(source && target);
  EXPECT_EQ(opengl_->copy_texture(*mine_, **swizzled).error().code(), ErrorCode::unsupported);
  ASSERT_TRUE(mine_->end_access(*std::move(source)));
  ASSERT_TRUE((*swizzled)->end_access(*std::move(target)));
}

TEST_F(DxInterop, WhatOpenGlMakesIsADirect3DTexture) {
  auto agreement = negotiate(picture(TextureFormat::bgra8_unorm), opengl_->capabilities(), direct3d_->capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  auto texture = opengl_->create_texture(picture(TextureFormat::bgra8_unorm), *agreement);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->api(), Api::opengl);
  const auto native = opengl::native(**texture);
  ASSERT_TRUE(native);
  EXPECT_NE(native->name, 0U);
  EXPECT_EQ(native->planes[0].name, native->name);
  EXPECT_EQ(native->target, static_cast<std::uint32_t>(GL_TEXTURE_2D));
  auto parcel = opengl_->export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_EQ(parcel->api, Api::d3d11) << "where the memory is";
  auto opened = direct3d_->import_shared_texture(*std::move(parcel));
  EXPECT_TRUE(opened) << opened.error().to_string();
}

}  // namespace
}  // namespace geyser::test
