// OpenGL that borrows Direct3D 11's textures by WGL_NV_DX_interop2, on the doubles of both, for the tests of it. Pixels
// of every format: wgl_interop_pairs, wgl_interop_processes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <geyser/d3d11.hpp>
#include <geyser/opengl.hpp>

#include "d3d11/stand_in.hpp"
#include "wgl/interop_driver.hpp"

namespace geyser::test {

using Calls = std::vector<std::string>;

inline TextureDescriptor picture(TextureFormat format = TextureFormat::rgba8_unorm) {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  descriptor.format = format;
  return descriptor;
}

inline bool offers(const TextureShareManager& manager, HandleKind kind) {
  const auto& rows = manager.capabilities().textures;
  return std::any_of(rows.begin(), rows.end(), [&](const TextureCapability& row) { return row.handle_kind == kind; });
}

inline bool offers(const TextureShareManager& manager, FenceKind kind) {
  const auto& rows = manager.capabilities().fences;
  return std::any_of(rows.begin(), rows.end(), [&](const FenceCapability& row) { return row.kind == kind; });
}

// One device of Direct3D's, a context that borrows from another one, and a manager on each.
class DxInterop : public testing::Test {
 protected:
  void SetUp() override { open({}); }
  void TearDown() override {
    state_ = {};
    theirs_.reset();
    mine_.reset();
    opengl_.reset();
    for (const std::string& complaint : complaints_) ADD_FAILURE() << complaint;
    for (const std::string& complaint : driver_->wgl->complaints) ADD_FAILURE() << complaint;
    driver_.reset();
    direct3d_.reset();
    device_.reset();
    EXPECT_EQ(stand_in::live_objects(), 0U);
    stand_in::take_calls();
  }
  void open(const stand_in::Options& options) {
    theirs_.reset();
    mine_.reset();
    opengl_.reset();
    direct3d_.reset();
    driver_.reset();
    driver_ = std::make_unique<InteropDriver>(options);
    device_ = stand_in::make_device(options);
    direct3d_ = *d3d11::wrap_device({device_.get(), {}});
    open_opengl();
  }
  // Anew, as the driver is by now.
  void open_opengl() {
    opengl_.reset();
    said_.clear();
    auto manager = driver_->manager([this](const GeyserError& error) { note(error); });
    ASSERT_TRUE(manager) << manager.error().to_string();
    opengl_ = *std::move(manager);
    stand_in::take_calls();
  }
  void note(const GeyserError& error) {
    const std::string sentence = error.to_string();
    (sentence.find("does without") != std::string::npos || sentence.find("none of which") != std::string::npos
         ? said_
         : complaints_)
        .push_back(sentence);
  }
  // Made by Direct3D, opened by OpenGL.
  void share(FenceKind fence, HandleKind kind = HandleKind::d3d_nt, TextureFormat format = TextureFormat::rgba8_unorm) {
    Agreement agreement;
    agreement.handle_kind = kind;
    agreement.fence_kind = fence;
    auto made = direct3d_->create_texture(picture(format), agreement);
    ASSERT_TRUE(made) << made.error().to_string();
    theirs_ = *std::move(made);
    auto opened = opengl_->import_shared_texture(*direct3d_->export_texture(*theirs_));
    ASSERT_TRUE(opened) << opened.error().to_string();
    mine_ = *std::move(opened);
    stand_in::take_calls();
  }
  // Begins and ends an access of OpenGL's, which must succeed, after the last one.
  void visit(AccessMode mode) {
    auto access = mine_->begin_access(mode, state_);
    ASSERT_TRUE(access) << access.error().to_string();
    auto ended = mine_->end_access(*std::move(access));
    ASSERT_TRUE(ended) << ended.error().to_string();
    state_ = *ended;
  }
  ErrorCode code_of_visit(AccessMode mode) {
    auto access = mine_->begin_access(mode, state_);
    EXPECT_FALSE(access);
    return access ? ErrorCode::protocol : access.error().code();
  }
  bool held_by_direct3d() {
    auto access = theirs_->begin_access(AccessMode::discard, state_);
    if (!access) return false;
    auto ended = theirs_->end_access(*std::move(access));
    EXPECT_TRUE(ended);
    if (ended) state_ = *ended;
    stand_in::take_calls();
    return true;
  }

  std::unique_ptr<InteropDriver> driver_;
  dxgi::Com<ID3D11Device> device_;
  std::unique_ptr<TextureShareManager> direct3d_, opengl_;
  std::unique_ptr<SharedTexture> theirs_, mine_;
  AccessState state_;
  std::vector<std::string> complaints_, said_;
};

}  // namespace geyser::test
