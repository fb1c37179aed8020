// Sharing of Direct3D 11 textures between two devices of one process, on the stand-in: what is agreed on, what a device
// is asked, and what is adopted.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "d3d11/sharing.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace geyser::test
