// Sync files between Vulkan devices: a signal that comes late, one that never comes, and many. Drivers in software have
// finished whatever they export, so that a chain of their own sync files would hide a missing wait: an eventfd that is
// not ready stands for a fence that is not signalled, which Mesa waits for just so, by poll(). Runs with the stand-in
// for /dev/udmabuf preloaded.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include <geyser/host.hpp>
#include <geyser/vulkan.hpp>

#include "platform/drm_syncobj.hpp"
#include "platform/event.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/watched_vulkan.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/manager.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using platform::Event;

bool has_sync_files(const Capabilities& capabilities) {
  return std::any_of(capabilities.fences.begin(), capabilities.fences.end(), [](const FenceCapability& row) {
    return row.kind == FenceKind::sync_file && row.exportable && row.importable && row.gpu_wait;
  });
}

class SyncFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"mesa25", "vulkan"}) {
      if (name == std::string("mesa25") && driver_manifest(name) == nullptr) continue;
      auto first = make_end(name);
      ASSERT_TRUE(first) << first.error().to_string();
      if (!has_sync_files((*first)->manager().capabilities())) continue;
      auto second = make_end(name);
      ASSERT_TRUE(second) << second.error().to_string();
      from_ = std::move(*first);
      to_ = std::move(*second);
      return;
    }
  }
  static void TearDownTestSuite() {
    from_.reset();
    to_.reset();
  }
  void SetUp() override {
    if (from_ == nullptr) {
      if (driver_manifest("mesa25") != nullptr) FAIL() << "Mesa 25 is there, but has no sync files";
      std::printf("NOT RUN: no Vulkan driver here has sync files; ./dev drivers unpacks one on Debian 12\n");
      GTEST_SKIP();
    }
    descriptor_.extent = {45, 29, 1};
    const auto agreement = negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities());
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    texture_ = *from_->manager().create_texture(descriptor_, *agreement);
    imported_ = *to_->manager().import_shared_texture(*from_->manager().export_texture(*texture_));
    state_ = write(1);
  }
  void TearDown() override {
    texture_.reset();
    imported_.reset();
    for (End* end : {from_.get(), to_.get()}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << complaint;
      end->complaints.clear();
    }
  }

  // By the producer, who waits for its own device.
  AccessState write(std::uint32_t seed) {
    auto access = texture_->begin_access(AccessMode::discard, state_);
    EXPECT_TRUE(access) << access.error().to_string();
    EXPECT_TRUE(from_->fill(*texture_, make_pattern(descriptor_, seed)));
    return *texture_->end_access(*std::move(access));
  }
  void expect_pattern(std::uint32_t seed) {
    auto actual = to_->read(*imported_);
    ASSERT_TRUE(actual) << actual.error().to_string();
    EXPECT_EQ(difference(descriptor_, make_pattern(descriptor_, seed), *actual), "");
  }
  // A fence of the producer's, seen from the consumer's device, whose value 1 is reached when `event` is.
  static std::shared_ptr<SharedFence> late_fence(const Event& event) {
    auto fence = to_->manager().import_fence(
        {FenceKind::sync_file, 77, 1, *OwnedHandle::duplicate(HandleKind::sync_file, event.native())});
    EXPECT_TRUE(fence) << fence.error().to_string();
    return *std::move(fence);
  }
  AccessState after(std::shared_ptr<SharedFence> fence, std::uint64_t value = 1) const {
    AccessState state = state_;
    EXPECT_TRUE(state.writer.add({std::move(fence), value}));
    return state;
  }
  static vulkan::Device& device_of(End& end) { return *static_cast<vulkan::VulkanManager&>(end.manager()).device(); }
  static std::size_t settled_descriptors() {
    for (End* end : {from_.get(), to_.get()}) EXPECT_TRUE(end->settle());
    return open_descriptors();
  }

  static inline std::unique_ptr<End> from_;
  static inline std::unique_ptr<End> to_;
  TextureDescriptor descriptor_;
  std::unique_ptr<SharedTexture> texture_;
  std::unique_ptr<SharedTexture> imported_;
  AccessState state_;
};

TEST_F(SyncFiles, AreWhatTwoDevicesWithoutOpaqueFencesAgreeOn) {
  NegotiationPolicy policy;
  policy.allow_opaque = false;
  const auto agreement = negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities(), policy);
  ASSERT_TRUE(agreement);
  EXPECT_NE(agreement->path, SharePath::host_copy);
  // Where a DRM node is, both reach a timeline by them.
  EXPECT_EQ(agreement->fence_kind, platform::has_drm_syncobjs() ? FenceKind::drm_syncobj : FenceKind::sync_file);
}

TEST_F(SyncFiles, ALateOneIsWaitedForByTheDeviceAndNotByTheCpu) {
  auto event = *Event::create();
  const auto began = Clock::now();
  auto access = imported_->begin_access(AccessMode::read, after(late_fence(event)));
  EXPECT_LT(Clock::now() - began, 1s) << "nobody has signalled: begin_access() would wait for ever";
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(imported_->statistics().host_waits, 0U);
  EXPECT_EQ(imported_->statistics().gpu_waits, 1U);
  // What is submitted now comes after it.
  const auto ticket = device_of(*to_).submit({}, {}, nullptr);
  ASSERT_TRUE(ticket);
  const auto early = device_of(*to_).wait(*ticket, 100ms);
  ASSERT_FALSE(early) << "done before the sync file is signalled";
  EXPECT_EQ(early.error().code(), ErrorCode::timeout);
  event.signal();
  EXPECT_TRUE(device_of(*to_).wait(*ticket, 10s));
  EXPECT_TRUE(imported_->end_access(*std::move(access)));
}

TEST_F(SyncFiles, WhatIsReadIsWhatWasWrittenBeforeTheSignal) {
  auto event = *Event::create();
  auto access = imported_->begin_access(AccessMode::read, after(late_fence(event)));
  ASSERT_TRUE(access) << access.error().to_string();
  std::thread reader([&] { expect_pattern(2); });
  std::this_thread::sleep_for(60ms);  // long enough to have read the old picture
  state_ = write(2);
  event.signal();
  reader.join();
  EXPECT_TRUE(imported_->end_access(*std::move(access)));
}

TEST_F(SyncFiles, OneSubmissionWaitsAndSignals) {
  auto& device = static_cast<vulkan::VulkanManager&>(to_->manager()).device();
  const auto recorded = vulkan::Commands::record(device, [&](VkCommandBuffer buffer) {
    EXPECT_TRUE(vulkan::record_acquire(*imported_, AccessMode::read, buffer));
    EXPECT_TRUE(vulkan::record_release(*imported_, buffer));
  });
  ASSERT_TRUE(recorded);
  const VkCommandBuffer commands = recorded->buffer();
  auto done = *to_->manager().create_fence(FenceKind::sync_file);
  ASSERT_TRUE(imported_->set_signal_fence(done));
  std::uint64_t value = 0;
  for (const bool is_recorded : {false, true}) {
    SCOPED_TRACE(is_recorded);
    auto event = *Event::create();
    const AccessState state = after(late_fence(event));
    // lavapipe gives a sync file only of what it has finished: the call lasts until the signal.
    std::atomic<bool> signalled = false;
    std::thread late([&] {
      std::this_thread::sleep_for(60ms);
      signalled = true;
      event.signal();
    });
    auto ended = is_recorded ? vulkan::submit_recorded_access(*imported_, AccessMode::read, state, {&commands, 1})
                             : vulkan::submit_access(*imported_, AccessMode::read, state, {});
    EXPECT_TRUE(ended) << ended.error().to_string();
    ++value;
    EXPECT_TRUE(done->wait(value, 10s));
    EXPECT_TRUE(signalled) << "done before the sync file was signalled";
    late.join();
    ASSERT_EQ(ended->readers.size(), 1U);
    EXPECT_EQ(ended->readers.begin()->fence->id(), done->id());
    EXPECT_EQ(ended->readers.begin()->value, value);
  }
  EXPECT_EQ(imported_->statistics().host_waits, 0U);
}

TEST_F(SyncFiles, OneThatNeverComesEndsEachWait) {
  auto event = *Event::create();
  auto fence = late_fence(event);
  const auto on_cpu = fence->wait(1, 30ms);
  ASSERT_FALSE(on_cpu);
  EXPECT_EQ(on_cpu.error().code(), ErrorCode::timeout);
  imported_->set_wait_timeout(50ms);
  auto access = imported_->begin_access(AccessMode::read, after(fence));
  ASSERT_TRUE(access) << access.error().to_string();
  const auto began = Clock::now();
  const auto ended = imported_->end_access(*std::move(access));
  EXPECT_LT(Clock::now() - began, 5s);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::timeout) << ended.error().to_string();
  event.signal();
  EXPECT_TRUE(to_->settle());
}

TEST_F(SyncFiles, OneThatHasNotArrivedIsAnErrorAndLeavesNothing) {
  auto event = *Event::create();
  auto late = late_fence(event);
  auto other = *to_->manager().import_fence({FenceKind::sync_file, 78, 1, {}});
  const std::size_t before = settled_descriptors();
  AccessState state = after(late);
  ASSERT_TRUE(state.writer.add({other, 2}));
  for (int i = 0; i < 20; ++i) {
    const auto access = imported_->begin_access(AccessMode::read, state);
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), ErrorCode::invalid_argument);
    EXPECT_NE(access.error().message().find("has not arrived"), std::string::npos) << access.error().to_string();
  }
  EXPECT_EQ(settled_descriptors(), before);
  ASSERT_TRUE(other->update({FenceKind::sync_file, 78, 2, {}}));
  event.signal();
  auto access = imported_->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(imported_->statistics().gpu_waits, 1U) << "an empty one is not waited for";
  expect_pattern(1);
  EXPECT_TRUE(imported_->end_access(*std::move(access)));
}

TEST_F(SyncFiles, AThousandLeaveNothingBehind) {
  auto written = *from_->manager().create_fence(FenceKind::sync_file);
  auto written_there = *to_->manager().import_fence(*written->export_handle());
  auto consumed = *to_->manager().create_fence(FenceKind::sync_file);
  auto consumed_there = *from_->manager().import_fence(*consumed->export_handle());
  ASSERT_TRUE(texture_->set_signal_fence(written));
  ASSERT_TRUE(imported_->set_signal_fence(consumed));
  const auto access = [](SharedTexture& texture, AccessMode mode, const AccessState& state) {
    auto token = texture.begin_access(mode, state);
    EXPECT_TRUE(token) << token.error().to_string();
    auto ended = texture.end_access(*std::move(token));
    EXPECT_TRUE(ended) << ended.error().to_string();
    return *std::move(ended);
  };
  // As if it had come by a channel: the points are of the receiver's objects.
  const auto send = [](const AccessState& state, const std::shared_ptr<SharedFence>& fence,
                       const std::shared_ptr<SharedFence>& there) {
    EXPECT_TRUE(there->update(*fence->export_handle()));
    return state;
  };
  std::size_t before = 0;
  for (int i = 0; i < 1050; ++i) {
    if (i == 50) before = settled_descriptors();
    state_ = send(access(*texture_, AccessMode::write, state_), written, written_there);
    ASSERT_EQ(state_.writer.size(), 1U);
    // Found by id where the device has an object of its own; a fence of this kind is its own everywhere.
    state_.writer.clear();
    ASSERT_TRUE(state_.writer.add({written_there, static_cast<std::uint64_t>(i) + 1}));
    state_ = send(access(*imported_, AccessMode::read, state_), consumed, consumed_there);
    state_.readers.clear();
    ASSERT_TRUE(state_.readers.add({consumed_there, static_cast<std::uint64_t>(i) + 1}));
  }
  EXPECT_EQ(settled_descriptors(), before);
  EXPECT_EQ(imported_->statistics().host_waits, 0U);
  // Mesa 26 without udmabuf exports -1 only: there is nothing to wait for.
  EXPECT_EQ(imported_->statistics().gpu_waits, written->export_handle()->handle.has_value() ? 1050U : 0U);
}

// Of a device whose entry points are watched.
TEST_F(SyncFiles, SemaphoresAreUsedAgain) {
  const auto native = vulkan::native(to_->manager());
  const auto requirements =
      vulkan::device_requirements(native->instance, native->physical_device, native->get_instance_proc_addr);
  vulkan::WrapOptions options;
  options.get_instance_proc_addr = watch_vulkan(native->get_instance_proc_addr);
  options.instance = native->instance;
  options.physical_device = native->physical_device;
  options.device = native->device;
  options.queue = native->queue;
  options.queue_family = native->queue_family;
  options.enabled_extensions = requirements->extensions;
  options.timeline_semaphore_enabled = requirements->timeline_semaphore;
  auto manager = vulkan::wrap_device(options);
  ASSERT_TRUE(manager) << manager.error().to_string();
  auto texture = *(*manager)->create_texture(descriptor_, HandleKind::opaque_fd);
  auto fence = *(*manager)->create_fence(FenceKind::sync_file);
  ASSERT_TRUE(texture->set_signal_fence(fence));
  AccessState state;
  std::size_t warm = 0;
  for (int i = 0; i < 1050; ++i) {
    if (i == 50) warm = semaphores_created();
    auto access = texture->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto ended = texture->end_access(*std::move(access));
    ASSERT_TRUE(ended) << ended.error().to_string();
    state = *std::move(ended);
  }
  EXPECT_GE(warm, 2U);
  EXPECT_EQ(semaphores_created(), warm);
}

}  // namespace
}  // namespace geyser::test
