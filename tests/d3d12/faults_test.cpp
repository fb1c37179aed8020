// Two processes on the stand-in, one of which is killed: with a picture that is whole, and with one that its queue had
// still to draw.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>

#include <geyser/d3d12.hpp>
#include <geyser/wire.hpp>

#include "d3d12/gpu.hpp"
#include "d3d12/stand_in.hpp"
#include "process/child.hpp"
#include "support/descriptors.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr std::uint32_t seed = 12;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {40, 20, 1};
  return descriptor;
}

// Offers a texture and a fence, draws, promises value 1 of the fence, and waits to be killed. `late`: the queue waits
// for something before it draws that never comes.
Result<void> offer_and_wait(Channel& channel, bool late) {
  World world;
  const auto device = make_stand_in_device(world);
  auto manager = d3d12::wrap_device({device.get(), nullptr, {}});
  if (!manager) return fail(std::move(manager.error()));
  wire::Offer offer;
  offer.agreement.handle_kind = HandleKind::d3d_nt;
  offer.agreement.fence_kind = FenceKind::d3d12_fence;
  auto texture = (*manager)->create_texture(picture(), offer.agreement);
  if (!texture) return fail(std::move(texture.error()));
  auto parcel = (*manager)->export_texture(**texture);
  if (!parcel) return fail(std::move(parcel.error()));
  offer.textures.push_back(*std::move(parcel));
  auto fence = (*manager)->create_fence(FenceKind::d3d12_fence);
  if (!fence) return fail(std::move(fence.error()));
  auto handle = (*fence)->export_handle();
  if (!handle) return fail(std::move(handle.error()));
  offer.fences.push_back(*std::move(handle));
  if (auto set = (*texture)->set_signal_fence(*fence); !set) return set;
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  if (!access) return fail(std::move(access.error()));
  Com<ID3D12Fence> never;
  if (late && (device->CreateFence(0, D3D12_FENCE_FLAG_NONE, __uuidof(ID3D12Fence), never.receive()) != S_OK ||
               d3d12::native(**manager)->queue->Wait(never.get(), 1) != S_OK)) {
    return fail(ErrorCode::operating_system, "The queue cannot be made to wait.");
  }
  if (!late) {
    if (auto drawn = fill(**manager, **texture, make_pattern(picture(), seed)); !drawn) return drawn;
  }
  auto ended = (*texture)->end_access(*std::move(access));
  if (!ended) return fail(std::move(ended.error()));
  if (auto sent = channel.send(wire::Message(std::move(offer)), patience); !sent) return sent;
  auto nothing = receive_text(channel);
  return fail(ErrorCode::protocol, nothing ? "The importer asks for more." : nothing.error().to_string());
}

class D3d12Faults : public testing::Test {
 protected:
  void SetUp() override {
    world_.watch_others();
    device_ = make_stand_in_device(world_);
    auto manager = d3d12::wrap_device({device_.get(), nullptr, {}});
    ASSERT_TRUE(manager) << manager.error().to_string();
    manager_ = *std::move(manager);
    descriptors_ = open_descriptors();
  }
  void TearDown() override {
    texture_.reset();
    fence_.reset();
    state_ = {};
    child_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
    manager_.reset();
    device_.reset();
    EXPECT_EQ(world_.alive, 0);
    EXPECT_EQ(world_.lost_events, 0);
  }
  void start(const char* what) {
    auto child = Child::start({"--offer", what});
    ASSERT_TRUE(child) << child.error().to_string();
    child_.emplace(*std::move(child));
    auto message = child_->channel().receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    auto* offer = std::get_if<wire::Offer>(&*message);
    ASSERT_NE(offer, nullptr);
    auto texture = manager_->import_shared_texture(std::move(offer->textures.at(0)));
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
    auto fence = manager_->import_fence(std::move(offer->fences.at(0)));
    ASSERT_TRUE(fence) << fence.error().to_string();
    fence_ = *std::move(fence);
    state_.initialized = true;
    ASSERT_TRUE(state_.writer.add({fence_, 1}));
  }

  World world_;
  Com<ID3D12Device> device_;
  std::unique_ptr<TextureShareManager> manager_;
  std::optional<Child> child_;
  std::unique_ptr<SharedTexture> texture_;
  std::shared_ptr<SharedFence> fence_;
  AccessState state_;
  std::size_t descriptors_ = 0;
};

TEST_F(D3d12Faults, APictureStaysWhenWhoDrewItIsKilled) {
  start("drawn");
  child_->kill();
  auto read = texture_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(read) << read.error().to_string();
  auto pixels = test::read(*manager_, *texture_);
  ASSERT_TRUE(pixels) << pixels.error().to_string();
  EXPECT_EQ(difference(picture(), make_pattern(picture(), seed), *pixels), "");
  EXPECT_TRUE(texture_->end_access(*std::move(read)));
  EXPECT_EQ(texture_->statistics().bytes_copied, 0U);
}

TEST_F(D3d12Faults, WhatADeadQueueOwesIsNotWaitedForWithoutEnd) {
  start("late");
  child_->kill();
  EXPECT_EQ(fence_->wait(1, 60ms).error().code(), ErrorCode::timeout);
  texture_->set_wait_timeout(60ms);
  const auto begun = Clock::now();
  auto read = texture_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(texture_->end_access(*std::move(read)).error().code(), ErrorCode::timeout) << "this end's queue waits";
  EXPECT_LT(Clock::now() - begun, 3s);
  ++descriptors_;  // the event by which the queue was waited for, which stays with the queue's own fence
  // This end signals what it waits for itself, and its queue goes on.
  ASSERT_TRUE(fence_->signal(1));
  texture_->set_wait_timeout(5s);
  auto again = texture_->begin_access(AccessMode::discard, {{}, {}, 5, false});
  ASSERT_TRUE(again) << again.error().to_string();
  ASSERT_TRUE(fill(*manager_, *texture_, make_pattern(picture(), seed + 1)));
  EXPECT_TRUE(texture_->end_access(*std::move(again)));
}

int run_child(int count, char** values, const std::string& what) {
  auto channel = parent_channel(count, values);
  if (!channel) return 2;
  auto done = offer_and_wait(*channel, what == "late");
  std::fprintf(stderr, "child: %s\n", done.error().to_string().c_str());
  return 1;
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  if (const auto what = geyser::test::argument(count, values, "--offer")) {
    return geyser::test::run_child(count, values, *what);
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
