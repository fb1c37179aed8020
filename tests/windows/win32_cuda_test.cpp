// What CUDA's driver is told of Windows' handles, and who closes them. There is no driver here;
// win32_cuda_driver_test.cpp has a stand-in of one.
#include <windows.h>

#include <gtest/gtest.h>

#include <algorithm>

#include <geyser/cuda.hpp>

#include "cuda/external_handle.hpp"
#include "support/descriptors.hpp"

namespace geyser::cuda {
namespace {

OwnedHandle an_event(HandleKind kind) {
  return OwnedHandle::adopt(kind, reinterpret_cast<NativeHandle>(::CreateEventW(nullptr, TRUE, FALSE, nullptr)));
}

ApiTextureHandle parcel_of(HandleKind kind, Api api, bool dedicated) {
  ApiTextureHandle parcel;
  parcel.kind = kind;
  parcel.api = api;
  parcel.layout.dedicated = dedicated;
  parcel.layout.allocation_size = 65536;
  const bool number = handle_kind_info(kind).is_global_number;
  parcel.handles[0] = number ? OwnedHandle::adopt(kind, 0x40000002) : an_event(kind);
  parcel.handle_count = 1;
  return parcel;
}

TEST(Win32Cuda, NamesEachKindOfMemory) {
  const struct {
    HandleKind kind;
    Api api;
    bool dedicated;
    int type;
    unsigned flags;
  } cases[] = {
      {HandleKind::opaque_win32, Api::vulkan, false, 2, 0},
      {HandleKind::opaque_win32, Api::vulkan, true, 2, 1},
      {HandleKind::opaque_win32_kmt, Api::vulkan, false, 3, 0},
      {HandleKind::d3d_nt, Api::d3d12, false, 4, 0},  // a heap
      {HandleKind::d3d_nt, Api::d3d12, true, 5, 1},
      {HandleKind::d3d_nt, Api::d3d11, false, 6, 1},  // always an allocation of its own
      {HandleKind::d3d_kmt, Api::d3d11, false, 7, 1},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(testing::Message() << to_string(one.kind) << " of " << to_string(one.api));
    const ApiTextureHandle parcel = parcel_of(one.kind, one.api, one.dedicated);
    const driver::ExternalMemoryHandle told = describe_memory(parcel);
    EXPECT_EQ(told.type, one.type);
    EXPECT_EQ(told.flags, one.flags);
    EXPECT_EQ(told.size, 65536U);
    EXPECT_EQ(reinterpret_cast<NativeHandle>(told.win32.handle), parcel.handles[0].get());
    EXPECT_EQ(told.win32.name, nullptr);
  }
}

TEST(Win32Cuda, NamesEachKindOfFence) {
  const OwnedHandle fence = an_event(HandleKind::d3d_nt);
  EXPECT_EQ(describe_semaphore(FenceKind::d3d12_fence, fence).type, 4);
  EXPECT_EQ(describe_semaphore(FenceKind::opaque_win32_timeline, fence).type, 10);
  EXPECT_EQ(describe_semaphore(FenceKind::opaque_win32_binary, fence).type, 2);
  EXPECT_EQ(reinterpret_cast<NativeHandle>(describe_semaphore(FenceKind::d3d12_fence, fence).win32.handle),
            fence.get());
  const auto kinds = external_fence_kinds();
  for (const FenceKind kind :
       {FenceKind::opaque_win32_timeline, FenceKind::d3d12_fence, FenceKind::opaque_win32_binary}) {
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), kind), 1) << to_string(kind);
  }
}

TEST(Win32Cuda, ClosesWhatTheDriverDoesNotTakeOver) {
  { const OwnedHandle first = an_event(HandleKind::d3d_nt); }
  const std::size_t before = test::open_descriptors();
  OwnedHandle handle = an_event(HandleKind::d3d_nt);
  EXPECT_EQ(test::open_descriptors(), before + 1);
  settle_imported(handle);
  EXPECT_FALSE(handle.has_value());
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST(Win32Cuda, WithoutADriverItIsNotAvailable) {
  const auto manager = create_manager();
  ASSERT_FALSE(manager) << "this machine has CUDA's driver: the contract suite can run on it";
  EXPECT_EQ(manager.error().code(), ErrorCode::not_available) << manager.error().to_string();
  EXPECT_NE(manager.error().message().find("nvcuda.dll"), std::string::npos) << manager.error().message();
}

}  // namespace
}  // namespace geyser::cuda
