// dma_buf between two Vulkan devices: every format that has a modifier, both ways, and what is wrong with a parcel.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>

#include "contract/dma_buf_ends.hpp"
#include "platform/dma_buf.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::test {
namespace {

TEST_F(DmaBuf, IsOneKernelObjectWithEqualPixelsInEveryFormat) {
  std::size_t shared = 0;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    TextureDescriptor d = descriptor_;
    d.format = info.format;
    if (info.is_multi_planar()) d.extent = {60, 34, 1};
    auto agreement = agree(d);
    if (!agreement || agreement->handle_kind != HandleKind::dma_buf) continue;
    ++shared;
    EXPECT_EQ(agreement->path, SharePath::zero_copy);
    auto texture = from_->manager().create_texture(d, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->layout().tiling, Tiling::drm_modifier);
    EXPECT_NE(std::find(agreement->modifiers.begin(), agreement->modifiers.end(), (*texture)->layout().modifier),
              agreement->modifiers.end());
    auto made = from_->manager().export_texture(**texture);
    ASSERT_TRUE(made) << made.error().to_string();
    auto again = from_->manager().export_texture(**texture);
    ASSERT_TRUE(again);
    EXPECT_EQ(*platform::kernel_identity(made->handles[0].get()), *platform::kernel_identity(again->handles[0].get()));
    auto imported = to_->manager().import_shared_texture(*std::move(made));
    ASSERT_TRUE(imported) << imported.error().to_string();
    exchange(**texture, **imported);
  }
  EXPECT_GE(shared, 30U) << "formats that went through a dma-buf";
}

TEST_F(DmaBuf, IsLinearByItsModifierHere) {
  const ApiTextureHandle made = parcel();
  EXPECT_EQ(made.layout.modifier, drm_modifier_linear);
  EXPECT_EQ(made.layout.plane_count, 1U);
  EXPECT_GE(made.layout.planes[0].stride, 61U * 4U);
  EXPECT_GE(*platform::kernel_size(made.handles[0].get()), made.layout.planes[0].stride * 35U);
}

TEST_F(DmaBuf, RefusesMoreThanOneMip) {
  descriptor_.mip_levels = 2;
  const auto agreement = agree(descriptor_);
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  const auto made = from_->manager().create_texture(descriptor_, HandleKind::dma_buf);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("at most [1] mip levels"), std::string::npos) << made.error().to_string();
}

TEST_F(DmaBuf, NamesTheWrongField) {
  const std::size_t before = settled_descriptors();
  {
    ApiTextureHandle wrong = parcel();
    wrong.layout.modifier = 0x0100000000000001ULL;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.modifier]");
    wrong = parcel();
    wrong.layout.modifier = drm_modifier_invalid;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.modifier] is INVALID");
    wrong = parcel();
    wrong.layout.plane_count = 2;
    wrong.layout.planes[1] = wrong.layout.planes[0];
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.plane_count]");
    wrong = parcel();
    wrong.layout.planes[0].stride = 60 * 4;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0].stride]");
    wrong = parcel();
    wrong.layout.planes[0].offset = wrong.layout.allocation_size;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0]]");
    wrong = parcel();
    wrong.layout.allocation_size *= 4;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.allocation_size]");
    wrong = parcel();
    wrong.layout.tiling = Tiling::opaque;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.tiling]");
  }
  texture_.reset();
  EXPECT_EQ(settled_descriptors(), before);
}

TEST_F(DmaBuf, RefusesABufferThatIsTooSmallOrNone) {
  texture_.reset();
  const std::size_t before = settled_descriptors();
  {
    ApiTextureHandle wrong = parcel();
    wrong.handles[0] = *platform::create_dma_buf(4096);
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "the handle's object has [4096] bytes");
    int sockets[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    const auto other_end = OwnedHandle::adopt(HandleKind::none, sockets[1]);
    // lavapipe would map the first, which is large enough.
    for (const NativeHandle other : {platform::create_shared_memory(1U << 16U)->detach(), NativeHandle{sockets[0]},
                                     NativeHandle{eventfd(0, EFD_CLOEXEC)}}) {
      wrong = parcel();
      wrong.handles[0] = OwnedHandle::adopt(HandleKind::dma_buf, other);
      expect_refused(std::move(wrong), ErrorCode::invalid_handle, "Handle [0] is not a dma-buf");
    }
  }
  texture_.reset();
  EXPECT_EQ(settled_descriptors(), before);
}

TEST_F(DmaBuf, ABufferIsAKernelObjectWhateverItsNumber) {
  ApiTextureHandle wrong = parcel();
  ApiTextureHandle other = parcel();
  wrong.handle_count = 2;
  wrong.handles[1] = std::move(other.handles[0]);
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout,
                 "Handle [1] is a buffer that none of the [1] memory planes is in");
  wrong = parcel();
  wrong.handle_count = 2;
  wrong.handles[1] = *wrong.handles[0].duplicate();
  wrong.layout.planes[0].handle_index = 1;
  wrong.layout.planes[0].offset = 1U << 30U;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0]]");
  // One buffer under two numbers is one buffer.
  ApiTextureHandle same = parcel();
  same.handle_count = 2;
  same.handles[1] = *same.handles[0].duplicate();
  EXPECT_TRUE(to_->manager().import_shared_texture(std::move(same)));
}

}  // namespace
}  // namespace geyser::test
