// A row of sync files. An eventfd stands for one here: to a CPU it is the same, readable once it is signalled, and the
// preloaded stand-in says that it is one.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include <geyser/host.hpp>

#include "platform/event.hpp"
#include "platform/shared_memory.hpp"
#include "platform/sync_file_fence.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using platform::Event;
using platform::SyncFileFence;

OwnedHandle handle_of(const Event& event) { return *OwnedHandle::duplicate(HandleKind::sync_file, event.native()); }

template <typename T>
ErrorCode code(const Result<T>& result) {
  return result ? ErrorCode{} : result.error().code();
}

TEST(SyncFileFence, IsReachedWhenItsSyncFileIs) {
  SyncFileFence fence(0, 0);
  auto event = *Event::create();
  ASSERT_TRUE(fence.put(1, handle_of(event)));
  EXPECT_EQ(fence.completed_value(), 0U);
  EXPECT_EQ(code(fence.wait(1, 5ms)), ErrorCode::timeout);
  event.signal();
  EXPECT_EQ(fence.completed_value(), 1U);
  EXPECT_TRUE(fence.wait(1, 0ns));
  EXPECT_FALSE(fence.get(1)->has_value()) << "reached: nothing to wait for";
}

TEST(SyncFileFence, WakesAWaiter) {
  SyncFileFence fence(0, 0);
  auto event = *Event::create();
  ASSERT_TRUE(fence.put(1, handle_of(event)));
  std::thread late([&] {
    std::this_thread::sleep_for(50ms);
    event.signal();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(fence.wait(1, 5s));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 45ms);
  late.join();
}

TEST(SyncFileFence, GivesTheFirstThatIsLateEnough) {
  SyncFileFence fence(0, 0);
  std::vector<Event> events;
  for (std::uint64_t i = 0; i < 3; ++i) {
    events.push_back(*Event::create());
    ASSERT_TRUE(fence.put(10 * (i + 1), handle_of(events.back())));
  }
  events[1].signal();
  EXPECT_EQ(code(fence.wait(10, 0ns)), ErrorCode::timeout);
  EXPECT_TRUE(fence.wait(20, 0ns));
  EXPECT_TRUE(fence.wait(10, 0ns)) << "a later signal stands for the earlier ones";
  EXPECT_EQ(code(fence.wait(21, 0ns)), ErrorCode::timeout);
  const auto missing = fence.wait(31, 0ns);
  EXPECT_EQ(code(missing), ErrorCode::invalid_argument);
  EXPECT_NE(missing.error().message().find("has not arrived"), std::string::npos) << missing.error().to_string();
}

TEST(SyncFileFence, AnEmptyOneIsReachedWithAllBefore) {
  SyncFileFence fence(0, 0);
  auto event = *Event::create();
  ASSERT_TRUE(fence.put(1, handle_of(event)));
  ASSERT_TRUE(fence.signal(2));
  EXPECT_EQ(fence.completed_value(), 2U);
  EXPECT_EQ(code(fence.signal(2)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(fence.put(1, {})), ErrorCode::invalid_argument);
}

TEST(SyncFileFence, KeepsFewDescriptors) {
  const std::size_t before = open_descriptors();
  {
    SyncFileFence fence(0, 0);
    auto event = *Event::create();
    for (std::uint64_t value = 1; value <= 1000; ++value) ASSERT_TRUE(fence.put(value, handle_of(event)));
    EXPECT_LE(open_descriptors(), before + 1 + 8);
    EXPECT_EQ(code(fence.wait(1, 0ns)), ErrorCode::timeout) << "a forgotten one is waited for by a later one";
    event.signal();
    EXPECT_EQ(fence.completed_value(), 1000U);
    EXPECT_EQ(open_descriptors(), before + 1);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SyncFileFence, TravelsPointByPoint) {
  auto here = platform::create_sync_file_fence();
  auto there = *platform::import_sync_file_fence(*here->export_handle());
  EXPECT_EQ(there->id(), here->id());
  auto event = *Event::create();
  ASSERT_TRUE(static_cast<SyncFileFence&>(*here).put(here->next_value(), handle_of(event)));
  EXPECT_EQ(code(there->wait(1, 0ns)), ErrorCode::invalid_argument);
  ASSERT_TRUE(there->update(*here->export_handle()));
  EXPECT_EQ(code(there->wait(1, 0ns)), ErrorCode::timeout);
  event.signal();
  EXPECT_TRUE(there->wait(1, 0ns));
  ASSERT_TRUE(there->update(*here->export_handle())) << "known already: no error";
  // One that is imported late knows what it came with.
  auto late = *platform::import_sync_file_fence(*here->export_handle());
  EXPECT_TRUE(late->wait(1, 0ns));
}

TEST(SyncFileFence, RefusesWhatIsNotItsOwn) {
  auto fence = platform::create_sync_file_fence();
  auto other = platform::create_sync_file_fence();
  ASSERT_TRUE(other->signal(1));
  EXPECT_EQ(code(fence->update(*other->export_handle())), ErrorCode::invalid_handle);
  EXPECT_EQ(code(fence->update({FenceKind::host_timeline, fence->id(), 3, {}})), ErrorCode::invalid_handle);
  EXPECT_EQ(code(fence->update({FenceKind::sync_file, fence->id(), 1ULL << 63U, {}})), ErrorCode::invalid_handle);
  EXPECT_EQ(code(platform::import_sync_file_fence({FenceKind::sync_file, 0, 0, {}})), ErrorCode::invalid_handle);
  auto host = host::create_manager();
  auto counter = *(*host)->create_fence(FenceKind::host_timeline);
  EXPECT_EQ(code(counter->update(*counter->export_handle())), ErrorCode::unsupported);
  EXPECT_EQ(code((*host)->import_fence({FenceKind::host_timeline, 3, 0, {}})), ErrorCode::invalid_handle)
      << "only a sync file may be empty";
  EXPECT_TRUE((*host)->import_fence({FenceKind::sync_file, 3, 0, {}}));
}

TEST(SyncFileFence, RefusesWhatIsNoSyncFile) {
  auto fence = platform::create_sync_file_fence();
  auto memory = *platform::create_shared_memory(4096);
  const auto handle = [&](FenceId id) {
    return FenceHandle{FenceKind::sync_file, id, 1,
                       OwnedHandle::adopt(HandleKind::sync_file, memory.duplicate()->detach())};
  };
  const std::size_t before = open_descriptors();
  EXPECT_EQ(code(fence->update(handle(fence->id()))), ErrorCode::invalid_handle);
  EXPECT_EQ(code(platform::import_sync_file_fence(handle(9))), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(fence->completed_value(), 0U);
}

// The host waits on its CPU and signals what has been.
TEST(SyncFileFence, ServesTheHost) {
  auto manager = *host::create_manager();
  TextureDescriptor descriptor;
  descriptor.extent = {4, 4, 1};
  auto texture = *manager->create_texture(descriptor, HandleKind::host_memory);
  auto own = *manager->create_fence(FenceKind::sync_file);
  ASSERT_TRUE(texture->set_signal_fence(own));
  auto theirs = platform::create_sync_file_fence();
  auto event = *Event::create();
  ASSERT_TRUE(static_cast<SyncFileFence&>(*theirs).put(1, handle_of(event)));
  AccessState state;
  state.initialized = true;
  state.serial = 1;
  ASSERT_TRUE(state.writer.add({theirs, 1}));
  texture->set_wait_timeout(1ms);
  EXPECT_EQ(code(texture->begin_access(AccessMode::read, state)), ErrorCode::timeout);
  event.signal();
  auto read = texture->begin_access(AccessMode::read, state);
  ASSERT_TRUE(read) << read.error().to_string();
  state = *texture->end_access(*std::move(read));
  ASSERT_EQ(state.readers.size(), 1U);
  EXPECT_FALSE((*own->export_handle()).handle.has_value());
  EXPECT_EQ((*own->export_handle()).value, 1U);
}

}  // namespace
}  // namespace geyser::test
