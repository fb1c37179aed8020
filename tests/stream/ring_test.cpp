// What a publisher sleeps for when its ring has run out.
#include <gtest/gtest.h>

#include <thread>

#include "platform/host_fence.hpp"
#include "stream/ring_reader.hpp"
#include "stream/ring_writer.hpp"

namespace geyser::stream {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Ring : public testing::Test {
 protected:
  struct Reader {
    std::unique_ptr<LeaseView> view;
    platform::MappedMemory memory;
    std::shared_ptr<SharedFence> fence;
    LeasePage* page = nullptr;
  };

  // A subscriber whose GPU's reads end when its fence says so.
  void add_reader() {
    auto pages = ring_.add_subscriber({1, false, true});
    ASSERT_TRUE(pages) << pages.error().to_string();
    Reader reader;
    reader.view = std::move(pages->view);
    reader.memory = *platform::map_shared_memory(pages->lease_page.get(), sizeof(LeasePage));
    reader.page = reinterpret_cast<LeasePage*>(reader.memory.bytes().data());
    reader.fence = *platform::create_host_fence();
    reader.view->set_fence(reader.fence);
    views_.push_back(reader.view.get());
    readers_.push_back(std::move(reader));
  }
  std::optional<std::uint32_t> claim() {
    std::uint64_t lost = 0;
    auto slot = ring_.claim(views_, {false, 1h}, true, lost);
    EXPECT_EQ(lost, 0U);
    return slot;
  }
  // Frames in all slots, the newest in the last.
  void fill() {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      ASSERT_EQ(claim(), slot);
      ring_.announce(slot, {slot + 1, 0, slot + 1, true}, {});
    }
  }
  // The reader has released the slot's frame, and its GPU is done with it at `value`.
  static void release(Reader& reader, std::uint32_t slot, std::uint64_t value) {
    reader.page->release_values[slot].store(value);
    reader.page->leases[slot].store(0);
  }
  Clock::duration sleep(std::chrono::nanoseconds timeout = 1h) {
    const auto start = Clock::now();
    ring_.wait_for_release(views_, false, timeout);
    return Clock::now() - start;
  }

  static constexpr std::uint32_t slots = 3;
  RingWriter ring_ = *RingWriter::create(slots, 1);
  std::vector<Reader> readers_;
  RingWriter::Views views_;
};

// No bell rings for a GPU that has read: without looking at its fence a ring turns no faster than the longest sleep.
TEST_F(Ring, ThePublisherWakesWhenAGpuHasRead) {
  ASSERT_NO_FATAL_FAILURE(add_reader());
  ASSERT_NO_FATAL_FAILURE(fill());
  auto shortest = Clock::duration::max();
  for (std::uint64_t value = 1; value < 40; ++value) {
    release(readers_[0], 0, 2 * value);
    release(readers_[0], 1, 2 * value + 100);
    EXPECT_EQ(claim(), std::nullopt);
    std::thread gpu([&] {
      std::this_thread::sleep_for(100us);
      EXPECT_TRUE(readers_[0].fence->signal(2 * value));
    });
    shortest = std::min(shortest, sleep());
    gpu.join();
  }
  EXPECT_LT(shortest, 1500us) << "longer than 2 ms is what it takes when nothing wakes it";
  EXPECT_EQ(claim(), 0U);
}

// Nor for one that has read since the publisher looked.
TEST_F(Ring, ThePublisherDoesNotSleepForAReadThatHasEnded) {
  ASSERT_NO_FATAL_FAILURE(add_reader());
  ASSERT_NO_FATAL_FAILURE(fill());
  auto shortest = Clock::duration::max();
  for (std::uint64_t value = 1; value < 20; ++value) {
    release(readers_[0], 0, value);
    release(readers_[0], 1, value);
    EXPECT_EQ(claim(), std::nullopt);
    EXPECT_TRUE(readers_[0].fence->signal(value));
    shortest = std::min(shortest, sleep());
  }
  EXPECT_LT(shortest, 1ms) << "2 ms is what it takes when nothing wakes it";
}

// The oldest frame's is the next slot to be free, but not while somebody else holds it.
TEST_F(Ring, AHeldFrameIsNotWaitedForByItsFence) {
  ASSERT_NO_FATAL_FAILURE(add_reader());
  ASSERT_NO_FATAL_FAILURE(add_reader());
  ASSERT_NO_FATAL_FAILURE(fill());
  release(readers_[0], 0, 1);
  readers_[1].page->leases[0].store(1);
  release(readers_[0], 1, 2);
  ASSERT_TRUE(readers_[0].fence->signal(1));
  EXPECT_EQ(claim(), std::nullopt);
  std::thread gpu([&] {
    std::this_thread::sleep_for(300us);
    EXPECT_TRUE(readers_[0].fence->signal(2));
  });
  int sleeps = 0;
  for (; sleeps < 1000 && readers_[0].fence->completed_value() != 2U; ++sleeps) static_cast<void>(sleep());
  EXPECT_LT(sleeps, 100) << "the other slot's fence, which is reached already, is what it sleeps for";
  gpu.join();
  EXPECT_EQ(claim(), 1U);
}

// Also where it is nobody's: a subscriber that lies costs a few milliseconds.
TEST_F(Ring, AValueThatIsNeverReachedEndsTheSleep) {
  ASSERT_NO_FATAL_FAILURE(add_reader());
  ASSERT_NO_FATAL_FAILURE(fill());
  release(readers_[0], 0, ~std::uint64_t{0});
  release(readers_[0], 1, ~std::uint64_t{0});
  EXPECT_EQ(claim(), std::nullopt);
  EXPECT_LT(sleep(), 1s);
  EXPECT_LT(sleep(10us), 1s);
  EXPECT_EQ(claim(), std::nullopt);
}

}  // namespace
}  // namespace geyser::stream
