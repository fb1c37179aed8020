#include <gtest/gtest.h>

#include <thread>

#include "platform/host_fence.hpp"
#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;

TEST(HostFence, WaitsUntilALateSignal) {
  auto fence = *platform::create_host_fence();
  auto imported = *platform::import_host_fence(*fence->export_handle());
  EXPECT_EQ(imported->id(), fence->id());
  std::atomic<bool> signalled = false;
  std::thread late([&] {
    std::this_thread::sleep_for(milliseconds(60));
    signalled = true;
    ASSERT_TRUE(fence->signal(1));
  });
  ASSERT_TRUE(imported->wait(1));
  EXPECT_TRUE(signalled) << "the wait returned before the signal";
  late.join();
  EXPECT_EQ(*imported->completed_value(), 1U);
}

TEST(HostFence, TimesOutAndNamesTheValue) {
  auto fence = *platform::create_host_fence();
  const auto waited = fence->wait(5, milliseconds(20));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code(), ErrorCode::timeout);
  EXPECT_NE(waited.error().message().find("value [5] in [20] ms; it is at [0]"), std::string::npos);
}

TEST(HostFence, NeverGoesBack) {
  auto fence = *platform::create_host_fence();
  ASSERT_TRUE(fence->signal(7));
  EXPECT_EQ(fence->signal(7).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(fence->signal(3).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(*fence->completed_value(), 7U);
  EXPECT_TRUE(fence->wait(6, milliseconds(0)));
}

TEST(HostFence, HostilePagesAreRefused) {
  const std::size_t before = open_descriptors();
  EXPECT_EQ(platform::import_host_fence({FenceKind::host_timeline, 1, 0, *platform::create_shared_memory(4096)})
                .error()
                .code(),
            ErrorCode::invalid_handle);  // no magic
  EXPECT_EQ(platform::import_host_fence({FenceKind::host_timeline, 1, 0, *platform::create_shared_memory(64)})
                .error()
                .code(),
            ErrorCode::incompatible_layout);  // too small
  EXPECT_EQ(platform::import_host_fence({FenceKind::host_timeline, 1, 0, {}}).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SyncPoints, KeepTheLargestValueOfEachFence) {
  SyncPoints points;
  auto fence = *platform::create_host_fence();
  ASSERT_TRUE(points.add({fence, 3}));
  ASSERT_TRUE(points.add({fence, 2}));
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points.begin()->value, 3U);
  EXPECT_FALSE(points.add({nullptr, 1}));
  for (std::size_t i = 1; i < max_sync_points; ++i) ASSERT_TRUE(points.add({*platform::create_host_fence(), 1}));
  EXPECT_EQ(points.add({*platform::create_host_fence(), 1}).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
