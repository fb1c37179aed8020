// The host fence: a counter in shared memory that CPUs of several processes wait for.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <geyser/fence.hpp>

#include "platform/host_fence.hpp"
#include "platform/shared_memory.hpp"

namespace geyser {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::shared_ptr<SharedFence> make() {
  auto fence = platform::create_host_fence();
  EXPECT_TRUE(fence) << fence.error().to_string();
  return *std::move(fence);
}

std::shared_ptr<SharedFence> take(FenceHandle&& handle) {
  auto fence = platform::import_host_fence(std::move(handle));
  EXPECT_TRUE(fence) << fence.error().to_string();
  return *std::move(fence);
}

std::shared_ptr<SharedFence> peer_of(const SharedFence& fence) { return take(*fence.export_handle()); }

template <typename T>
ErrorCode code(const Result<T>& result) {
  return result ? ErrorCode{} : result.error().code();
}

TEST(HostFence, StartsAtZeroAndGrows) {
  const auto fence = make();
  EXPECT_EQ(fence->kind(), FenceKind::host_timeline);
  EXPECT_NE(fence->id(), 0U);
  EXPECT_EQ(fence->completed_value(), 0U);
  EXPECT_TRUE(fence->wait(0, 0ns));
  ASSERT_TRUE(fence->signal(1));
  EXPECT_EQ(fence->completed_value(), 1U);
  ASSERT_TRUE(fence->signal(40));
  EXPECT_EQ(fence->completed_value(), 40U);
  EXPECT_TRUE(fence->wait(1, 0ns));
  EXPECT_TRUE(fence->wait(40, 0ns));
  EXPECT_EQ(code(fence->wait(41, 0ns)), ErrorCode::timeout);
}

TEST(HostFence, IdsDiffer) {
  std::set<FenceId> ids;
  for (int i = 0; i < 100; ++i) ids.insert(make()->id());
  EXPECT_EQ(ids.size(), 100U);
}

TEST(HostFence, TimeoutsEndOnTimeAndSaySo) {
  const auto fence = make();
  ASSERT_TRUE(fence->signal(3));
  const auto start = Clock::now();
  const auto result = fence->wait(5, 30ms);
  const auto waited = Clock::now() - start;
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::timeout);
  EXPECT_EQ(result.error().message(),
            "Fence [" + std::to_string(fence->id()) + "] does not reach value [5] in [30] ms; it is at [3].");
  EXPECT_GE(waited, 30ms);
  EXPECT_LT(waited, 5s);
  EXPECT_EQ(code(fence->wait(5, -1s)), ErrorCode::timeout);
  EXPECT_EQ(code(fence->wait(5, std::chrono::nanoseconds::min())), ErrorCode::timeout);
}

TEST(HostFence, BackwardsAndRepeatedSignalsAreRefused) {
  const auto fence = make();
  ASSERT_TRUE(fence->signal(7));
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}}) {
    const auto refused = fence->signal(value);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().message(),
              "Fence value [" + std::to_string(value) + "] is not larger than the current value [7].");
  }
  EXPECT_EQ(fence->completed_value(), 7U);
  EXPECT_FALSE(peer_of(*fence)->signal(7));
  EXPECT_EQ(code(make()->signal(0)), ErrorCode::invalid_argument);
}

TEST(HostFence, NextValueIsOneMoreThanTheLargestUsedOrSeen) {
  const auto fence = make();
  EXPECT_EQ(fence->next_value(), 1U);
  EXPECT_EQ(fence->next_value(), 2U);
  ASSERT_TRUE(fence->signal(10));
  EXPECT_EQ(fence->next_value(), 11U);
  const auto peer = peer_of(*fence);
  EXPECT_EQ(peer->next_value(), 11U);
  ASSERT_TRUE(peer->signal(20));
  ASSERT_TRUE(fence->wait(20, 0ns));
  EXPECT_EQ(fence->next_value(), 21U);
  ASSERT_TRUE(peer->signal(30));
  EXPECT_EQ(fence->completed_value(), 30U);
  EXPECT_EQ(fence->next_value(), 31U);
}

TEST(HostFence, TwoImportsAreTheSameFence) {
  const auto fence = make();
  ASSERT_TRUE(fence->signal(2));
  const auto one = peer_of(*fence);
  const auto two = peer_of(*fence);
  const auto grandchild = peer_of(*one);
  EXPECT_EQ(one->id(), fence->id());
  EXPECT_EQ(two->id(), fence->id());
  EXPECT_EQ(one->completed_value(), 2U);
  ASSERT_TRUE(two->signal(3));
  for (const auto* each : {&fence, &one, &two, &grandchild}) EXPECT_TRUE((*each)->wait(3, 0ns));
  ASSERT_TRUE(fence->signal(4));
  EXPECT_EQ(grandchild->completed_value(), 4U);
  // To a set of points they are one: the larger value wins.
  SyncPoints points;
  ASSERT_TRUE(points.add({one, 3}));
  ASSERT_TRUE(points.add({two, 9}));
  ASSERT_TRUE(points.add({fence, 5}));
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points.begin()->value, 9U);
}

TEST(HostFence, OutlivesTheObjectThatMadeIt) {
  auto fence = make();
  const auto peer = peer_of(*fence);
  fence.reset();
  ASSERT_TRUE(peer->signal(1));
  EXPECT_TRUE(peer_of(*peer)->wait(1, 0ns));
}

// Waits that return at once would see the signal's clock in the future.
TEST(HostFence, AWaitBlocksUntilALateSignal) {
  const auto fence = make();
  const auto peer = peer_of(*fence);
  std::atomic<bool> signalled = false;
  const auto start = Clock::now();
  std::thread late([&] {
    std::this_thread::sleep_for(50ms);
    signalled = true;
    EXPECT_TRUE(peer->signal(1));
  });
  EXPECT_FALSE(fence->wait(1, 1ms));  // nothing yet
  const auto result = fence->wait(1, 10s);
  const auto waited = Clock::now() - start;
  EXPECT_TRUE(signalled);
  late.join();
  EXPECT_TRUE(result);
  EXPECT_GE(waited, 50ms);
  EXPECT_LT(waited, 5s);
}

// A waiter that nobody wakes looks again only after 50 ms: 2 x 200 lost wakes would take 20 s.
TEST(HostFence, SignalsWakeSleepersOfOtherThreads) {
  constexpr std::uint64_t rounds = 200;
  const auto ping = make();
  const auto pong = make();
  const auto start = Clock::now();
  std::thread other([ping = peer_of(*ping), pong = peer_of(*pong)] {
    for (std::uint64_t i = 1; i <= rounds; ++i) {
      ASSERT_TRUE(ping->wait(i, 10s));
      std::this_thread::sleep_for(1ms);  // so that the first thread is asleep
      ASSERT_TRUE(pong->signal(i));
    }
  });
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    ASSERT_TRUE(ping->signal(i));
    ASSERT_TRUE(pong->wait(i, 10s));
  }
  other.join();
  EXPECT_LT(Clock::now() - start, 6s);
}

TEST(HostFence, OneSignalWakesAllAndPassesAll) {
  const auto fence = make();
  std::vector<std::thread> waiters;
  std::atomic<int> done = 0;
  for (std::uint64_t value = 1; value <= 8; ++value) {
    waiters.emplace_back([&fence, &done, value] {
      if (fence->wait(value, 10s)) ++done;
    });
  }
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(done, 0);
  ASSERT_TRUE(fence->signal(8));
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(done, 8);
}

TEST(HostFence, RacingSignalsNeverGoBack) {
  const auto fence = make();
  std::vector<std::thread> threads;
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    std::uint64_t last = 0;
    while (!stop) {
      const auto now = fence->completed_value();
      ASSERT_TRUE(now);
      ASSERT_GE(*now, last);
      last = *now;
    }
  });
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([peer = peer_of(*fence), t] {
      for (std::uint64_t i = 1; i <= 500; ++i) (void)peer->signal(i * 4 + static_cast<std::uint64_t>(t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  reader.join();
  EXPECT_EQ(fence->completed_value(), 2003U);
}

// The peer can write every byte of the page.
TEST(HostFence, AHostilePeerCannotTakeAValueBack) {
  const auto fence = make();
  ASSERT_TRUE(fence->signal(9));
  ASSERT_TRUE(fence->wait(9, 0ns));
  auto handle = fence->export_handle();
  ASSERT_TRUE(handle);
  auto memory = platform::map_shared_memory(handle->handle.get(), 4096);
  ASSERT_TRUE(memory);
  std::memset(memory->bytes().data(), 0, 8);
  EXPECT_EQ(fence->completed_value(), 9U);
  EXPECT_TRUE(fence->wait(9, 0ns));
  EXPECT_FALSE(fence->signal(5));
  std::memset(memory->bytes().data(), 0xff, memory->bytes().size());
  EXPECT_EQ(fence->completed_value(), ~std::uint64_t{0});
  EXPECT_FALSE(fence->signal(~std::uint64_t{0}));
}

TEST(HostFence, WrongHandlesAreRefused) {
  const auto fence = make();
  const auto fresh = [&] { return *fence->export_handle(); };
  auto kind = fresh();
  kind.kind = FenceKind::sync_file;
  auto refused = platform::import_host_fence(std::move(kind));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "A fence handle of kind [sync_file] is not a [host_timeline].");
  auto id = fresh();
  id.id = 0;
  refused = platform::import_host_fence(std::move(id));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "A fence handle with id [0] names no fence.");
  auto closed = fresh();
  closed.handle.reset();
  EXPECT_EQ(code(platform::import_host_fence(std::move(closed))), ErrorCode::invalid_handle);
  auto small = fresh();
  small.handle = *platform::create_shared_memory(4095);
  // Windows and Apple's systems give whole pages: large enough, but no fence.
  const auto size = platform::kernel_size(small.handle.get());
  const bool is_small = size && *size < 4096;
  EXPECT_EQ(code(platform::import_host_fence(std::move(small))),
            is_small ? ErrorCode::incompatible_layout : ErrorCode::invalid_handle);
  auto foreign = fresh();
  foreign.id = 77;
  foreign.handle = *platform::create_shared_memory(4096);
  refused = platform::import_host_fence(std::move(foreign));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_string(), "invalid_handle: The shared memory of fence [77] holds no host fence.");
}

TEST(SyncPoints, AreASetByFence) {
  const auto a = make();
  const auto b = make();
  SyncPoints points;
  EXPECT_TRUE(points.empty());
  EXPECT_EQ(code(points.add({nullptr, 1})), ErrorCode::invalid_argument);
  ASSERT_TRUE(points.add({a, 5}));
  ASSERT_TRUE(points.add({a, 3}));
  ASSERT_TRUE(points.add({b, 1}));
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points.begin()[0], (SyncPoint{a, 5}));
  EXPECT_EQ(points.begin()[1], (SyncPoint{b, 1}));
  EXPECT_EQ(a.use_count(), 2);
  points.clear();
  EXPECT_TRUE(points.empty());
  EXPECT_EQ(a.use_count(), 1);  // cleared points let their fences go
  for (std::size_t i = 0; i < max_sync_points; ++i) ASSERT_TRUE(points.add({make(), 1}));
  EXPECT_EQ(code(points.add({a, 1})), ErrorCode::invalid_argument);
  EXPECT_TRUE(points.add({points.begin()->fence, 8}));  // a full set still takes what it knows
  EXPECT_EQ(points.begin()->value, 8U);
}

TEST(SyncPoints, KeepTheirFencesAsOftenAsTheyAre) {
  const auto a = make();
  const auto b = make();
  {
    SyncPoints points;
    ASSERT_TRUE(points.add({a, 5}));
    ASSERT_TRUE(points.add({b, 1}));
    SyncPoints copy = points;
    EXPECT_EQ(copy, points);
    EXPECT_EQ(a.use_count(), 3);
    copy = *&copy;  // to itself
    EXPECT_EQ(copy, points);
    SyncPoints moved = std::move(copy);
    EXPECT_EQ(moved, points);
    EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move): what is promised
    EXPECT_EQ(a.use_count(), 3);
    moved = SyncPoints();
    EXPECT_TRUE(moved.empty());
    EXPECT_NE(moved, points);
    EXPECT_EQ(b.use_count(), 2);
    moved = points;
    copy = std::move(moved);
    EXPECT_EQ(copy, points);
    ASSERT_TRUE(copy.add({b, 2}));
    EXPECT_NE(copy, points);
    EXPECT_EQ(b.use_count(), 3);
  }
  EXPECT_EQ(a.use_count(), 1);
  EXPECT_EQ(b.use_count(), 1);
}

TEST(FenceKind, NamesAndTiers) {
  EXPECT_EQ(to_string(FenceKind::opaque_fd_timeline), "opaque_fd_timeline");
  EXPECT_EQ(to_string(FenceKind::metal_shared_event), "metal_shared_event");
  EXPECT_EQ(to_string(FenceKind::opaque_win32_binary), "opaque_win32_binary");
  EXPECT_EQ(to_string(static_cast<FenceKind>(fence_kind_count)), "unknown");
  EXPECT_EQ(tier_of(FenceKind::d3d12_fence), SyncTier::shared_timeline);
  EXPECT_EQ(tier_of(FenceKind::opaque_fd_binary), SyncTier::binary_semaphore);
  EXPECT_EQ(tier_of(FenceKind::opaque_win32_binary), SyncTier::binary_semaphore);
  EXPECT_EQ(tier_of(FenceKind::sync_file), SyncTier::sync_file);
  EXPECT_EQ(tier_of(FenceKind::none), SyncTier::host_wait);
  EXPECT_EQ(tier_of(static_cast<FenceKind>(200)), SyncTier::host_wait);
  EXPECT_EQ(to_string(SyncTier::host_wait), "host_wait");
  EXPECT_EQ(to_string(static_cast<SyncTier>(4)), "unknown");
}

}  // namespace
}  // namespace geyser
