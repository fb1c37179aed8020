// Two processes on the stand-in, one of which is killed: with the keyed mutex held, with a legacy handle that names its
// texture, with a fence that it was to signal.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>

#include <geyser/d3d11.hpp>
#include <geyser/wire.hpp>

#include "d3d11/stand_in.hpp"
#include "process/child.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {40, 20, 1};
  return descriptor;
}

// Offers a texture and a fence, opens an access to the texture and waits to be killed.
Result<void> offer_and_wait(Channel& channel, HandleKind kind, FenceKind fence_kind) {
  auto manager = d3d11::wrap_device({stand_in::make_device().get(), {}});
  if (!manager) return fail(std::move(manager.error()));
  wire::Offer offer;
  offer.agreement.handle_kind = kind;
  offer.agreement.fence_kind = fence_kind;
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
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  if (!access) return fail(std::move(access.error()));
  if (auto sent = channel.send(wire::Message(std::move(offer)), patience); !sent) return sent;
  auto nothing = receive_text(channel);
  return fail(ErrorCode::protocol, nothing ? "The importer asks for more." : nothing.error().to_string());
}

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    device_ = stand_in::make_device();
    auto manager = d3d11::wrap_device({device_.get(), {}});
    ASSERT_TRUE(manager) << manager.error().to_string();
    manager_ = *std::move(manager);
    descriptors_ = open_descriptors();
  }
  void TearDown() override {
    parcel_ = {};
    fence_ = {};
    child_.reset();
    EXPECT_EQ(open_descriptors(), descriptors_);
    manager_.reset();
    device_.reset();
    EXPECT_EQ(stand_in::live_objects(), 0U);
  }
  void start(const char* what) {
    auto child = Child::start({"--offer", what});
    ASSERT_TRUE(child) << child.error().to_string();
    child_.emplace(*std::move(child));
    auto message = child_->channel().receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    auto* offer = std::get_if<wire::Offer>(&*message);
    ASSERT_NE(offer, nullptr);
    parcel_ = std::move(offer->textures.at(0));
    fence_ = std::move(offer->fences.at(0));
  }
  dxgi::Com<ID3D11Device> device_;
  std::unique_ptr<TextureShareManager> manager_;
  std::optional<Child> child_;
  ApiTextureHandle parcel_;
  FenceHandle fence_;
  std::size_t descriptors_ = 0;
};

TEST_F(Faults, AKeyedMutexHeldByADeadProcessIsAbandoned) {
  start("mutex");
  ASSERT_EQ(parcel_.kind, HandleKind::d3d_nt);
  auto texture = manager_->import_shared_texture(std::move(parcel_));
  ASSERT_TRUE(texture) << texture.error().to_string();
  (*texture)->set_wait_timeout(50ms);
  AccessState state;
  state.initialized = true;
  auto held = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code(), ErrorCode::timeout) << held.error().to_string();
  child_->kill();
  const auto begun = Clock::now();
  (*texture)->set_wait_timeout(5s);
  auto dead = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::abandoned) << dead.error().to_string();
  EXPECT_LT(Clock::now() - begun, 2s);
}

TEST_F(Faults, ALegacyHandleOfADeadProcessNamesNothing) {
  start("number");
  ASSERT_EQ(parcel_.kind, HandleKind::d3d_kmt);
  auto copy = parcel_.duplicate();
  ASSERT_TRUE(copy);
  auto texture = manager_->import_shared_texture(*std::move(copy));
  ASSERT_TRUE(texture) << texture.error().to_string();
  texture->reset();
  child_->kill();
  auto dead = manager_->import_shared_texture(std::move(parcel_));
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::invalid_handle) << dead.error().to_string();
}

TEST_F(Faults, AFenceOfADeadProcessIsNotWaitedForWithoutEnd) {
  start("fences");
  auto texture = manager_->import_shared_texture(std::move(parcel_));
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto fence = manager_->import_fence(std::move(fence_));
  ASSERT_TRUE(fence) << fence.error().to_string();
  child_->kill();
  const auto begun = Clock::now();
  EXPECT_EQ((*fence)->wait(1, 60ms).error().code(), ErrorCode::timeout);
  // Its texture stays, and so does its fence: this end can signal what it waits for itself.
  ASSERT_TRUE((*fence)->signal(1));
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 1}));
  auto read = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_TRUE((*texture)->end_access(*std::move(read)));
  EXPECT_LT(Clock::now() - begun, 3s);
}

int run_child(int count, char** values, const std::string& what) {
  auto channel = parent_channel(count, values);
  if (!channel) return 2;
  auto done = offer_and_wait(*channel, what == "number" ? HandleKind::d3d_kmt : HandleKind::d3d_nt,
                             what == "fences" ? FenceKind::d3d12_fence : FenceKind::host_timeline);
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
