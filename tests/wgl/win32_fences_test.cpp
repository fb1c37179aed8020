// Fences of others at OpenGL's textures: on the device, in order, and never the CPU's.
#include "wgl/win32_opengl.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TEST_F(Win32OpenGl, WaitsAndSignalsOnTheDeviceInOrder) {
  const Section section(texture_size);
  const Section counter(4096), own_counter(4096);
  auto fence = a_->import(fence_of(counter));
  auto own = a_->import(fence_of(own_counter, FenceKind::d3d12_fence, 78));
  auto texture = a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d12));
  ASSERT_TRUE(fence && own && texture);
  ASSERT_TRUE(texture->set_signal_fence(own));
  counter.counter() = 5;  // as Direct3D's queue signals it
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 5}));
  state.initialized = true;
  take_calls();
  auto access = texture->begin_access(AccessMode::read_write, state);
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(take_calls(), Calls{"wait 5"});
  auto ended = texture->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(take_calls(), (Calls{"signal 1", "flush"}));
  EXPECT_EQ(own_counter.counter(), 1U);
  EXPECT_EQ(*ended->writer.begin(), (SyncPoint{own, 1}));
  EXPECT_EQ(texture->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture->statistics().host_waits, 0U);
}

// Without a semaphore that both know the CPU waits for the device, and only then tells the others.
TEST_F(Win32OpenGl, FinishesBeforeACpuTellsTheOthers) {
  const Section section(texture_size);
  auto texture = a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d11));
  ASSERT_TRUE(texture);
  auto fence = a_->manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE(texture->set_signal_fence(*fence));
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  take_calls();
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(take_calls(), Calls{"finish"});
  EXPECT_EQ(*(*fence)->completed_value(), 1U);
  EXPECT_EQ(texture->statistics().host_waits, 1U);
}

TEST_F(Win32OpenGl, AFenceIsTheDevicesAndNotTheCpus) {
  const Section counter(4096);
  auto fence = a_->import(fence_of(counter));
  ASSERT_TRUE(fence);
  EXPECT_EQ(fence->completed_value().error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->wait(1, 1ms).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->signal(1).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->export_handle().error().code(), ErrorCode::unsupported);
  EXPECT_EQ(a_->manager().create_fence(FenceKind::d3d12_fence).error().code(), ErrorCode::unsupported);
  // Another context's is none of this one's.
  const Section section(texture_size);
  auto texture = b_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d12));
  ASSERT_TRUE(texture);
  EXPECT_EQ(texture->set_signal_fence(fence).error().code(), ErrorCode::invalid_argument);
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 1}));
  take_calls();
  EXPECT_EQ(texture->begin_access(AccessMode::discard, state).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(take_calls(), Calls{}) << "nothing is queued";
  texture.reset();
  a_->use();
}

}  // namespace
}  // namespace geyser::test
