// What a driver can answer, and a context that dies: typed errors, nothing lost, the other side unharmed.
#include "cuda/error.hpp"
#include "cuda/rig.hpp"
#include "support/pattern.hpp"

#include <geyser/host.hpp>

namespace geyser::test {
namespace {

class CudaErrors : public CudaRig {};

TEST_F(CudaErrors, CodesHaveTheirNames) {
  const cuda::Functions cu = *cuda::load_functions(library_);
  const auto error = [&](int code) { return cuda::make_error(cu, code, "cuCall"); };
  EXPECT_EQ(error(2).to_string(), "out_of_memory: cuCall failed. (cuda CUDA_ERROR_OUT_OF_MEMORY, 2)");
  EXPECT_EQ(error(700).code(), ErrorCode::device_lost);
  EXPECT_EQ(error(709).code(), ErrorCode::device_lost);
  EXPECT_EQ(error(100).code(), ErrorCode::not_available);
  EXPECT_EQ(error(400).code(), ErrorCode::invalid_handle);
  EXPECT_EQ(error(801).code(), ErrorCode::unsupported);
  EXPECT_EQ(error(12345).native().name, "unknown");
}

// Each driver call of creating a manager and a texture fails once: always an error, never a leak (the rig counts).
TEST_F(CudaErrors, EveryFailedCallIsAnErrorAndLeavesNothing) {
  for (const char* call : {"cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDevicePrimaryCtxRetain",
                           "cuCtxPushCurrent_v2", "cuStreamCreate", "cuEventCreate"}) {
    SCOPED_TRACE(call);
    stand_in_->fail(call, 2, 0);
    auto manager = cuda::create_manager();
    ASSERT_FALSE(manager);
    EXPECT_EQ(manager.error().native().name, "CUDA_ERROR_OUT_OF_MEMORY");
    EXPECT_EQ(stand_in_->live_objects(), objects_before_);
  }
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  const int objects = stand_in_->live_objects();
  const std::size_t descriptors = open_descriptors();
  for (const char* call : {"cuMipmappedArrayCreate", "cuMipmappedArrayGetLevel"}) {
    SCOPED_TRACE(call);
    stand_in_->fail(call, 2, 0);
    auto texture = manager->create_texture(small(), HandleKind::host_memory);
    ASSERT_FALSE(texture);
    EXPECT_EQ(texture.error().code(), ErrorCode::out_of_memory);
    EXPECT_EQ(stand_in_->live_objects(), objects);
    EXPECT_EQ(open_descriptors(), descriptors);
  }
  auto texture = manager->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  for (const char* call : {"cuSurfObjectCreate", "cuTexObjectCreate"}) stand_in_->fail(call, 2, 0);
  EXPECT_EQ(cuda::surface_object(**texture).error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(cuda::texture_object(**texture).error().code(), ErrorCode::out_of_memory);
  EXPECT_TRUE(cuda::surface_object(**texture));
  EXPECT_TRUE(cuda::texture_object(**texture));
}

TEST_F(CudaErrors, ADeadContextIsDeviceLostAndTheFramesLiveOn) {
  auto host = host::create_manager();
  ASSERT_TRUE(host);
  const std::vector<std::byte> pattern = make_pattern(small(), 4);
  std::unique_ptr<SharedTexture> theirs;
  AccessState state;
  {
    auto manager = make();
    ASSERT_NE(manager, nullptr);
    auto texture = manager->create_texture(small(), HandleKind::host_memory);
    ASSERT_TRUE(texture);
    theirs = *(*host)->import_shared_texture(*manager->export_texture(**texture));
    auto access = theirs->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(access);
    std::memcpy(host::bytes(*theirs)->data(), pattern.data(), pattern.size());
    state = *theirs->end_access(*std::move(access));
    auto reading = (*texture)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(reading);
    stand_in_->kill_contexts(700);
    auto ended = (*texture)->end_access(*std::move(reading));
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code(), ErrorCode::device_lost);
    EXPECT_EQ(ended.error().native().name, "CUDA_ERROR_ILLEGAL_ADDRESS");
    EXPECT_EQ(manager->create_texture(small(), HandleKind::host_memory).error().code(), ErrorCode::device_lost);
    EXPECT_EQ(cuda::surface_object(**texture).error().code(), ErrorCode::device_lost);
    // A driver takes a dead context's objects with it; the stand-in keeps them for the count.
    stand_in_->kill_contexts(0);
  }
  // The other side has its pixels, and a new context opens them.
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  auto again = manager->import_shared_texture(*(*host)->export_texture(*theirs));
  ASSERT_TRUE(again) << again.error().to_string();
  auto reading = (*again)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(reading) << reading.error().to_string();
  EXPECT_TRUE((*again)->end_access(*std::move(reading)));
  auto check = theirs->begin_access(AccessMode::read, state);
  EXPECT_EQ(std::memcmp(host::bytes(*theirs)->data(), pattern.data(), pattern.size()), 0);
  EXPECT_TRUE(theirs->end_access(*std::move(check)));
}

TEST_F(CudaErrors, AContextThatIsGoneIsNotTouched) {
  auto manager = make();
  ASSERT_NE(manager, nullptr);
  auto texture = manager->create_texture(small(), HandleKind::host_memory);
  ASSERT_TRUE(texture);
  stand_in_->kill_contexts(709);
  EXPECT_EQ((*texture)->begin_access(AccessMode::discard, {}).error().code(), ErrorCode::device_lost);
  const int destroyed = calls("cuMipmappedArrayDestroy");
  texture->reset();
  manager.reset();
  EXPECT_EQ(calls("cuMipmappedArrayDestroy"), destroyed);
  EXPECT_GT(stand_in_->live_objects(), objects_before_);
  stand_in_->destroy_objects();
}

}  // namespace
}  // namespace geyser::test
