// Semaphores of another API: on the stream, in order, never on the CPU; and the CPU's own fence.
#include <thread>

#include "cuda/rig.hpp"

namespace geyser::test {
namespace {

class CudaFences : public CudaRig {
 protected:
  void SetUp() override {
    CudaRig::SetUp();
    manager_ = make();
    ASSERT_NE(manager_, nullptr);
    memory_.emplace(export_memory(*manager_, small(), 4096));
    auto texture = manager_->import_shared_texture(std::move(memory_->parcel));
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
  }
  void TearDown() override {
    stand_in_->hold(false);
    texture_.reset();
    manager_.reset();
    memory_.reset();
    CudaRig::TearDown();
  }

  std::unique_ptr<TextureShareManager> manager_;
  std::optional<Exported> memory_;
  std::unique_ptr<SharedTexture> texture_;
};

TEST_F(CudaFences, ATimelineIsWaitedForAndSignalledOnTheStream) {
  auto written = export_semaphore(FenceKind::opaque_fd_timeline);
  auto consumed = export_semaphore(FenceKind::opaque_fd_timeline);
  consumed.handle.id += 100;
  auto writer = manager_->import_fence(std::move(written.handle));
  auto reader = manager_->import_fence(std::move(consumed.handle));
  ASSERT_TRUE(writer && reader);
  EXPECT_EQ(stand_in_->owned_descriptors(), 3);
  ASSERT_TRUE(texture_->set_signal_fence(*reader));
  AccessState state;
  state.serial = 1;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*writer, 5}));
  const int waits = calls("cuEventRecord");
  // Begins and ends although the writer is not done: nothing here waits.
  auto access = texture_->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  auto ended = texture_->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(texture_->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture_->statistics().host_waits, 0U);
  ASSERT_EQ(ended->readers.size(), 1U);
  EXPECT_EQ(ended->readers.begin()->value, 1U);
  EXPECT_EQ(consumed.value(), 0U) << "signalled before the wait was over";
  EXPECT_EQ(calls("cuEventRecord"), waits) << "the CPU asked for the end of something";
  written.set(5);
  // The stand-in goes on when it is asked something.
  ASSERT_TRUE(manager_->create_texture(small(), HandleKind::host_memory));
  auto other = manager_->create_texture(small(), HandleKind::host_memory);
  auto poll = (*other)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE((*other)->end_access(*std::move(poll)));
  EXPECT_EQ(consumed.value(), 1U);
}

TEST_F(CudaFences, ABinarySemaphoreIsConsumedByTheWait) {
  auto written = export_semaphore(FenceKind::opaque_fd_binary);
  auto consumed = export_semaphore(FenceKind::opaque_fd_binary);
  consumed.handle.id += 100;
  auto writer = manager_->import_fence(std::move(written.handle));
  auto reader = manager_->import_fence(std::move(consumed.handle));
  ASSERT_TRUE(writer && reader);
  ASSERT_TRUE(texture_->set_signal_fence(*reader));
  written.set(1);
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*writer, 1}));
  auto access = texture_->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access);
  auto ended = texture_->end_access(*std::move(access));
  ASSERT_TRUE(ended);
  EXPECT_EQ(written.value(), 0U);
  EXPECT_EQ(consumed.value(), 1U);
  EXPECT_TRUE(ended->writer.empty()) << "nobody can wait for it a second time";
}

TEST_F(CudaFences, TheCpuCannotUseThem) {
  auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
  auto fence = manager_->import_fence(std::move(semaphore.handle));
  ASSERT_TRUE(fence);
  EXPECT_EQ((*fence)->wait(1).error().code(), ErrorCode::unsupported);
  EXPECT_EQ((*fence)->signal(1).error().code(), ErrorCode::unsupported);
  EXPECT_EQ((*fence)->completed_value().error().code(), ErrorCode::unsupported);
  EXPECT_EQ((*fence)->export_handle().error().code(), ErrorCode::unsupported);
  EXPECT_EQ(manager_->create_fence(FenceKind::opaque_fd_timeline).error().code(), ErrorCode::unsupported);
}

TEST_F(CudaFences, ARefusedSemaphoreIsClosedOnce) {
  const std::size_t before = open_descriptors();
  stand_in_->fail("cuImportExternalSemaphore", 400, 0);
  {
    auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
    auto refused = manager_->import_fence(std::move(semaphore.handle));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
    EXPECT_EQ(refused.error().native().name, "CUDA_ERROR_INVALID_HANDLE");
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(CudaFences, AFenceThatIsNotKnownIsAnError) {
  auto other = make();
  auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
  auto fence = other->import_fence(std::move(semaphore.handle));
  ASSERT_TRUE(fence);
  EXPECT_EQ(texture_->set_signal_fence(*fence).error().code(), ErrorCode::invalid_argument);
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 1}));
  auto access = texture_->begin_access(AccessMode::read, state);
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), ErrorCode::unsupported);
}

TEST_F(CudaFences, WithoutAFenceTheEndWaitsForTheStreamAndNotForEver) {
  stand_in_->hold(true);
  texture_->set_wait_timeout(std::chrono::milliseconds(30));
  auto other = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(other);
  (*other)->set_wait_timeout(std::chrono::milliseconds(30));
  auto access = (*other)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  auto late = (*other)->end_access(*std::move(access));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::timeout);
  stand_in_->hold(false);
  auto again = (*other)->begin_access(AccessMode::discard, {});
  ASSERT_FALSE(again) << "the failed end has counted a write";
  AccessState state;
  state.serial = 1;
  again = (*other)->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE((*other)->end_access(*std::move(again)));
  EXPECT_EQ((*other)->statistics().host_waits, 1U);
}

// A peer's CPU sees the fence only when the device is done.
TEST_F(CudaFences, AHostTimelineIsSignalledAfterTheStream) {
  auto fence = manager_->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  auto texture = manager_->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  ASSERT_TRUE((*texture)->set_signal_fence(*fence));
  auto access = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  stand_in_->hold(true);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    EXPECT_EQ(*(*fence)->completed_value(), 0U);
    stand_in_->hold(false);
  });
  auto ended = (*texture)->end_access(*std::move(access));
  later.join();
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(*(*fence)->completed_value(), 1U);
}

}  // namespace
}  // namespace geyser::test
