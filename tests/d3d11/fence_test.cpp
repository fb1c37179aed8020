// Fences of Direct3D 11 on the stand-in, on the device and on the CPU.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "d3d11/sharing.hpp"
#include "platform/event.hpp"
#include "platform/win32/error.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class Fences : public Sharing {};

TEST_F(Fences, FencesAreWaitedForAndSignalledByTheDevice) {
  share(FenceKind::d3d12_fence);
  const auto [made, opened] = fence();
  EXPECT_EQ(d3d11::native(*source_)->keyed_mutex, nullptr);
  ASSERT_TRUE(source_->set_signal_fence(made));
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  auto state = source_->end_access(*std::move(write));
  ASSERT_TRUE(state);
  // A signal that is not flushed may stay with the CPU for ever.
  EXPECT_EQ(stand_in::take_calls(), (Calls{"Signal(1)", "Flush"}));
  auto read = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"Wait(1)"}));
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
  EXPECT_EQ(destination_->statistics().gpu_waits, 1U);
  EXPECT_EQ(source_->statistics().host_waits, 0U);
  EXPECT_EQ(*opened->completed_value(), 1U);
}

TEST_F(Fences, ADeviceThatWaitsForAFenceDoesNotHoldTheProgram) {
  share(FenceKind::d3d12_fence);
  const auto [made, opened] = fence();
  AccessState promised = written();
  ASSERT_TRUE(promised.writer.add({made, 1}));
  destination_->set_wait_timeout(60ms);
  const auto begun = Clock::now();
  AccessState seen;
  seen.initialized = true;
  ASSERT_TRUE(seen.writer.add({opened, 1}));
  auto read = destination_->begin_access(AccessMode::read, seen);
  ASSERT_TRUE(read) << read.error().to_string();
  // Without a fence of its own the end waits for the device, which waits: for a time.
  auto ended = destination_->end_access(*std::move(read));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::timeout) << ended.error().to_string();
  EXPECT_LT(Clock::now() - begun, 3s);
  ASSERT_TRUE(made->signal(1));
  read = destination_->begin_access(AccessMode::read, seen);
  ASSERT_TRUE(read);
  EXPECT_TRUE(destination_->end_access(*std::move(read)));
}

TEST_F(Fences, FencesAreTimelinesOfTheCpuToo) {
  const auto [made, opened] = fence();
  EXPECT_EQ(*opened->completed_value(), 0U);
  const auto begun = Clock::now();
  EXPECT_EQ(opened->wait(1, 30ms).error().code(), ErrorCode::timeout);
  EXPECT_LT(Clock::now() - begun, 2s);
  std::thread signaller([&fence = *made] {
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(fence.signal(5));
  });
  auto woken = opened->wait(5, 2s);
  signaller.join();
  EXPECT_TRUE(woken) << woken.error().to_string();
  EXPECT_EQ(*opened->completed_value(), 5U);
  EXPECT_EQ(made->signal(5).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(opened->next_value(), 6U);
  ASSERT_TRUE(d3d11::native(*a_->manager, *made));
  EXPECT_EQ(d3d11::native(*b_->manager, *opened).has_value(), true);
  auto stranger = a_->manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(stranger);
  EXPECT_EQ(d3d11::native(*a_->manager, **stranger).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Fences, WaitsInVainArmOneEventAndLeaveNothing) {
  std::size_t after_first = 0;
  for (int round = 0; round < 3; ++round) {
    const auto made = *a_->manager->create_fence(FenceKind::d3d12_fence);
    EXPECT_EQ(made->wait(1, 0ms).error().code(), ErrorCode::timeout);
    EXPECT_EQ(made->wait(1, 1ms).error().code(), ErrorCode::timeout);
    const std::size_t armed = open_descriptors();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(made->wait(1, 1ms).error().code(), ErrorCode::timeout);
    EXPECT_EQ(open_descriptors(), armed);
    EXPECT_EQ(stand_in::take_calls(), (Calls{"CreateFence", "SetEventOnCompletion(1)"}));
    ASSERT_TRUE(made->signal(1));
    // Its event serves again when it is free; what it was set for is not taken for what it is armed with now.
    EXPECT_EQ(made->wait(2, 20ms).error().code(), ErrorCode::timeout);
    EXPECT_EQ(stand_in::take_calls(), (Calls{"Signal(1)", "Flush", "SetEventOnCompletion(2)"}));
    if (round == 0) continue;
    if (round == 1) after_first = armed;
    EXPECT_EQ(armed, after_first) << "of the fence before nothing is left";
  }
}

TEST_F(Fences, ALateValueWakesNobodyElse) {
  const auto made = *a_->manager->create_fence(FenceKind::d3d12_fence);
  EXPECT_EQ(made->wait(1, 5ms).error().code(), ErrorCode::timeout);
  // Whatever was closed has its number given away again.
  std::vector<platform::Event> others;
  for (int i = 0; i < 64; ++i) others.push_back(platform::Event::create().value());
  ASSERT_TRUE(made->signal(1));
  std::this_thread::sleep_for(50ms);  // the fence sets what was armed
  for (const platform::Event& other : others) {
    const DWORD woken = ::WaitForSingleObject(platform::handle_of(other.native()), 0);
    EXPECT_EQ(woken, static_cast<DWORD>(WAIT_TIMEOUT)) << other.native();
  }
  EXPECT_TRUE(made->wait(1, 5s));
}

TEST_F(Fences, SeveralThreadsWaitEachForAValueOfItsOwn) {
  const auto made = *a_->manager->create_fence(FenceKind::d3d12_fence);
  std::vector<std::thread> waiting;
  for (std::uint64_t value = 1; value <= 4; ++value) {
    waiting.emplace_back([&fence = *made, value] {
      const auto woken = fence.wait(value, 10s);
      EXPECT_TRUE(woken) << woken.error().to_string();
      EXPECT_GE(*fence.completed_value(), value);
    });
  }
  for (std::uint64_t value = 1; value <= 4; ++value) {
    std::this_thread::sleep_for(10ms);
    EXPECT_TRUE(made->signal(value));
  }
  for (std::thread& thread : waiting) thread.join();
}

TEST_F(Fences, AFenceOfAnotherDeviceIsAskedFor) {
  share(FenceKind::d3d12_fence);
  auto foreign = a_->manager->create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(foreign);
  EXPECT_EQ(destination_->set_signal_fence(*foreign).error().code(), ErrorCode::invalid_argument);
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({*foreign, 1}));
  auto read = destination_->begin_access(AccessMode::read, state);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::unsupported) << read.error().to_string();
}

}  // namespace
}  // namespace geyser::test
