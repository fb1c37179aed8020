// The CUDA backend with Win32 handles, on a nvcuda.dll of the tests' own (support/cuda_stand_in.hpp), whose memory and
// counters are sections: who closes what, pixels, and that waits are the stream's.
#include <cstring>
#include <optional>

#include "cuda/rig.hpp"
#include "cuda/texture.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

class Win32CudaDriver : public CudaRig {
 protected:
  void SetUp() override {
    CudaRig::SetUp();
    manager_ = make();
    ASSERT_NE(manager_, nullptr);
  }
  void TearDown() override {
    stand_in_->hold(false);
    manager_.reset();
    CudaRig::TearDown();
  }
  void copy(SharedTexture& texture, std::vector<std::byte>& packed, cuda::Toward toward) {
    auto& mine = static_cast<cuda::CudaTexture&>(texture);
    auto current = cuda::Current::open(*mine.context());
    ASSERT_TRUE(current);
    ASSERT_TRUE(mine.queue_packed(packed.data(), toward));
    ASSERT_TRUE(mine.context()->finish(std::chrono::seconds(1)));
  }
  static AccessState written() {
    AccessState state;
    state.serial = 1;
    state.initialized = true;
    return state;
  }
  GeyserError refusal(ApiTextureHandle&& parcel) {
    auto refused = manager_->import_shared_texture(std::move(parcel));
    EXPECT_FALSE(refused);
    return refused ? GeyserError(ErrorCode::busy, "it was opened") : refused.error();
  }

  std::unique_ptr<TextureShareManager> manager_;
};

// The suites beside this one have the end "cuda" only where it is found, and leave it out without a word.
TEST_F(Win32CudaDriver, IsFoundByTheSuites) { EXPECT_TRUE(has_cuda()); }

TEST_F(Win32CudaDriver, OpaqueMemoryIsOpenedInPlaceAndItsHandleIsClosed) {
  const TextureDescriptor descriptor = small();
  auto exported = export_memory(*manager_, descriptor, 4096);
  ASSERT_EQ(exported.parcel.kind, HandleKind::opaque_win32);
  const std::size_t before = open_descriptors();
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ(stand_in_->owned_descriptors(), 1);
  EXPECT_EQ(open_descriptors(), before) << "the driver's own came, the parcel's went";
  EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
  EXPECT_NE(cuda::native(**texture)->array, nullptr);
  std::vector<std::byte> pattern = make_pattern(descriptor, 3);
  auto write = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  copy(**texture, pattern, cuda::Toward::device);
  ASSERT_TRUE((*texture)->end_access(*std::move(write)));
  // Vulkan finds its rows there, one behind the other.
  const HostSubresource host = host_subresource(descriptor, 0, 0, 0);
  const std::byte* rows = exported.memory.bytes().data();
  for (std::size_t row = 0; row < host.rows; ++row) {
    EXPECT_EQ(std::memcmp(rows + row * host.row_bytes, pattern.data() + row * host.row_stride, host.row_bytes), 0)
        << row;
  }
  std::memset(exported.memory.bytes().data(), 0x5a, 4096);
  auto read = (*texture)->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  std::vector<std::byte> seen(pattern.size());
  copy(**texture, seen, cuda::Toward::host);
  for (std::size_t row = 0; row < host.rows; ++row) {
    EXPECT_EQ(std::memcmp(seen.data() + row * host.row_stride, rows, host.row_bytes), 0) << row;
  }
  ASSERT_TRUE((*texture)->end_access(*std::move(read)));
  EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
}

TEST_F(Win32CudaDriver, ATimelineIsWaitedForAndSignalledOnTheStream) {
  auto exported = export_memory(*manager_, small(), 4096);
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto theirs = export_semaphore(FenceKind::opaque_win32_timeline);
  auto ours = export_semaphore(FenceKind::opaque_win32_timeline);
  ours.handle.id += 100;
  const std::size_t before = open_descriptors();
  auto writer = manager_->import_fence(std::move(theirs.handle));
  auto reader = manager_->import_fence(std::move(ours.handle));
  ASSERT_TRUE(writer && reader);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(stand_in_->owned_descriptors(), 3);
  ASSERT_TRUE((*texture)->set_signal_fence(*reader));
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({*writer, 5}));
  auto access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_TRUE((*texture)->end_access(*std::move(access)));
  EXPECT_EQ((*texture)->statistics().gpu_waits, 1U);
  EXPECT_EQ((*texture)->statistics().host_waits, 0U);
  EXPECT_EQ(ours.value(), 0U) << "signalled before the wait was over";
  theirs.set(5);
  ASSERT_TRUE(manager_->create_texture(small(), HandleKind::host_memory));  // the stand-in goes on when it is asked
  EXPECT_EQ(ours.value(), 1U);
}

TEST_F(Win32CudaDriver, ABinarySemaphoreIsConsumedByItsWait) {
  auto exported = export_memory(*manager_, small(), 4096);
  auto texture = manager_->import_shared_texture(std::move(exported.parcel));
  ASSERT_TRUE(texture) << texture.error().to_string();
  auto theirs = export_semaphore(FenceKind::opaque_win32_binary);
  auto ours = export_semaphore(FenceKind::opaque_win32_binary);
  ours.handle.id += 100;
  const std::size_t before = open_descriptors();
  auto writer = manager_->import_fence(std::move(theirs.handle));
  auto reader = manager_->import_fence(std::move(ours.handle));
  ASSERT_TRUE(writer && reader);
  EXPECT_EQ(open_descriptors(), before) << "the driver's own came, ours went";
  ASSERT_TRUE((*texture)->set_signal_fence(*reader));
  AccessState state = written();
  ASSERT_TRUE(state.writer.add({*writer, 1}));
  auto access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  auto after = (*texture)->end_access(*std::move(access));
  ASSERT_TRUE(after) << after.error().to_string();
  EXPECT_EQ((*texture)->statistics().gpu_waits, 1U);
  EXPECT_EQ(ours.value(), 0U) << "signalled before the wait was over";
  theirs.set(1);
  ASSERT_TRUE(manager_->create_texture(small(), HandleKind::host_memory));  // the stand-in goes on when it is asked
  EXPECT_EQ(ours.value(), 1U);
  EXPECT_EQ(theirs.value(), 0U);
  EXPECT_TRUE(after->writer.empty()) << "nobody may wait for it again";
  ASSERT_EQ(after->readers.size(), 1U);
}

TEST_F(Win32CudaDriver, WhatTheDriverRefusesLeavesNothing) {
  {
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.layout.allocation_size = 1 << 20;  // more than the section has
    EXPECT_EQ(refusal(std::move(exported.parcel)).code(), ErrorCode::incompatible_layout);
  }
  {
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.handles[0] = OwnedHandle::adopt(HandleKind::opaque_win32, 0x7ffffff0);
    const GeyserError error = refusal(std::move(exported.parcel));
    EXPECT_NE(error.to_string().find("cuImportExternalMemory"), std::string::npos) << error.to_string();
  }
  {  // The driver has no such rows.
    auto exported = export_memory(*manager_, small(), 4096);
    exported.parcel.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, exported.parcel.handles[0].detach());
    exported.parcel.kind = HandleKind::d3d_nt;
    exported.parcel.api = Api::d3d12;
    EXPECT_EQ(refusal(std::move(exported.parcel)).code(), ErrorCode::unsupported);
  }
  EXPECT_EQ(stand_in_->owned_descriptors(), 0);
}

}  // namespace
}  // namespace geyser::test
