// The keyed mutex of Direct3D 11 on the stand-in: when it is held, and what becomes of it when something goes wrong.
#include <gtest/gtest.h>

#include <chrono>

#include "d3d11/sharing.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr auto wait_timeout_result = static_cast<HRESULT>(WAIT_TIMEOUT);
constexpr auto wait_abandoned_result = static_cast<HRESULT>(WAIT_ABANDONED);

class KeyedMutex : public Sharing {};

TEST_F(KeyedMutex, TheKeyedMutexIsHeldInsideAnAccess) {
  share(FenceKind::host_timeline);
  ASSERT_NE(d3d11::native(*source_)->keyed_mutex, nullptr);
  ASSERT_NE(d3d11::native(*destination_)->keyed_mutex, nullptr);
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  destination_->set_wait_timeout(40ms);
  const auto begun = Clock::now();
  auto early = destination_->begin_access(AccessMode::read, written());
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), ErrorCode::timeout) << early.error().to_string();
  EXPECT_GE(Clock::now() - begun, 40ms);
  EXPECT_LT(Clock::now() - begun, 3s);
  stand_in::take_calls();
  auto state = source_->end_access(*std::move(write));
  ASSERT_TRUE(state);
  const Calls calls = stand_in::take_calls();
  ASSERT_GE(calls.size(), 2U);
  EXPECT_EQ(calls[0], "ReleaseSync(0)");
  EXPECT_EQ(calls[1], "Flush");
  auto read = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  auto again = destination_->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
  for (const std::string& call : stand_in::take_calls()) EXPECT_NE(call, "ReleaseSync(0)");
  ASSERT_TRUE(destination_->end_access(*std::move(again)));
  EXPECT_EQ(stand_in::take_calls().at(0), "ReleaseSync(0)");
}

TEST_F(KeyedMutex, TheMutexIsAskedForAfterTheFencesOfTheCpu) {
  share(FenceKind::host_timeline);
  auto fence = a_->manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  AccessState promised = written();
  ASSERT_TRUE(promised.writer.add({*fence, 1}));
  destination_->set_wait_timeout(30ms);
  auto read = destination_->begin_access(AccessMode::read, promised);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::timeout);
  // Who waits for a writer must not keep it out.
  EXPECT_EQ(stand_in::take_calls(), Calls{});
  ASSERT_TRUE(source_->begin_access(AccessMode::discard, {}));
  ASSERT_EQ(a_->said.size(), 1U);  // the dropped access
  a_->said.clear();
}

TEST_F(KeyedMutex, CodesThatCountAsSuccessDoNotHoldTheMutex) {
  share(FenceKind::host_timeline);
  for (const HRESULT code : {wait_timeout_result, static_cast<HRESULT>(0x087a0001), E_FAIL}) {
    stand_in::answer_next("AcquireSync", code);
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), code == wait_timeout_result ? ErrorCode::timeout : ErrorCode::operating_system);
    EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
  }
  auto access = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_TRUE(source_->end_access(*std::move(access)));
}

TEST_F(KeyedMutex, AnAbandonedMutexStaysSo) {
  share(FenceKind::host_timeline);
  stand_in::answer_next("AcquireSync", wait_abandoned_result);
  for (int i = 0; i < 2; ++i) {
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_FALSE(access);
    EXPECT_EQ(access.error().code(), ErrorCode::abandoned) << access.error().to_string();
    EXPECT_EQ(access.error().native().name, "WAIT_ABANDONED");
  }
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)"}));
}

TEST_F(KeyedMutex, WhatFailsAfterTheMutexLetsItGo) {
  share(FenceKind::host_timeline);
  const auto [made, opened] = fence();
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({opened, 0}));
  stand_in::answer_next("Wait", E_FAIL);
  auto read = destination_->begin_access(AccessMode::read, state);
  ASSERT_FALSE(read);
  EXPECT_EQ(stand_in::take_calls(), (Calls{"AcquireSync(0)", "Wait(0)", "ReleaseSync(0)"}));
  stand_in::answer_next("ReleaseSync", E_FAIL);
  auto write = source_->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  auto ended = source_->end_access(*std::move(write));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::operating_system);
}

TEST_F(KeyedMutex, AnAccessThatIsDroppedLetsTheMutexGo) {
  share(FenceKind::host_timeline);
  {
    auto access = source_->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access);
  }
  EXPECT_EQ(a_->said.size(), 1U);
  a_->said.clear();
  destination_->set_wait_timeout(40ms);
  auto read = destination_->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(destination_->end_access(*std::move(read)));
}

TEST_F(KeyedMutex, AParcelSaysWhetherThereIsAKeyedMutex) {
  for (const FenceKind kind : {FenceKind::host_timeline, FenceKind::d3d12_fence}) {
    share(kind);
    EXPECT_EQ(destination_->layout(), source_->layout());
    auto parcel = a_->manager->export_texture(*source_);
    ASSERT_TRUE(parcel);
    EXPECT_EQ(parcel->layout.keyed_mutex, kind == FenceKind::host_timeline);
    EXPECT_TRUE(parcel->layout.dedicated);
    parcel->layout.keyed_mutex = !parcel->layout.keyed_mutex;
    auto lied = b_->manager->import_shared_texture(*std::move(parcel));
    ASSERT_FALSE(lied);
    EXPECT_EQ(lied.error().code(), ErrorCode::incompatible_layout) << lied.error().to_string();
  }
}

}  // namespace
}  // namespace geyser::test
