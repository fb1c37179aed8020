// dma-bufs at a CPU's end: between host managers, with Vulkan, and with planes anywhere. In the virtual machine (./dev
// rig vm) the buffers are the kernel's; elsewhere the stand-in for /dev/udmabuf is preloaded.
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <vector>

#include <geyser/wire.hpp>

#include "contract/host_dma_buf.hpp"

namespace geyser::test {
namespace {

TEST_F(HostDmaBuf, EveryFormatIsEqualBetweenTwoManagers) {
  auto other = make_host_end();
  ASSERT_TRUE(other);
  std::size_t shared = 0;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    const TextureDescriptor d = of(info.format);
    auto made = host().manager().create_texture(d, HandleKind::dma_buf);
    if (info.has_depth || info.has_stencil) {
      ASSERT_FALSE(made);
      EXPECT_EQ(made.error().code(), ErrorCode::unsupported);
      continue;
    }
    ASSERT_TRUE(made) << made.error().to_string();
    ++shared;
    const MemoryLayout& layout = (*made)->layout();
    EXPECT_EQ(layout.modifier, drm_modifier_linear);
    EXPECT_EQ(layout.plane_count, info.plane_count);
    for (std::uint32_t i = 0; i < layout.plane_count; ++i) EXPECT_EQ(layout.planes[i].stride % 256, 0U);
    auto parcel = host().manager().export_texture(**made);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_TRUE(platform::is_dma_buf(parcel->handles[0].get()));
    auto opened = (*other)->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(opened) << opened.error().to_string();
    hand_off(host(), **made, **other, **opened);
  }
  EXPECT_EQ(shared, all_formats().size() - 5);
}

TEST_F(HostDmaBuf, PlanesMayBeAnywhere) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420,
                                     TextureFormat::rgba8_unorm, TextureFormat::bc7_unorm}) {
    SCOPED_TRACE(to_string(format));
    const std::uint32_t planes = format_info(format).plane_count;
    expect_same_memory(host(), foreign_parcel(of(format), {}));
    expect_same_memory(host(), foreign_parcel(of(format), {.first = 4097, .padding = 13, .gap = 77}));
    expect_same_memory(host(), foreign_parcel(of(format), {.buffers = planes, .first = 129, .padding = 3}));
    // One buffer under a number for each plane is one buffer.
    ApiTextureHandle one = foreign_parcel(of(format), {.first = 64, .padding = 1});
    for (std::uint32_t i = 1; i < planes; ++i) {
      one.handles[i] = *one.handles[0].duplicate();
      one.layout.planes[i].handle_index = i;
    }
    one.handle_count = planes;
    expect_same_memory(host(), one);
    auto opened = host().manager().import_shared_texture(*one.duplicate());
    ASSERT_TRUE(opened);
    EXPECT_EQ(host().manager().export_texture(**opened)->handle_count, 1U);
  }
}

TEST_F(HostDmaBuf, PlanesMayLieSideBySide) {
  // Rows of Cb and Cr in turn, as some cameras write them.
  ApiTextureHandle parcel = foreign_parcel(of(TextureFormat::i420), {});
  MemoryLayout& layout = parcel.layout;
  layout.planes[0] = {0, 0, 64};
  layout.planes[1] = {0, 64 * 34, 64};
  layout.planes[2] = {0, 64 * 34 + 32, 64};
  layout.allocation_size = 64 * (34 + 17);
  parcel.handles[0] = *platform::create_dma_buf(layout.allocation_size);
  expect_same_memory(host(), parcel);
  layout.planes[2].offset -= 3;  // into the row of 30 bytes beside it
  expect_refused(*parcel.duplicate(), ErrorCode::incompatible_layout, "[layout.planes[2]]");
}

TEST_F(HostDmaBuf, CopiesBetweenLayouts) {
  for (const TextureFormat format : {TextureFormat::p010, TextureFormat::rg8_unorm}) {
    const TextureDescriptor d = of(format);
    auto packed = *host().manager().create_texture(d, HandleKind::host_memory);
    auto buffer = *host().manager().import_shared_texture(
        foreign_parcel(d, {.buffers = format_info(format).plane_count, .first = 5, .padding = 7}));
    const auto picture = make_pattern(d, 4);
    auto write = packed->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(host().fill(*packed, picture));
    const AccessState state = *packed->end_access(*std::move(write));
    auto from = packed->begin_access(AccessMode::read, state);
    auto to = buffer->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(host().manager().copy_texture(*packed, *buffer));
    EXPECT_EQ(difference(d, picture, *host().read(*buffer)), "");
    ASSERT_TRUE(packed->end_access(*std::move(from)));
    ASSERT_TRUE(buffer->end_access(*std::move(to)));
  }
}

TEST_F(HostDmaBuf, NamesTheWrongField) {
  const std::size_t before = open_descriptors();
  const TextureDescriptor d = of(TextureFormat::nv12);
  const auto parcel = [&](std::uint32_t buffers = 1) { return foreign_parcel(d, {.buffers = buffers, .gap = 100}); };
  constexpr ErrorCode layout = ErrorCode::incompatible_layout;
  ApiTextureHandle wrong = parcel();
  wrong.layout.modifier = drm_modifier_invalid;
  expect_refused(std::move(wrong), layout, "[layout.modifier] is INVALID");
  wrong = parcel();
  wrong.layout.modifier = 0x0100000000000001ULL;
  expect_refused(std::move(wrong), layout, "[layout.modifier] is [72057594037927937]");
  wrong = parcel();
  wrong.layout.plane_count = 3;
  expect_refused(std::move(wrong), layout, "[layout.planes[2]");
  wrong = parcel();
  wrong.layout.planes[1].stride = 59;
  expect_refused(std::move(wrong), layout, "[layout.planes[1].stride]");
  wrong = parcel();
  wrong.layout.planes[1].offset = 60 * 34 - 1;
  expect_refused(std::move(wrong), layout, "[layout.planes[1]] (offset [2039], stride [60]) overlaps plane [0]");
  wrong = parcel();
  wrong.layout.planes[1].offset = wrong.layout.allocation_size - 60 * 16;
  expect_refused(std::move(wrong), layout, "[layout.planes[1]]");
  wrong = parcel();
  wrong.layout.allocation_size = 1U << 20U;
  expect_refused(std::move(wrong), layout, "[layout.allocation_size] is [1048576], but the handle's object has [4096]");
  wrong = parcel();
  wrong.layout.tiling = Tiling::linear;
  expect_refused(std::move(wrong), layout, "[layout.tiling]");
  // What only the kernel knows: the second buffer's size, and that two numbers are one buffer.
  wrong = parcel(2);
  wrong.layout.planes[1].offset = 4096 - 60 * 16;
  expect_refused(std::move(wrong), layout, "[layout.planes[1]] (offset [3136], stride [60]) runs over");
  wrong = parcel(2);
  wrong.handles[1] = *wrong.handles[0].duplicate();
  expect_refused(std::move(wrong), layout, "overlaps plane [0]");
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(HostDmaBuf, NothingElseIsTaken) {
  const std::size_t before = open_descriptors();
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  const auto peer = OwnedHandle::adopt(HandleKind::none, sockets[1]);
  const NativeHandle others[] = {platform::create_shared_memory(1U << 16U)->detach(), sockets[0],
                                 eventfd(0, EFD_CLOEXEC)};
  for (const NativeHandle other : others) {
    for (const std::uint32_t index : {0U, 1U}) {
      ApiTextureHandle wrong = foreign_parcel(of(TextureFormat::nv12), {.buffers = 2});
      wrong.handles[index] = *OwnedHandle::duplicate(HandleKind::dma_buf, other);
      expect_refused(std::move(wrong), ErrorCode::invalid_handle,
                     "Handle [" + std::to_string(index) + "] is not a dma-buf");
    }
    EXPECT_TRUE(OwnedHandle::adopt(HandleKind::none, other).has_value());
  }
  EXPECT_EQ(open_descriptors(), before + 1) << "the peer's end";
}

TEST_F(HostDmaBuf, TenThousandImportsLeakNothing) {
  const ApiTextureHandle parcel = foreign_parcel(of(TextureFormat::nv12), {.buffers = 2});
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    auto opened = host().manager().import_shared_texture(*parcel.duplicate());
    ASSERT_TRUE(opened) << i << ": " << opened.error().to_string();
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(HostDmaBuf, SeveralBuffersCrossTheWire) {
  for (const std::uint32_t buffers : {1U, 3U}) {
    const ApiTextureHandle parcel =
        foreign_parcel(of(TextureFormat::i420), {.buffers = buffers, .first = 64, .padding = 2, .gap = 30});
    auto picture = make_pattern(parcel.descriptor, 5);
    move_rows(parcel, picture, true);
    wire::Offer offer;
    const Capabilities& capabilities = host().manager().capabilities();
    offer.agreement = *negotiate(parcel.descriptor, capabilities, capabilities);
    offer.agreement.handle_kind = HandleKind::dma_buf;
    offer.agreement.tiling = Tiling::drm_modifier;
    offer.textures.push_back(*parcel.duplicate());
    auto sent = wire::encode(wire::Message(std::move(offer)));
    ASSERT_TRUE(sent) << sent.error().to_string();
    EXPECT_EQ(sent->handles.size(), buffers);
    auto received = wire::decode(sent->bytes, std::move(sent->handles));
    ASSERT_TRUE(received) << received.error().to_string();
    ApiTextureHandle& arrived = std::get<wire::Offer>(*received).textures.at(0);
    EXPECT_EQ(arrived.layout, parcel.layout);
    auto opened = host().manager().import_shared_texture(std::move(arrived));
    ASSERT_TRUE(opened) << opened.error().to_string();
    auto read = (*opened)->begin_access(AccessMode::read, written());
    EXPECT_EQ(difference(parcel.descriptor, picture, *host().read(**opened)), "");
    ASSERT_TRUE((*opened)->end_access(*std::move(read)));
  }
}

TEST_F(HostDmaBuf, BytesAreThoseOfThePlanesBuffer) {
  auto opened = *host().manager().import_shared_texture(foreign_parcel(of(TextureFormat::i420), {.buffers = 3}));
  EXPECT_TRUE(host::bytes(*opened, 1)->empty()) << "no access is open";
  auto write = opened->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  EXPECT_NE(host::bytes(*opened, 0)->data(), host::bytes(*opened, 1)->data());
  EXPECT_NE(host::bytes(*opened, 1)->data(), host::bytes(*opened, 2)->data());
  EXPECT_EQ(host::bytes(*opened, 2)->size(), 4096U);
  const auto refused = host::bytes(*opened, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Plane [3] is none of the [3] planes of format [i420].");
  ASSERT_TRUE(opened->end_access(*std::move(write)));
}

TEST_F(HostDmaBuf, AnAgreementWithoutLinearIsRefused) {
  Agreement agreement;
  agreement.handle_kind = HandleKind::dma_buf;
  agreement.tiling = Tiling::drm_modifier;
  agreement.modifiers = {77};
  const auto made = host().manager().create_texture(descriptor_, agreement);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unsupported);
  agreement.modifiers = {77, drm_modifier_linear};
  EXPECT_TRUE(host().manager().create_texture(descriptor_, agreement));
}

TEST_F(HostDmaBuf, IsNotWhatTwoCpusAgreeOn) {
  const Capabilities& capabilities = host().manager().capabilities();
  const auto agreement = negotiate(descriptor_, capabilities, capabilities);
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
}

TEST_F(HostDmaBuf, EveryFormatIsEqualWithVulkan) {
  End* driver = vulkan();
  if (driver == nullptr) GTEST_SKIP();
  NegotiationPolicy policy;
  policy.allow_host_linear = policy.allow_opaque = policy.allow_host_copy = false;
  std::size_t shared = 0;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    const TextureDescriptor d = of(info.format);
    for (const bool to_vulkan : {true, false}) {
      End& from = to_vulkan ? host() : *driver;
      End& to = to_vulkan ? *driver : host();
      auto agreement = negotiate(d, from.manager().capabilities(), to.manager().capabilities(), policy);
      if (!agreement) continue;
      ++shared;
      EXPECT_EQ(agreement->handle_kind, HandleKind::dma_buf);
      auto made = from.manager().create_texture(d, *agreement);
      ASSERT_TRUE(made) << made.error().to_string();
      auto parcel = from.manager().export_texture(**made);
      ASSERT_TRUE(parcel) << parcel.error().to_string();
      const auto object = *platform::kernel_identity(parcel->handles[0].get());
      auto opened = to.manager().import_shared_texture(*std::move(parcel));
      ASSERT_TRUE(opened) << opened.error().to_string();
      if (to_vulkan) {
        EXPECT_EQ(*platform::kernel_identity(from.manager().export_texture(**made)->handles[0].get()), object);
      } else {
        EXPECT_EQ(*platform::kernel_identity(to.manager().export_texture(**opened)->handles[0].get()), object);
      }
      hand_off(from, **made, to, **opened);
    }
  }
  std::printf("%zu formats and directions went through a dma-buf\n", shared);
  EXPECT_GE(shared, 60U);
}

// Each plane as a texture of its own, which needs nothing of a driver but single-planar formats.
TEST_F(HostDmaBuf, PlanesOfVideoAreTexturesInVulkan) {
  End* driver = vulkan();
  if (driver == nullptr) GTEST_SKIP();
  struct Planes {
    TextureFormat whole;
    std::vector<TextureFormat> each;
  };
  using enum TextureFormat;
  for (const Planes& planes : {Planes{nv12, {r8_unorm, rg8_unorm}}, Planes{p010, {r16_unorm, rg16_unorm}},
                               Planes{i420, {r8_unorm, r8_unorm, r8_unorm}}}) {
    const TextureDescriptor d = of(planes.whole);
    auto made = *host().manager().create_texture(d, HandleKind::dma_buf);
    auto picture = make_pattern(d, 3);
    auto write = made->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(host().fill(*made, picture));
    AccessState state = *made->end_access(*std::move(write));
    for (std::uint32_t plane = 0; plane < planes.each.size(); ++plane) {
      SCOPED_TRACE(std::string(to_string(planes.whole)) + " plane " + std::to_string(plane));
      ApiTextureHandle parcel = *host().manager().export_texture(*made);
      parcel.descriptor.format = planes.each[plane];
      parcel.descriptor.extent = mip_extent(d, 0, plane);
      parcel.layout.plane_count = 1;
      parcel.layout.planes = {parcel.layout.planes[plane]};
      auto opened = driver->manager().import_shared_texture(std::move(parcel));
      ASSERT_TRUE(opened) << opened.error().to_string();
      auto read = (*opened)->begin_access(AccessMode::read, state);
      ASSERT_TRUE(read) << read.error().to_string();
      auto seen = driver->read(**opened);
      ASSERT_TRUE(seen) << seen.error().to_string();
      ASSERT_TRUE((*opened)->end_access(*std::move(read)));
      const HostSubresource packed = host_subresource(d, plane, 0, 0);
      for (std::uint32_t row = 0; row < packed.rows; ++row) {
        const HostSubresource single = host_subresource((*opened)->descriptor(), 0, 0, 0);
        ASSERT_EQ(single.row_bytes, packed.row_bytes);
        ASSERT_EQ(std::memcmp(picture.data() + packed.offset + row * packed.row_stride,
                              seen->data() + row * single.row_stride, packed.row_bytes),
                  0)
            << "row " << row;
      }
    }
  }
}

}  // namespace
}  // namespace geyser::test
