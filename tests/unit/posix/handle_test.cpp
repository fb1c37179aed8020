// What is said of handles where each is a descriptor.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "unit/handle_fixture.hpp"

namespace geyser::test {
namespace {

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

TEST_F(Handle, RefusalsNameTheDescriptor) {
  OwnedHandle handle = open_device(HandleKind::opaque_fd);
  const NativeHandle number = handle.get();
  handle.reset();
  const auto refused = OwnedHandle::duplicate(HandleKind::dma_buf, number);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "Descriptor [" + std::to_string(number) + "] of kind [dma_buf] cannot be duplicated.");
  EXPECT_EQ(refused.error().native().name, "EBADF");
  EXPECT_EQ(OwnedHandle::duplicate(HandleKind::opaque_fd, -7).error().message(),
            "Descriptor [-7] of kind [opaque_fd] cannot be duplicated.");
}

TEST_F(Handle, TheDescriptorLimitIsAnOperatingSystemError) {
  const OwnedHandle handle = open_device(HandleKind::opaque_fd);
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
  const OwnedHandle null = open_device(HandleKind::opaque_fd);
  EXPECT_EQ(platform::map_shared_memory(null.get(), 1).error().message(),
            "Descriptor [" + std::to_string(null.get()) + "] is not shared memory.");
  EXPECT_EQ(platform::kernel_size(null.get()).error().code(), ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
