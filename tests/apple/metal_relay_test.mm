// Metal as the allocator of an API that signals only events of its own (WebGPU).
#include "metal_fixture.hpp"
#include "support/relay.hpp"

namespace geyser::test {
namespace {

TEST_F(Metal, AsAnAllocatorItWaitsForTheOthersEventAndSignalsItsOwn) {
  const std::shared_ptr<TextureShareManager> allocator = make_manager();
  Relay relay(allocator->capabilities().identity);
  ASSERT_TRUE(relay.use_allocator(allocator));
  // What stands for Dawn's own event.
  const auto theirs = *second().create_fence(FenceKind::metal_shared_event);
  const auto fence = relay.create_fence(FenceKind::metal_shared_event);
  ASSERT_TRUE(fence) << fence.error().to_string();
  ASSERT_TRUE(static_cast<RelayFence&>(**fence).signal_after(5, std::move(theirs->export_handle()->handle), 41));
  EXPECT_EQ((*fence)->wait(5, std::chrono::milliseconds(30)).error().code(), ErrorCode::timeout);
  ASSERT_TRUE(theirs->signal(40));
  EXPECT_EQ((*fence)->wait(5, std::chrono::milliseconds(30)).error().code(), ErrorCode::timeout);
  ASSERT_TRUE(theirs->signal(41));
  EXPECT_TRUE((*fence)->wait(5));
  EXPECT_EQ((*fence)->completed_value(), 5U);
  const auto refused = static_cast<RelayFence&>(**fence).signal_after(6, OwnedHandle(), 42);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
