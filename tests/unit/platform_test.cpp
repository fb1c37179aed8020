// What streams stand on, on every system: events, timers, pollers, sleepers on shared words, locks and directories.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

#include "platform/directory_watch.hpp"
#include "platform/event.hpp"
#include "platform/file_lock.hpp"
#include "platform/futex.hpp"
#include "platform/poller.hpp"
#include "platform/runtime_directory.hpp"
#include "platform/shared_memory.hpp"
#include "platform/timer.hpp"
#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(PlatformEvent, IsReadableUntilItIsCleared) {
  auto event = *platform::Event::create();
  EXPECT_FALSE(wait_readable(event.native(), 0ms));
  event.signal();
  event.signal();
  EXPECT_TRUE(wait_readable(event.native(), 0ms));
  EXPECT_TRUE(wait_readable(event.native(), 0ms)) << "looking takes nothing";
  event.clear();
  EXPECT_FALSE(wait_readable(event.native(), 0ms));
}

TEST(PlatformTimer, IsReadableFromItsTimeOn) {
  auto timer = *platform::Timer::create();
  EXPECT_FALSE(wait_readable(timer.native(), 0ms));
  const auto begun = Clock::now();
  timer.set(begun + 30ms);
  EXPECT_TRUE(wait_readable(timer.native(), 2000ms));
  EXPECT_GE(Clock::now() - begun, 30ms);
  EXPECT_TRUE(wait_readable(timer.native(), 0ms));
  timer.clear();
  EXPECT_FALSE(wait_readable(timer.native(), 40ms));
  timer.set(Clock::now() - 1s);
  EXPECT_TRUE(wait_readable(timer.native(), 1000ms));
  timer.set(Clock::now() + 1h);
  EXPECT_FALSE(wait_readable(timer.native(), 0ms));
}

TEST(PlatformPoller, TellsWhichHandlesAreReadable) {
  auto poller = *platform::Poller::create();
  std::vector<platform::Event> events;
  for (int i = 0; i < 100; ++i) events.push_back(*platform::Event::create());  // more than 64
  for (std::size_t i = 0; i < events.size(); ++i) ASSERT_TRUE(poller.add(events[i].native(), i));
  EXPECT_FALSE(poller.add(events[5].native(), 5)) << "it is there already";
  std::array<std::uint64_t, 8> keys{};
  EXPECT_EQ(*poller.wait(keys, 0ms), 0U);
  EXPECT_FALSE(wait_readable(poller.native(), 0ms));
  events[3].signal();
  events[97].signal();
  EXPECT_TRUE(wait_readable(poller.native(), 2000ms)) << "a poller can be waited for itself";
  ASSERT_EQ(*poller.wait(keys, 2000ms), 2U);
  EXPECT_EQ(keys[0] + keys[1], 100U);
  events[3].clear();
  ASSERT_EQ(*poller.wait(keys, 0ms), 1U) << "what was not read is told again";
  EXPECT_EQ(keys[0], 97U);
  events[97].clear();
  poller.refresh();
  EXPECT_FALSE(wait_readable(poller.native(), 0ms)) << "nothing is left";
  events[97].signal();
  EXPECT_TRUE(wait_readable(poller.native(), 2000ms)) << "it is watched again";
  poller.remove(events[97].native());
  EXPECT_FALSE(wait_readable(poller.native(), 0ms));
  EXPECT_EQ(*poller.wait(keys, 0ms), 0U);
}

TEST(PlatformPoller, IsWokenByAnotherThread) {
  auto poller = *platform::Poller::create();
  auto event = *platform::Event::create();
  ASSERT_TRUE(poller.add(event.native(), 7));
  for (int i = 0; i < 50; ++i) {
    std::thread raiser([&] { event.signal(); });
    std::array<std::uint64_t, 1> keys{};
    EXPECT_EQ(*poller.wait(keys, 5s), 1U);
    raiser.join();
    event.clear();
    EXPECT_EQ(*poller.wait(keys, 0ms), 0U);
  }
}

TEST(PlatformFutex, SleepersOfTwoMappingsAreWoken) {
  auto made = *platform::create_read_only_shared_memory(70000);
  platform::futex_prepare(made.memory);
  auto seen = *platform::map_shared_memory_for_reading(made.handle.get(), 70000);
  auto* word = ::new (static_cast<void*>(made.memory.bytes().data() + 64)) std::atomic<std::uint32_t>(0);
  const auto* same = std::launder(reinterpret_cast<const std::atomic<std::uint32_t>*>(seen.bytes().data() + 64));
  std::atomic<bool> timed_out{false};
  for (std::uint32_t round = 0; round < 30; ++round) {
    std::atomic<int> woken{0};
    std::vector<std::thread> sleepers;
    for (int i = 0; i < 3; ++i) {
      sleepers.emplace_back([&] {
        const auto end = Clock::now() + 10s;
        while (same->load() == round && Clock::now() < end) {
          if (!platform::futex_wait(*same, round, 10s)) timed_out = true;
        }
        timed_out = timed_out || Clock::now() >= end;
        ++woken;
      });
    }
    if (round % 3 == 0) std::this_thread::sleep_for(5ms);
    word->store(round + 1);
    platform::futex_wake_all(*word);
    for (std::thread& sleeper : sleepers) sleeper.join();
    EXPECT_EQ(woken, 3);
  }
  EXPECT_FALSE(timed_out);
}

TEST(PlatformFutex, WaitsAreBoundedAndOneOfManyWordsIsEnough) {
  auto memory = *platform::map_shared_memory(platform::create_shared_memory(384)->get(), 384);
  platform::futex_prepare(memory);
  auto* words = ::new (static_cast<void*>(memory.bytes().data())) std::atomic<std::uint32_t>[2] { 0, 0 };
  auto begun = Clock::now();
  EXPECT_TRUE(platform::futex_wait(words[0], 0, 20ms));
  EXPECT_LT(Clock::now() - begun, 2s);
  EXPECT_TRUE(platform::futex_wait(words[0], 1, 10s));
  EXPECT_LT(Clock::now() - begun, 4s) << "another value is no reason to sleep";
  const std::array<platform::FutexWord, 2> both{platform::FutexWord{&words[0], 0}, {&words[1], 0}};
  std::thread waker([&] {
    std::this_thread::sleep_for(20ms);
    words[1].store(1);
    platform::futex_wake_all(words[1]);
  });
  begun = Clock::now();
  while (words[1].load() == 0 && Clock::now() - begun < 10s) EXPECT_TRUE(platform::futex_wait_any(both, 10s));
  EXPECT_LT(Clock::now() - begun, 5s);
  waker.join();
  begun = Clock::now();
  EXPECT_TRUE(platform::futex_wait_any({}, 10s));
  EXPECT_LT(Clock::now() - begun, 2s);
}

class PlatformFiles : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return directory_ + "/" + name; }
  std::string directory_ = make_private_directory();
};

TEST_F(PlatformFiles, ALockIsHeldByOne) {
  const std::size_t before = open_descriptors();
  {
    auto lock = platform::FileLock::acquire(at("one.lock"));
    ASSERT_TRUE(lock) << lock.error().to_string();
    const std::string facts = "facts";
    ASSERT_TRUE(lock->write(std::as_bytes(std::span(facts))));
    EXPECT_EQ(platform::FileLock::acquire(at("one.lock")).error().code(), ErrorCode::busy);
    EXPECT_TRUE(*platform::FileLock::is_held(at("one.lock")));
    EXPECT_EQ(platform::read_file(at("one.lock"), 100)->size(), 5U);
    EXPECT_EQ(platform::read_file(at("one.lock"), 4).error().code(), ErrorCode::operating_system);
    EXPECT_EQ(platform::list_directory(directory_, ".lock")->size(), 1U);
    platform::FileLock moved = *std::move(lock);
    EXPECT_TRUE(moved.is_held());
    EXPECT_TRUE(*platform::FileLock::is_held(at("one.lock")));
  }
  EXPECT_EQ(platform::FileLock::is_held(at("one.lock")).error().code(), ErrorCode::not_available);
  EXPECT_TRUE(platform::list_directory(directory_, "")->size() <= 2U) << ". and .. at most";
  EXPECT_TRUE(platform::FileLock::acquire(at("one.lock")));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(PlatformFiles, AreReplacedWhole) {
  const std::string first = "first";
  const std::string second = "the second one";
  ASSERT_TRUE(platform::replace_file(at("note"), std::as_bytes(std::span(first))));
  ASSERT_TRUE(platform::replace_file(at("note"), std::as_bytes(std::span(second))));
  EXPECT_EQ(platform::read_file(at("note"), 100)->size(), second.size());
  EXPECT_TRUE(is_private(directory_));
  platform::remove_file(at("note"));
  EXPECT_EQ(platform::read_file(at("note"), 100).error().code(), ErrorCode::not_available);
  EXPECT_EQ(platform::read_file(directory_, 100).error().code(), ErrorCode::operating_system);
}

TEST_F(PlatformFiles, AWatchSeesThemComeAndGo) {
  auto watch = platform::DirectoryWatch::create(directory_);
  ASSERT_TRUE(watch) << watch.error().to_string();
  EXPECT_FALSE(*watch->drain());
  {
    auto lock = platform::FileLock::acquire(at("one.lock"));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(wait_readable(watch->native(), 2000ms));
    EXPECT_TRUE(*watch->drain());
    EXPECT_FALSE(wait_readable(watch->native(), 50ms));
    EXPECT_FALSE(*watch->drain());
    EXPECT_TRUE(*platform::FileLock::is_held(at("one.lock")));
    EXPECT_FALSE(wait_readable(watch->native(), 50ms)) << "looking is no change";
  }
  EXPECT_TRUE(wait_readable(watch->native(), 2000ms));
  EXPECT_TRUE(*watch->drain());
  EXPECT_FALSE(platform::DirectoryWatch::create(at("missing")));
}

TEST_F(PlatformFiles, ADirectoryIsMadeForThisUser) {
  EXPECT_TRUE(platform::prepare_directory(at("new")));
  EXPECT_TRUE(platform::prepare_directory(at("new"))) << "and kept";
  EXPECT_TRUE(is_private(at("new")));
  EXPECT_FALSE(platform::prepare_directory(at("missing/deeper")));
  EXPECT_FALSE(platform::runtime_directory_path().empty());
}

}  // namespace
}  // namespace geyser::test
