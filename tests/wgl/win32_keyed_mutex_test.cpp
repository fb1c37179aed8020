// Keyed mutexes of Direct3D 11's textures in OpenGL.
#include "support/pattern.hpp"
#include "wgl/win32_opengl.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TEST_F(Win32OpenGl, AKeyedMutexIsHeldDuringAnAccess) {
  const Section section(texture_size);
  const auto with_mutex = [&] {
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
    parcel.layout.keyed_mutex = true;
    return parcel;
  };
  auto mine = a_->import(with_mutex());
  auto theirs = b_->import(with_mutex());
  ASSERT_TRUE(mine && theirs);
  a_->use();
  take_calls();
  auto write = mine->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_EQ(take_calls(), Calls{"acquire"});
  EXPECT_EQ(section.mutex(), 1U);
  const auto expected = make_pattern(picture(), 9);
  ASSERT_TRUE(a_->fill(*mine, expected));
  b_->use();
  theirs->set_wait_timeout(30ms);
  const auto late = theirs->begin_access(AccessMode::discard, {});
  EXPECT_EQ(late.error().code(), ErrorCode::timeout) << late.error().to_string();
  a_->use();
  take_calls();
  auto state = mine->end_access(*std::move(write));
  ASSERT_TRUE(state) << state.error().to_string();
  EXPECT_EQ(take_calls(), (Calls{"release", "finish"}));
  EXPECT_EQ(section.mutex(), 0U);

  b_->use();
  auto first = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(first) << first.error().to_string();
  auto actual = b_->read(*theirs);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(picture(), expected, *actual), "") << "the mutex alone orders them";
  take_calls();
  auto second = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(second) << "readers of one texture hold it together";
  EXPECT_EQ(take_calls(), Calls{});
  EXPECT_TRUE(theirs->end_access(*std::move(first)));
  EXPECT_EQ(section.mutex(), 1U);
  EXPECT_TRUE(theirs->end_access(*std::move(second)));
  EXPECT_EQ(section.mutex(), 0U);

  // A holder that died; whoever tries is told, and has nothing open.
  section.mutex() = DriverDouble::abandoned;
  const auto dead = theirs->begin_access(AccessMode::read, *state);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::operating_system) << dead.error().to_string();
  EXPECT_EQ(dead.error().native().code, GL_INVALID_OPERATION);
  // It was taken away meanwhile: the release says so, and the access is over.
  section.mutex() = 0;
  auto last = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(last) << last.error().to_string();
  section.mutex() = DriverDouble::abandoned;
  EXPECT_EQ(theirs->end_access(*std::move(last)).error().code(), ErrorCode::operating_system);
  section.mutex() = 0;
  { const auto dropped = theirs->begin_access(AccessMode::read, *state); }
  EXPECT_EQ(section.mutex(), 0U) << "a dropped access lets it go, too";
  EXPECT_EQ(b_->complaints.size(), 1U) << "and is reported";
  b_->complaints.clear();
  theirs.reset();
  a_->use();
  mine.reset();
}

// The mutex may fail and a queued wait cannot be taken back; what is released may be had as soon as the fence says so.
TEST_F(Win32OpenGl, AKeyedMutexComesBeforeTheWaitAndTheSignal) {
  const Section section(texture_size);
  const Section counter(4096), own_counter(4096);
  auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
  parcel.layout.keyed_mutex = true;
  auto texture = a_->import(std::move(parcel));
  auto fence = a_->import(fence_of(counter));
  auto own = a_->import(fence_of(own_counter, FenceKind::d3d12_fence, 78));
  ASSERT_TRUE(texture && fence && own);
  ASSERT_TRUE(texture->set_signal_fence(own));
  counter.counter() = 3;
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 3}));
  section.mutex() = 1;
  texture->set_wait_timeout(20ms);
  take_calls();
  EXPECT_EQ(texture->begin_access(AccessMode::discard, state).error().code(), ErrorCode::timeout);
  EXPECT_EQ(take_calls(), Calls{"acquire"}) << "nothing is queued";
  section.mutex() = 0;
  auto access = texture->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(take_calls(), (Calls{"acquire", "wait 3", "release", "signal 1", "flush"}));
}

TEST_F(Win32OpenGl, WithoutTheExtensionAKeyedMutexIsRefused) {
  const Section section(texture_size);
  for (const char* gone : {"GL_EXT_win32_keyed_mutex", "glReleaseKeyedMutexWin32EXT"}) {
    SCOPED_TRACE(gone);
    driver().without = {gone};
    open();
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
    parcel.layout.keyed_mutex = true;
    const GeyserError error = a_->refusal(std::move(parcel));
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.message().find("GL_EXT_win32_keyed_mutex"), std::string::npos) << error.message();
    EXPECT_TRUE(a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d11))) << "without one it needs none";
  }
}

}  // namespace
}  // namespace geyser::test
