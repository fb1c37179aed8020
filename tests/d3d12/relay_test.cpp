// Direct3D 12 as the allocator of an API that signals only fences of its own (WebGPU).
#include <d3d12.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <geyser/d3d12.hpp>

#include "d3d12/stand_in.hpp"
#include "support/descriptors.hpp"
#include "support/relay.hpp"

namespace geyser::test {
namespace {

using testing::ElementsAre;

TEST(Direct3d12Relay, TheQueueWaitsForTheOthersFenceAndSignalsItsOwn) {
  World world;
  {
    const Com<ID3D12Device> device = make_stand_in_device(world);
    const std::shared_ptr<TextureShareManager> allocator = *d3d12::wrap_device({device.get(), nullptr, {}});
    Relay relay(allocator->capabilities().identity);
    ASSERT_TRUE(relay.use_allocator(allocator));
    // What stands for Dawn's own fence.
    const auto theirs = *allocator->create_fence(FenceKind::d3d12_fence);
    const auto fence = relay.create_fence(FenceKind::d3d12_fence);
    ASSERT_TRUE(fence) << fence.error().to_string();
    const std::size_t before = open_descriptors();
    auto after = *theirs->export_handle();
    world.take_calls();
    ASSERT_TRUE(static_cast<RelayFence&>(**fence).signal_after(5, std::move(after.handle), 41));
    EXPECT_THAT(world.take_calls(), ElementsAre("OpenSharedHandle", "queue.Wait 41", "queue.Signal 5"));
    EXPECT_EQ(open_descriptors(), before) << "the handle is closed";
    EXPECT_EQ((*fence)->completed_value(), 0U);
    ASSERT_TRUE(theirs->signal(40));
    EXPECT_EQ((*fence)->completed_value(), 0U);
    ASSERT_TRUE(theirs->signal(41));
    EXPECT_EQ((*fence)->completed_value(), 5U);
    const auto refused =
        static_cast<RelayFence&>(**fence).signal_after(6, OwnedHandle::adopt(HandleKind::d3d_nt, 0x7ffc), 42);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
  }
  EXPECT_EQ(world.alive, 0) << "every reference is given back";
}

}  // namespace
}  // namespace geyser::test
