// The platform's dma-bufs and sync files, and the public calls for implicit fences. In the virtual machine (./dev rig
// vm) all of it runs against the kernel; elsewhere the buffers are the stand-in's, and what needs fences says so.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/dma-heap.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <geyser/dma_buf.hpp>

#include "platform/dma_buf.hpp"
#include "platform/sync_file.hpp"
#include "support/descriptors.hpp"
#include "support/drm_node.hpp"

// Ends the test where the kernel lacks something, which the virtual machine's may not.
#define NEEDS(what, there)                       \
  if (!(there)) {                                \
    ASSERT_FALSE(is_in_vm()) << "no " << (what); \
    std::printf("NOT RUN: no %s here\n", what);  \
    GTEST_SKIP();                                \
  }

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using platform::DmaBufSource;

// One descriptor of each kind that may be sent in place of a dma-buf or a sync file.
std::vector<OwnedHandle> other_kinds() {
  std::vector<OwnedHandle> others;
  others.push_back(*platform::create_shared_memory(4096));
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  others.push_back(OwnedHandle::adopt(HandleKind::none, ends[0]));
  others.push_back(OwnedHandle::adopt(HandleKind::none, ends[1]));
  others.push_back(OwnedHandle::adopt(HandleKind::none, eventfd(0, EFD_CLOEXEC)));
  others.push_back(OwnedHandle::adopt(HandleKind::none, ::open("/dev/null", O_RDWR | O_CLOEXEC)));
  others.emplace_back();
  return others;
}

class Source : public testing::TestWithParam<DmaBufSource> {};

TEST_P(Source, MakesZeroedBuffersThatACpuSees) {
  const bool there = platform::makes_dma_bufs(GetParam());
  NEEDS(platform::to_string(GetParam()).data(), there);
  const std::size_t before = open_descriptors();
  {
    auto made = platform::create_dma_buf(GetParam(), 5000);
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ(made->kind(), HandleKind::dma_buf);
    EXPECT_TRUE(platform::is_dma_buf(made->get()));
    EXPECT_FALSE(platform::is_sync_file(made->get()));
    EXPECT_EQ(*platform::kernel_size(made->get()), 8192U) << "whole pages";
    auto mapped = platform::map_dma_buf(made->get());
    auto again = platform::map_dma_buf(made->get());
    ASSERT_TRUE(mapped) << mapped.error().to_string();
    ASSERT_TRUE(again);
    EXPECT_TRUE(mapped->writable);
    ASSERT_EQ(mapped->memory.bytes().size(), 8192U);
    for (const std::byte byte : mapped->memory.bytes()) ASSERT_EQ(byte, std::byte{0});
    for (const AccessMode mode : {AccessMode::discard, AccessMode::write, AccessMode::read_write}) {
      ASSERT_TRUE(platform::begin_cpu_access(made->get(), mode, 1s));
      mapped->memory.bytes()[8191] = static_cast<std::byte>(mode);
      ASSERT_TRUE(platform::end_cpu_access(made->get(), mode));
    }
    ASSERT_TRUE(platform::begin_cpu_access(made->get(), AccessMode::read, 1s));
    EXPECT_EQ(again->memory.bytes()[8191], static_cast<std::byte>(AccessMode::read_write));
    ASSERT_TRUE(platform::end_cpu_access(made->get(), AccessMode::read));
    EXPECT_EQ(*platform::kernel_identity(made->get()), *platform::kernel_identity(made->duplicate()->get()));
    EXPECT_NE(*platform::kernel_identity(made->get()),
              *platform::kernel_identity(platform::create_dma_buf(GetParam(), 1)->get()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(Source, RefusesSizesThatAreNone) {
  EXPECT_EQ(platform::create_dma_buf(GetParam(), 0).error().code(), ErrorCode::invalid_argument);
  const std::size_t before = open_descriptors();
  EXPECT_FALSE(platform::create_dma_buf(GetParam(), ~0ULL));
  if (has_kernel_dma_bufs()) {
    EXPECT_FALSE(platform::create_dma_buf(GetParam(), 1ULL << 62U));
  }
  EXPECT_FALSE(platform::create_dma_buf(~0ULL - 5000));
  EXPECT_EQ(open_descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(All, Source, testing::Values(DmaBufSource::udmabuf, DmaBufSource::dma_heap),
                         [](const auto& source) {
                           return source.param == DmaBufSource::udmabuf ? "udmabuf" : "dma_heap";
                         });

TEST(DmaBuf, TooLargeForUdmabufComesFromTheHeap) {
  NEEDS("kernel with udmabuf and a dma-heap",
        has_kernel_dma_bufs() && platform::makes_dma_bufs(DmaBufSource::dma_heap));
  constexpr std::uint64_t size = 80U << 20U;
  const auto refused = platform::create_dma_buf(DmaBufSource::udmabuf, size);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::operating_system) << refused.error().to_string();
  const auto made = platform::create_dma_buf(size);
  ASSERT_TRUE(made) << made.error().to_string();
  EXPECT_EQ(*platform::kernel_size(made->get()), size);
}

TEST(DmaBuf, NothingElseIsOne) {
  const std::size_t before = open_descriptors();
  for (const OwnedHandle& other : other_kinds()) {
    EXPECT_FALSE(platform::is_dma_buf(other.get()));
    const auto mapped = platform::map_dma_buf(other.get());
    ASSERT_FALSE(mapped);
    EXPECT_EQ(mapped.error().code(), ErrorCode::invalid_handle);
    EXPECT_NE(mapped.error().message().find("is not a dma-buf"), std::string::npos) << mapped.error().to_string();
    const auto begun = platform::begin_cpu_access(other.get(), AccessMode::write, 1ms);
    ASSERT_FALSE(begun);
    const auto exported = export_sync_file(other, AccessMode::read);
    ASSERT_FALSE(exported);
    EXPECT_EQ(exported.error().code(), ErrorCode::invalid_handle) << exported.error().to_string();
  }
  ApiTextureHandle none;
  EXPECT_EQ(export_sync_file(none, AccessMode::read).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(import_sync_file(none, OwnedHandle(), AccessMode::read).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(DmaBuf, ForReadingOnlyIsMappedForReading) {
  NEEDS("dma-heap", platform::makes_dma_bufs(DmaBufSource::dma_heap));
  const auto heap = OwnedHandle::adopt(HandleKind::none, ::open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC));
  dma_heap_allocation_data data{4096, 0, O_RDONLY | O_CLOEXEC, 0};
  ASSERT_EQ(::ioctl(static_cast<int>(heap.get()), DMA_HEAP_IOCTL_ALLOC, &data), 0);
  const auto buffer = OwnedHandle::adopt(HandleKind::dma_buf, static_cast<NativeHandle>(data.fd));
  auto mapped = platform::map_dma_buf(buffer.get());
  ASSERT_TRUE(mapped) << mapped.error().to_string();
  EXPECT_FALSE(mapped->writable);
  EXPECT_EQ(mapped->memory.bytes()[100], std::byte{0});
}

TEST(SyncFile, NothingElseIsOne) {
  const std::size_t before = open_descriptors();
  // The stand-in lets an eventfd pass for one.
  auto others = other_kinds();
  if (has_kernel_dma_bufs()) {
    ASSERT_EQ(setenv("GEYSER_KERNEL_ONLY", "1", 1), 0);
  } else {
    others.erase(others.begin() + 3);
  }
  for (const OwnedHandle& other : others) {
    EXPECT_FALSE(platform::is_sync_file(other.get()));
    if (!other.has_value()) continue;
    EXPECT_EQ(platform::sync_file_status(other.get()).error().code(), ErrorCode::invalid_handle);
    EXPECT_EQ(wait_sync_file(other, 1ms).error().code(), ErrorCode::invalid_handle);
    EXPECT_EQ(merge_sync_files(other, OwnedHandle()).error().code(), ErrorCode::invalid_handle);
    EXPECT_EQ(merge_sync_files(OwnedHandle(), other).error().code(), ErrorCode::invalid_handle);
  }
  unsetenv("GEYSER_KERNEL_ONLY");
  others.clear();
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SyncFile, NoneIsSignalledAlready) {
  EXPECT_TRUE(wait_sync_file(OwnedHandle(), 0ns));
  const auto merged = merge_sync_files(OwnedHandle(), OwnedHandle());
  ASSERT_TRUE(merged);
  EXPECT_FALSE(merged->has_value());
}

TEST(SyncFile, OfAnIdleBufferIsSignalled) {
  NEEDS("kernel with dma-bufs", has_kernel_dma_bufs());
  const auto buffer = platform::create_dma_buf(4096);
  ASSERT_TRUE(buffer);
  for (const AccessMode mode : {AccessMode::read, AccessMode::write}) {
    const auto fences = export_sync_file(*buffer, mode);
    ASSERT_TRUE(fences) << fences.error().to_string();
    EXPECT_EQ(fences->kind(), HandleKind::sync_file);
    EXPECT_TRUE(platform::is_sync_file(fences->get()));
    EXPECT_FALSE(platform::is_dma_buf(fences->get()));
    EXPECT_EQ(*platform::sync_file_status(fences->get()), platform::SyncFileStatus::signalled);
    EXPECT_TRUE(wait_sync_file(*fences, 0ns));
    EXPECT_TRUE(import_sync_file(*buffer, *fences, mode));
  }
  for (const OwnedHandle& other : other_kinds()) {
    if (!other.has_value()) continue;
    const auto refused = import_sync_file(*buffer, other, AccessMode::write);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle) << refused.error().to_string();
    EXPECT_NE(refused.error().message().find("is not a sync file"), std::string::npos);
  }
}

// Fences that are signalled when the test says so.
class Late : public testing::Test {
 protected:
  void SetUp() override {
    if (is_in_vm() && !has_drm_nodes()) {
      std::printf("NOT RUN: the boot [drm] has the node whose fences this needs\n");
      GTEST_SKIP();
    }
    auto node = DrmNode::open("vgem");
    NEEDS("vgem node", node);
    node_.emplace(*std::move(node));
  }
  LateFence fence() { return *node_->create_fence(); }
  std::optional<DrmNode> node_;
};

TEST_F(Late, SyncFileIsPendingUntilItIsSignalled) {
  const std::size_t before = open_descriptors();
  {
    const LateFence late = fence();
    EXPECT_EQ(*platform::sync_file_status(late.sync_file().get()), platform::SyncFileStatus::pending);
    const auto refused = wait_sync_file(late.sync_file(), 20ms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::timeout);
    EXPECT_NE(refused.error().message().find("is not signalled after [20] ms"), std::string::npos);
    std::thread other([&] {
      std::this_thread::sleep_for(60ms);
      late.signal();
    });
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(wait_sync_file(late.sync_file(), 5s));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 40ms);
    other.join();
    EXPECT_EQ(*platform::sync_file_status(late.sync_file().get()), platform::SyncFileStatus::signalled);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Late, MergedIsSignalledWhenBothAre) {
  const LateFence first = fence();
  const LateFence second = fence();
  const auto both = merge_sync_files(first.sync_file(), second.sync_file());
  ASSERT_TRUE(both) << both.error().to_string();
  const auto alone = merge_sync_files(OwnedHandle(), first.sync_file());
  ASSERT_TRUE(alone);
  first.signal();
  EXPECT_TRUE(wait_sync_file(*alone, 1s));
  EXPECT_FALSE(wait_sync_file(*both, 20ms));
  second.signal();
  EXPECT_TRUE(wait_sync_file(*both, 1s));
}

TEST_F(Late, ImplicitWriterHoldsReadersAndWritersBack) {
  const auto buffer = platform::create_dma_buf(4096);
  const LateFence late = fence();
  ASSERT_TRUE(import_sync_file(*buffer, late.sync_file(), AccessMode::write));
  for (const AccessMode mode : {AccessMode::read, AccessMode::discard}) {
    const auto begun = platform::begin_cpu_access(buffer->get(), mode, 20ms);
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code(), ErrorCode::timeout) << begun.error().to_string();
    EXPECT_EQ(*platform::sync_file_status(export_sync_file(*buffer, mode)->get()), platform::SyncFileStatus::pending);
  }
  late.signal();
  EXPECT_TRUE(platform::begin_cpu_access(buffer->get(), AccessMode::read, 1s));
  EXPECT_TRUE(platform::end_cpu_access(buffer->get(), AccessMode::read));
}

TEST_F(Late, ImplicitReaderHoldsOnlyWritersBack) {
  const auto buffer = platform::create_dma_buf(4096);
  const LateFence late = fence();
  ASSERT_TRUE(import_sync_file(*buffer, late.sync_file(), AccessMode::read));
  EXPECT_TRUE(platform::begin_cpu_access(buffer->get(), AccessMode::read, 20ms));
  EXPECT_TRUE(platform::end_cpu_access(buffer->get(), AccessMode::read));
  EXPECT_FALSE(platform::begin_cpu_access(buffer->get(), AccessMode::write, 20ms));
  EXPECT_EQ(*platform::sync_file_status(export_sync_file(*buffer, AccessMode::read)->get()),
            platform::SyncFileStatus::signalled);
  EXPECT_EQ(*platform::sync_file_status(export_sync_file(*buffer, AccessMode::write)->get()),
            platform::SyncFileStatus::pending);
  late.signal();
  EXPECT_TRUE(platform::begin_cpu_access(buffer->get(), AccessMode::write, 1s));
  EXPECT_TRUE(platform::end_cpu_access(buffer->get(), AccessMode::write));
}

TEST_F(Late, FencesOfAParcelAreThoseOfAllItsBuffers) {
  ApiTextureHandle parcel;
  parcel.kind = HandleKind::dma_buf;
  parcel.handle_count = 2;
  for (std::uint32_t i = 0; i < 2; ++i) parcel.handles[i] = *platform::create_dma_buf(4096);
  const LateFence late = fence();
  ASSERT_TRUE(import_sync_file(parcel.handles[1], late.sync_file(), AccessMode::write));
  const auto all = export_sync_file(parcel, AccessMode::read);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_FALSE(wait_sync_file(*all, 20ms));
  late.signal();
  EXPECT_TRUE(wait_sync_file(*all, 1s));
  const LateFence next = fence();
  ASSERT_TRUE(import_sync_file(parcel, next.sync_file(), AccessMode::write));
  for (std::uint32_t i = 0; i < 2; ++i) {
    EXPECT_FALSE(platform::begin_cpu_access(parcel.handles[i].get(), AccessMode::read, 5ms));
  }
  next.signal();
}

}  // namespace
}  // namespace geyser::test
