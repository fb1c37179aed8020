#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

TEST(OwnedHandle, ClosesExactlyOnce) {
  const std::size_t before = open_descriptors();
  {
    auto memory = *platform::create_shared_memory(100);
    EXPECT_EQ(open_descriptors(), before + 1);
    OwnedHandle moved = std::move(memory);
    EXPECT_FALSE(memory.has_value());
    auto copy = *moved.duplicate();
    EXPECT_NE(copy.get(), moved.get());
    EXPECT_EQ(*platform::kernel_identity(copy.get()), *platform::kernel_identity(moved.get()));
    EXPECT_EQ(open_descriptors(), before + 2);
    moved = std::move(copy);
    EXPECT_EQ(open_descriptors(), before + 1);
    const NativeHandle native = moved.detach();
    EXPECT_FALSE(moved.has_value());
    EXPECT_EQ(open_descriptors(), before + 1);
    close(static_cast<int>(native));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(SharedMemory, TrustsNothing) {
  auto memory = *platform::create_shared_memory(1000);
  EXPECT_EQ(platform::map_shared_memory(memory.get(), 1001).error().code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(platform::map_shared_memory(memory.get(), 0).error().code(), ErrorCode::incompatible_layout);
  EXPECT_EQ(*platform::kernel_size(memory.get()), 1000U);
  EXPECT_NE(ftruncate(static_cast<int>(memory.get()), 10), 0) << "sealed";
  EXPECT_EQ(platform::map_shared_memory(-1, 10).error().code(), ErrorCode::invalid_handle);
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  EXPECT_EQ(platform::map_shared_memory(pipes[0], 10).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::kernel_size(pipes[0]).error().code(), ErrorCode::invalid_handle);
  close(pipes[0]);
  close(pipes[1]);
  // Not sealed: it could shrink under the mapping and kill the reader.
  const OwnedHandle loose = OwnedHandle::adopt(HandleKind::host_memory, memfd_create("loose", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(static_cast<int>(loose.get()), 4096), 0);
  EXPECT_EQ(platform::map_shared_memory(loose.get(), 4096).error().code(), ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
