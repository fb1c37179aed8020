// Who closes what: every handle exactly once, on every path.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include <geyser/handle.hpp>
#include <geyser/host.hpp>
#include <geyser/texture.hpp>

#include "unit/handle_fixture.hpp"

namespace geyser::test {
namespace {

// Of any kind that is closed.
OwnedHandle some_handle() { return open_device(HandleKind::dma_buf); }

TEST_F(Handle, ClosesAtTheEndOfItsLife) {
  NativeHandle native = no_native_handle;
  {
    const OwnedHandle handle = some_handle();
    native = handle.get();
    EXPECT_TRUE(handle.has_value());
    EXPECT_EQ(handle.kind(), HandleKind::dma_buf);
    EXPECT_TRUE(is_open(native));
    EXPECT_EQ(open_descriptors(), before_ + 1);
  }
  EXPECT_FALSE(is_open(native));
}

// A second close would hit whoever got the number next.
TEST_F(Handle, NeverClosesTwice) {
  OwnedHandle first = some_handle();
  const NativeHandle number = first.get();
  OwnedHandle moved = std::move(first);
  moved.reset();
  EXPECT_FALSE(is_open(number));
  const OwnedHandle next = some_handle();
  ASSERT_EQ(next.get(), number) << "the lowest free number is given out again";
  moved.reset();
  first.reset();
  moved = OwnedHandle();
  { const OwnedHandle dying = std::move(moved); }
  EXPECT_TRUE(is_open(number));
}

TEST_F(Handle, MovesLeaveNothingBehind) {
  OwnedHandle a = some_handle();
  const NativeHandle number = a.get();
  OwnedHandle b = std::move(a);
  EXPECT_FALSE(a.has_value());
  EXPECT_EQ(a.kind(), HandleKind::none);
  EXPECT_EQ(a.get(), no_native_handle);
  EXPECT_EQ(b.get(), number);
  OwnedHandle c = some_handle();
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
  NativeHandle number = no_native_handle;
  {
    OwnedHandle handle = some_handle();
    number = handle.detach();
    EXPECT_FALSE(handle.has_value());
    EXPECT_EQ(handle.kind(), HandleKind::none);
    EXPECT_EQ(handle.detach(), no_native_handle);
  }
  EXPECT_TRUE(is_open(number));
  const OwnedHandle back = OwnedHandle::adopt(HandleKind::dma_buf, number);
  EXPECT_EQ(open_descriptors(), before_ + 1);
}

TEST_F(Handle, DuplicatesAreOtherHandlesOfTheSameObject) {
  const auto memory = platform::create_shared_memory(4096);
  ASSERT_TRUE(memory);
  const auto copy = memory->duplicate();
  ASSERT_TRUE(copy) << copy.error().to_string();
  EXPECT_EQ(copy->get() != memory->get(), handles_are_numbered_apart());
  EXPECT_EQ(copy->kind(), HandleKind::host_memory);
  EXPECT_TRUE(platform::is_same_object(copy->get(), memory->get()));
  const auto other = platform::create_shared_memory(4096);
  EXPECT_FALSE(platform::is_same_object(other->get(), memory->get()));
  EXPECT_FALSE(is_inherited(memory->get()));
  EXPECT_FALSE(is_inherited(copy->get()));
}

TEST_F(Handle, ADuplicateOutlivesItsOriginal) {
  OwnedHandle original = some_handle();
  auto copy = original.duplicate();
  ASSERT_TRUE(copy);
  EXPECT_EQ(open_descriptors(), before_ + 2);
  original.reset();
  EXPECT_TRUE(is_open(copy->get()));
}

TEST_F(Handle, ClosedOnesAreRefused) {
  OwnedHandle handle = some_handle();
  const NativeHandle number = handle.get();
  handle.reset();
  const auto refused = OwnedHandle::duplicate(HandleKind::dma_buf, number);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle);
  EXPECT_NE(refused.error().message().find(" [" + std::to_string(number) + "] of kind [dma_buf] cannot be duplicated."),
            std::string::npos)
      << refused.error().message();
  EXPECT_EQ(OwnedHandle().duplicate().error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::kernel_size(number).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::kernel_identity(number).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(platform::map_shared_memory(number, 1).error().code(), ErrorCode::invalid_handle);
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
  parcel.handles[0] = some_handle();
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
}  // namespace geyser::test
