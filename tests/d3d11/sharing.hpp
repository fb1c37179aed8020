// Two devices of one process on the stand-in, with a manager each, and what the tests of their sharing ask of them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <geyser/d3d11.hpp>

#include "d3d11/stand_in.hpp"

namespace geyser::test {

using Calls = std::vector<std::string>;

inline TextureDescriptor picture(TextureFormat format = TextureFormat::bgra8_unorm) {
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

}  // namespace geyser::test
