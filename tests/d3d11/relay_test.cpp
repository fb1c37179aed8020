// Direct3D 11 as the allocator of an API that signals only fences of its own (WebGPU).
#include <gtest/gtest.h>

#include "d3d11/sharing.hpp"
#include "support/descriptors.hpp"
#include "support/relay.hpp"

namespace geyser::test {
namespace {

class Direct3d11Relay : public Sharing {};

TEST_F(Direct3d11Relay, TheDeviceWaitsForTheOthersFenceAndSignalsItsOwn) {
  const std::shared_ptr<TextureShareManager> allocator = std::move(a_->manager);
  Relay relay(allocator->capabilities().identity);
  ASSERT_TRUE(relay.use_allocator(allocator));
  // What stands for Dawn's own fence.
  const auto theirs = *b_->manager->create_fence(FenceKind::d3d12_fence);
  const auto fence = relay.create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(fence) << fence.error().to_string();
  const auto after = [&] { return std::move(theirs->export_handle()->handle); };
  stand_in::take_calls();
  const std::size_t before = open_descriptors();
  ASSERT_TRUE(static_cast<RelayFence&>(**fence).signal_after(5, after(), 41));
  EXPECT_EQ(stand_in::take_calls(),
            (Calls{"Fence::CreateSharedHandle", "OpenSharedFence", "Wait(41)", "Signal(5)", "Flush"}));
  EXPECT_EQ((*fence)->completed_value(), 0U);
  EXPECT_EQ(open_descriptors(), before + 1) << "the queue's own, of the fence that it waits for";
  // The stand-in's device goes on when it is given more to do.
  ASSERT_TRUE(theirs->signal(41));
  ASSERT_TRUE(static_cast<RelayFence&>(**fence).signal_after(6, after(), 41));
  EXPECT_EQ((*fence)->completed_value(), 6U);
  EXPECT_EQ(open_descriptors(), before) << "handles are closed";
  for (std::uint64_t value = 7; value < 20; ++value) {
    ASSERT_TRUE(static_cast<RelayFence&>(**fence).signal_after(value, after(), 41));
  }
  EXPECT_EQ(open_descriptors(), before) << "handles are closed";
  const auto refused =
      static_cast<RelayFence&>(**fence).signal_after(20, OwnedHandle::adopt(HandleKind::d3d_nt, 0x7ffc), 42);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
