// Who closes what: every descriptor exactly once, on every path.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include <geyser/handle.hpp>
#include <geyser/host.hpp>
#include <geyser/texture.hpp>

#include "platform/shared_memory.hpp"

namespace geyser {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

bool is_open(NativeHandle handle) { return ::fcntl(static_cast<int>(handle), F_GETFD) >= 0; }
int open_null() { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }
OwnedHandle null_handle() { return OwnedHandle::adopt(HandleKind::opaque_fd, open_null()); }

// Every test ends with as many open descriptors as it began.
class Handle : public testing::Test {
 protected:
  void SetUp() override { before_ = open_descriptors(); }
  void TearDown() override { EXPECT_EQ(open_descriptors(), before_); }
  std::size_t before_ = 0;
};

TEST_F(Handle, ClosesAtTheEndOfItsLife) {
  NativeHandle native = no_native_handle;
  {
    const OwnedHandle handle = null_handle();
    native = handle.get();
    EXPECT_TRUE(handle.has_value());
    EXPECT_EQ(handle.kind(), HandleKind::opaque_fd);
    EXPECT_TRUE(is_open(native));
    EXPECT_EQ(open_descriptors(), before_ + 1);
  }
  EXPECT_FALSE(is_open(native));
}

// A second close would hit whoever got the number next.
TEST_F(Handle, NeverClosesTwice) {
  OwnedHandle first = null_handle();
  const NativeHandle number = first.get();
  OwnedHandle moved = std::move(first);
  moved.reset();
  EXPECT_FALSE(is_open(number));
  const int reused = open_null();
  ASSERT_EQ(reused, number) << "the lowest free number is given out again";
  moved.reset();
  first.reset();
  moved = OwnedHandle();
  { const OwnedHandle dying = std::move(moved); }
  EXPECT_TRUE(is_open(reused));
  ::close(reused);
}

TEST_F(Handle, MovesLeaveNothingBehind) {
  OwnedHandle a = null_handle();
  const NativeHandle number = a.get();
  OwnedHandle b = std::move(a);
  EXPECT_FALSE(a.has_value());
  EXPECT_EQ(a.kind(), HandleKind::none);
  EXPECT_EQ(a.get(), no_native_handle);
  EXPECT_EQ(b.get(), number);
  OwnedHandle c = null_handle();
  const NativeHandle replaced = c.get();
  c = std::move(b);
  EXPECT_FALSE(is_open(replaced)) << "the handle that was there is closed";
  EXPECT_TRUE(is_open(number));
  OwnedHandle& self = c;
  c = std::move(self);
  EXPECT_EQ(c.get(), number) << "moving onto itself keeps it";
  EXPECT_TRUE(is_open(number));
}

TEST_F(Handle, DetachGivesItAway) {
  int number = -1;
  {
    OwnedHandle handle = null_handle();
    number = static_cast<int>(handle.detach());
    EXPECT_FALSE(handle.has_value());
    EXPECT_EQ(handle.kind(), HandleKind::none);
    EXPECT_EQ(handle.detach(), no_native_handle);
  }
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST_F(Handle, ClosingKeepsErrno) {
  OwnedHandle handle = OwnedHandle::adopt(HandleKind::opaque_fd, 1'000'000);  // close() fails
  errno = ENOSPC;
  handle.reset();
  EXPECT_EQ(errno, ENOSPC);
}

TEST_F(Handle, WhatCannotBeADescriptorIsEmpty) {
  for (const NativeHandle native : {NativeHandle{-1}, NativeHandle{-5}, NativeHandle{1} << 40}) {
    const OwnedHandle handle = OwnedHandle::adopt(HandleKind::dma_buf, native);
    EXPECT_FALSE(handle.has_value()) << native;
    EXPECT_EQ(handle.get(), no_native_handle) << native;
  }
}

TEST_F(Handle, DuplicatesAreOtherDescriptorsOfTheSameObject) {
  const auto memory = platform::create_shared_memory(4096);
  ASSERT_TRUE(memory);
  const auto copy = memory->duplicate();
  ASSERT_TRUE(copy) << copy.error().to_string();
  EXPECT_NE(copy->get(), memory->get());
  EXPECT_EQ(copy->kind(), HandleKind::host_memory);
  EXPECT_EQ(*platform::kernel_identity(copy->get()), *platform::kernel_identity(memory->get()));
  const auto other = platform::create_shared_memory(4096);
  EXPECT_NE(*platform::kernel_identity(other->get()), *platform::kernel_identity(memory->get()));
  for (const auto* each : {&*memory, &*copy}) {
    EXPECT_EQ(::fcntl(static_cast<int>(each->get()), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(open_descriptors(), before_ + 3);
}

TEST_F(Handle, ADuplicateOutlivesItsOriginal) {
  OwnedHandle original = null_handle();
  auto copy = original.duplicate();
  ASSERT_TRUE(copy);
  original.reset();
  EXPECT_TRUE(is_open(copy->get()));
}

TEST_F(Handle, ClosedOnesAreRefused) {
  OwnedHandle handle = null_handle();
  const NativeHandle number = handle.get();
  handle.reset();
  const auto refused = OwnedHandle::duplicate(HandleKind::dma_buf, number);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(refused.error().message(),
            "Descriptor [" + std::to_string(number) + "] of kind [dma_buf] cannot be duplicated.");
  EXPECT_EQ(refused.error().native().name, "EBADF");
  EXPECT_EQ(OwnedHandle().duplicate().error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(OwnedHandle::duplicate(HandleKind::opaque_fd, -7).error().message(),
            "Descriptor [-7] of kind [opaque_fd] cannot be duplicated.");
  EXPECT_EQ(platform::kernel_size(number).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::kernel_identity(number).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::map_shared_memory(number, 1).error().code(), ErrorCode::invalid_handle);
}

TEST_F(Handle, TheDescriptorLimitIsAnOperatingSystemError) {
  const OwnedHandle handle = null_handle();
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit tight = old;
  tight.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const auto refused = handle.duplicate();
  ::setrlimit(RLIMIT_NOFILE, &old);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::operating_system);
}

TEST_F(Handle, OnlySealedMemoryOfTheRightSizeIsMapped) {
  const auto good = platform::create_shared_memory(4096);
  ASSERT_TRUE(good);
  EXPECT_EQ(*platform::kernel_size(good->get()), 4096U);
  EXPECT_TRUE(platform::map_shared_memory(good->get(), 4096));
  const auto large = platform::map_shared_memory(good->get(), 4097);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(large.error().message(), "The shared memory of descriptor [" + std::to_string(good->get()) +
                                         "] has [4096] bytes, [4097] are needed.");
  EXPECT_EQ(platform::map_shared_memory(good->get(), 0).error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(::ftruncate(static_cast<int>(good->get()), 0), 0) << "it cannot shrink";
  EXPECT_NE(::ftruncate(static_cast<int>(good->get()), 8192), 0) << "it cannot grow";

  OwnedHandle loose = OwnedHandle::adopt(HandleKind::host_memory, ::memfd_create("loose", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(static_cast<int>(loose.get()), 4096), 0);
  const auto unsealed = platform::map_shared_memory(loose.get(), 4096);
  ASSERT_FALSE(unsealed);
  EXPECT_EQ(unsealed.error().message(),
            "The shared memory of descriptor [" + std::to_string(loose.get()) + "] is not sealed against shrinking.");
  const OwnedHandle null = null_handle();
  EXPECT_EQ(platform::map_shared_memory(null.get(), 1).error().message(),
            "Descriptor [" + std::to_string(null.get()) + "] is not shared memory.");
  EXPECT_EQ(platform::kernel_size(null.get()).error().code(), ErrorCode::invalid_handle);
}

TEST_F(Handle, MappingsMoveAndEnd) {
  auto memory = platform::create_shared_memory(4096);
  ASSERT_TRUE(memory);
  auto first = platform::map_shared_memory(memory->get(), 4096);
  auto second = platform::map_shared_memory(memory->get(), 4096);
  ASSERT_TRUE(first && second);
  memory->reset();  // mappings hold the memory themselves
  first->bytes()[100] = std::byte{42};
  EXPECT_EQ(second->bytes()[100], std::byte{42});
  platform::MappedMemory moved = *std::move(first);
  EXPECT_TRUE(first->bytes().empty());
  EXPECT_EQ(moved.bytes()[100], std::byte{42});
  moved = *std::move(second);
  EXPECT_EQ(moved.bytes()[100], std::byte{42});
}

// Parcels: nothing leaks, whether the import works, fails, or never happens.
TEST_F(Handle, ParcelsCloseWhatNobodyTook) {
  auto manager = *host::create_manager();
  TextureDescriptor descriptor;
  descriptor.extent = {8, 8, 1};
  auto texture = manager->create_texture(descriptor, HandleKind::host_memory);
  ASSERT_TRUE(texture);
  const std::size_t with_texture = open_descriptors();
  { auto dropped = manager->export_texture(**texture); }
  EXPECT_EQ(open_descriptors(), with_texture);
  {
    auto parcel = manager->export_texture(**texture);
    auto copy = parcel->duplicate();
    ASSERT_TRUE(copy);
    EXPECT_EQ(open_descriptors(), with_texture + 2);
    EXPECT_NE(copy->handles[0].get(), parcel->handles[0].get());
    copy->layout.plane_count = 9;
    EXPECT_FALSE(manager->import_shared_texture(*std::move(copy)));
    EXPECT_EQ(open_descriptors(), with_texture + 1) << "a refused parcel is closed";
    auto imported = manager->import_shared_texture(*std::move(parcel));
    EXPECT_TRUE(imported);
    EXPECT_EQ(open_descriptors(), with_texture + 1) << "an accepted parcel belongs to the texture";
  }
  EXPECT_EQ(open_descriptors(), with_texture);
}

TEST_F(Handle, AParcelThatCannotBeDuplicatedLeavesNothing) {
  ApiTextureHandle parcel;
  parcel.kind = HandleKind::dma_buf;
  parcel.handle_count = 2;
  parcel.handles[0] = null_handle();
  const auto refused = parcel.duplicate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(refused.error().context().back(), "duplicating handle [1] of a texture");
  EXPECT_EQ(open_descriptors(), before_ + 1);
}

TEST_F(Handle, RefusedFencesAreClosed) {
  auto manager = *host::create_manager();
  auto fence = manager->create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  const std::size_t with_fence = open_descriptors();
  auto wrong = (*fence)->export_handle();
  wrong->id = 0;
  EXPECT_FALSE(manager->import_fence(*std::move(wrong)));
  auto kind = (*fence)->export_handle();
  kind->kind = FenceKind::sync_file;
  EXPECT_FALSE(manager->import_fence(*std::move(kind)));
  EXPECT_EQ(open_descriptors(), with_fence);
  {
    auto twin = manager->import_fence(*(*fence)->export_handle());
    EXPECT_TRUE(twin);
    EXPECT_EQ(open_descriptors(), with_fence + 1);
  }
  EXPECT_EQ(open_descriptors(), with_fence);
}

}  // namespace
}  // namespace geyser
