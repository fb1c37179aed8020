// dma-bufs at a CPU's end: between host managers, with Vulkan, and from producers that are no Geyser. In the virtual
// machine (./dev rig vm) the buffers are the kernel's; elsewhere the stand-in for /dev/udmabuf is preloaded.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include <geyser/host.hpp>
#include <geyser/wire.hpp>

#include "platform/dma_buf.hpp"
#include "support/descriptors.hpp"
#include "support/drm_node.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using platform::DmaBufSource;

// As a decoder or a camera would make it: planes of `format` in buffers that no Geyser knows of.
struct Foreign {
  std::uint32_t buffers = 1;  // one for all planes, or one for each
  std::uint64_t first = 0;    // offset of each buffer's first plane
  std::uint64_t padding = 0;  // beyond each row
  std::uint64_t gap = 0;      // between planes
  std::function<Result<OwnedHandle>(std::uint64_t)> make = [](std::uint64_t size) {
    return platform::create_dma_buf(size);
  };
};

ApiTextureHandle foreign_parcel(const TextureDescriptor& d, const Foreign& foreign) {
  ApiTextureHandle parcel;
  parcel.descriptor = d;
  parcel.api = Api::vulkan;
  parcel.kind = HandleKind::dma_buf;
  parcel.handle_count = foreign.buffers;
  parcel.layout.tiling = Tiling::drm_modifier;
  parcel.layout.modifier = drm_modifier_linear;
  parcel.layout.plane_count = format_info(d.format).plane_count;
  std::array<std::uint64_t, max_memory_planes> sizes{};
  for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
    const HostSubresource packed = host_subresource(d, plane, 0, 0);
    MemoryPlane& where = parcel.layout.planes[plane];
    where.handle_index = foreign.buffers == 1 ? 0 : plane;
    std::uint64_t& size = sizes[where.handle_index];
    where.offset = size == 0 ? foreign.first : size + foreign.gap;
    where.stride = packed.row_bytes + foreign.padding;
    size = where.offset + where.stride * (packed.rows - 1) + packed.row_bytes;
  }
  for (std::uint32_t i = 0; i < foreign.buffers; ++i) {
    auto buffer = foreign.make(sizes[i]);
    EXPECT_TRUE(buffer) << buffer.error().to_string();
    if (buffer) parcel.handles[i] = *std::move(buffer);
  }
  parcel.layout.allocation_size = sizes[0];
  return parcel;
}

// A picture's rows between host packing and a foreign buffer, by the producer's own mapping.
void move_rows(const ApiTextureHandle& parcel, std::span<std::byte> picture, bool into_buffer) {
  for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
    const HostSubresource packed = host_subresource(parcel.descriptor, plane, 0, 0);
    const MemoryPlane& where = parcel.layout.planes[plane];
    auto mapped = platform::map_dma_buf(parcel.handles[where.handle_index].get());
    ASSERT_TRUE(mapped) << mapped.error().to_string();
    for (std::uint64_t row = 0; row < packed.rows; ++row) {
      std::byte* there = mapped->memory.bytes().data() + where.offset + row * where.stride;
      std::byte* here = picture.data() + packed.offset + row * packed.row_stride;
      std::memcpy(into_buffer ? there : here, into_buffer ? here : there, packed.row_bytes);
    }
  }
}

AccessState written() {
  AccessState state;
  state.serial = 1;
  state.initialized = true;
  return state;
}

class HostDmaBuf : public testing::Test {
 public:
  static void TearDownTestSuite() { ends_.close(); }

 protected:
  void SetUp() override {
    descriptor_.extent = {61, 35, 1};
    ASSERT_TRUE(platform::makes_dma_bufs()) << "run with the stand-in preloaded, or where /dev/udmabuf is";
  }
  void TearDown() override {
    for (const char* name : {"host", "mesa25"}) {
      if (name == std::string("mesa25") && driver_manifest(name) == nullptr) continue;
      for (const std::string& complaint : std::exchange(end(name).complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  static End& end(const std::string& name) { return *ends_.get(name); }
  static End& host() { return end("host"); }
  // Mesa 25's lavapipe is the driver that can; null, and the test is skipped, where it is not unpacked.
  static End* vulkan() {
    if (driver_manifest("mesa25") != nullptr) return ends_.get("mesa25");
    EXPECT_FALSE(is_in_vm()) << "GEYSER_MESA25 is not set";
    std::printf("NOT RUN: Mesa 25 is not here; ./dev drivers unpacks it on Debian 12\n");
    return nullptr;
  }

  static TextureDescriptor of(TextureFormat format) {
    TextureDescriptor d;
    d.format = format;
    d.extent = format_info(format).is_multi_planar() ? Extent3D{60, 34, 1} : Extent3D{61, 35, 1};
    return d;
  }

  // Both ends see what the other wrote.
  static void hand_off(End& a, SharedTexture& at_a, End& b, SharedTexture& at_b) {
    AccessState state;
    for (const bool back : {false, true}) {
      End& writer = back ? b : a;
      End& reader = back ? a : b;
      SharedTexture& source = back ? at_b : at_a;
      SharedTexture& target = back ? at_a : at_b;
      const auto picture = make_pattern(source.descriptor(), back ? 2 : 1);
      auto write = source.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      auto filled = writer.fill(source, picture);
      ASSERT_TRUE(filled) << filled.error().to_string();
      state = *source.end_access(*std::move(write));
      auto read = target.begin_access(AccessMode::read, state);
      ASSERT_TRUE(read) << read.error().to_string();
      auto seen = reader.read(target);
      ASSERT_TRUE(seen) << seen.error().to_string();
      state = *target.end_access(*std::move(read));
      EXPECT_EQ(difference(source.descriptor(), picture, *seen), "");
    }
    EXPECT_EQ(at_a.path(), SharePath::zero_copy);
    EXPECT_EQ(at_b.path(), SharePath::zero_copy);
    EXPECT_EQ(at_a.statistics().bytes_copied + at_b.statistics().bytes_copied, 0U);
  }

  // What `parcel` has is what `reader` sees, and what it writes is in the producer's own mapping.
  static void expect_same_memory(End& reader, const ApiTextureHandle& parcel) {
    auto picture = make_pattern(parcel.descriptor, 1);
    move_rows(parcel, picture, true);
    auto opened = reader.manager().import_shared_texture(*parcel.duplicate());
    ASSERT_TRUE(opened) << opened.error().to_string();
    auto read = (*opened)->begin_access(AccessMode::read, written());
    ASSERT_TRUE(read) << read.error().to_string();
    auto seen = reader.read(**opened);
    ASSERT_TRUE(seen) << seen.error().to_string();
    EXPECT_EQ(difference(parcel.descriptor, picture, *seen), "");
    auto state = (*opened)->end_access(*std::move(read));
    ASSERT_TRUE(state);
    const auto answer = make_pattern(parcel.descriptor, 2);
    auto write = (*opened)->begin_access(AccessMode::discard, *state);
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(reader.fill(**opened, answer));
    ASSERT_TRUE((*opened)->end_access(*std::move(write)));
    move_rows(parcel, picture, false);
    EXPECT_EQ(difference(parcel.descriptor, answer, picture), "");
    EXPECT_EQ((*opened)->statistics().bytes_copied, 0U);
  }

  void expect_refused(ApiTextureHandle&& wrong, ErrorCode code, const std::string& words) {
    auto opened = host().manager().import_shared_texture(std::move(wrong));
    ASSERT_FALSE(opened) << words;
    EXPECT_EQ(opened.error().code(), code) << opened.error().to_string();
    EXPECT_NE(opened.error().message().find(words), std::string::npos) << opened.error().to_string();
  }

  static inline Ends ends_;
  TextureDescriptor descriptor_;
};

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

// Buffers that no Geyser made, at both kinds of end.
class Producer : public HostDmaBuf, public testing::WithParamInterface<std::string> {};

TEST_P(Producer, IsImportedByHostAndVulkan) {
  const std::string source = GetParam();
  const bool is_drm = source == "vgem" || source == "virtio_gpu";
  if (is_drm && !has_drm_nodes()) {
    std::printf("NOT RUN: no DRM node here; ./dev rig vm has them\n");
    GTEST_SKIP();
  }
  const auto kind = source == "udmabuf" ? DmaBufSource::udmabuf : DmaBufSource::dma_heap;
  if (!is_drm && !platform::makes_dma_bufs(kind)) {
    ASSERT_FALSE(is_in_vm());
    std::printf("NOT RUN: no %s here; ./dev rig vm has it\n", source.c_str());
    GTEST_SKIP();
  }
  std::vector<End*> readers{&host()};
  if (End* driver = vulkan()) readers.push_back(driver);
  for (End* reader : readers) {
    SCOPED_TRACE(reader->name());
    if (is_drm) {
      auto node = DrmNode::open(source);
      ASSERT_TRUE(node) << node.error().to_string();
      auto dumb = node->create_dumb(61, 35, 32);
      ASSERT_TRUE(dumb) << dumb.error().to_string();
      ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
      parcel.layout.planes[0].stride = dumb->stride;
      parcel.layout.allocation_size = dumb->size;
      parcel.handles[0] = std::move(dumb->handle);
      expect_same_memory(*reader, parcel);
      continue;
    }
    Foreign foreign;
    foreign.make = [&](std::uint64_t size) { return platform::create_dma_buf(kind, size); };
    expect_same_memory(*reader, foreign_parcel(descriptor_, foreign));
    foreign.first = 4096;
    foreign.padding = 100;  // a pitch that no driver would choose
    expect_same_memory(*reader, foreign_parcel(descriptor_, foreign));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Producer, testing::Values("udmabuf", "dma_heap", "vgem", "virtio_gpu"),
                         [](const auto& source) { return source.param; });

TEST_F(HostDmaBuf, TenThousandImportsIntoVulkanLeakNothing) {
  if (driver_manifest("mesa25") == nullptr) {
    std::printf("NOT RUN: Mesa 25 is not here\n");
    GTEST_SKIP();
  }
  auto driver = make_end("mesa25", Validation::off);
  ASSERT_TRUE(driver) << driver.error().to_string();
  const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  ASSERT_TRUE((*driver)->settle());
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    auto opened = (*driver)->manager().import_shared_texture(*parcel.duplicate());
    ASSERT_TRUE(opened) << i << ": " << opened.error().to_string();
  }
  ASSERT_TRUE((*driver)->settle());
  EXPECT_EQ(open_descriptors(), before);
}

// The kernel's own fences and rights, which the stand-in has not.
class KernelOnly : public HostDmaBuf {
 protected:
  void SetUp() override {
    HostDmaBuf::SetUp();
    if (has_drm_nodes()) return;
    std::printf("NOT RUN: no DRM node here; ./dev rig vm has them\n");
    GTEST_SKIP();
  }
};

TEST_F(KernelOnly, AnAccessWaitsForTheImplicitFence) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node) << node.error().to_string();
  const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  auto opened = *host().manager().import_shared_texture(*parcel.duplicate());
  opened->set_wait_timeout(std::chrono::milliseconds(30));
  const LateFence late = *node->create_fence();
  ASSERT_TRUE(import_sync_file(parcel, late.sync_file(), AccessMode::write));
  const auto refused = opened->begin_access(AccessMode::read, written());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::timeout) << refused.error().to_string();
  EXPECT_TRUE(host::bytes(*opened)->empty()) << "nothing is open";
  late.signal();
  auto read = opened->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(opened->end_access(*std::move(read)));
}

TEST_F(KernelOnly, AnAccessWaitsForASyncFile) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node) << node.error().to_string();
  std::vector<End*> readers{&host()};
  if (End* driver = vulkan()) readers.push_back(driver);
  for (End* reader : readers) {
    const auto& fences = reader->manager().capabilities().fences;
    const bool takes = std::any_of(fences.begin(), fences.end(), [](const FenceCapability& row) {
      return row.kind == FenceKind::sync_file && row.importable;
    });
    if (!takes && reader != &host()) {
      std::printf("NOT RUN: %s takes no sync files\n", reader->name().c_str());
      continue;
    }
    const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
    auto opened = *reader->manager().import_shared_texture(*parcel.duplicate());
    opened->set_wait_timeout(std::chrono::milliseconds(30));
    const LateFence late = *node->create_fence();
    auto fence = reader->manager().import_fence({FenceKind::sync_file, 77, 1, *late.sync_file().duplicate()});
    ASSERT_TRUE(fence) << fence.error().to_string();
    AccessState state = written();
    ASSERT_TRUE(state.writer.add({*fence, 1}));
    auto read = opened->begin_access(AccessMode::read, state);
    if (reader == &host()) {
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code(), ErrorCode::timeout) << read.error().to_string();
      late.signal();
      read = opened->begin_access(AccessMode::read, state);
    } else {
      ASSERT_TRUE(read) << "a device's access begins without its CPU waiting: " << read.error().to_string();
      late.signal();
    }
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(reader->read(*opened));
    ASSERT_TRUE(opened->end_access(*std::move(read)));
  }
}

TEST_F(KernelOnly, ABufferForReadingIsNotWritten) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node);
  auto dumb = node->create_dumb(61, 35, 32, false);
  ASSERT_TRUE(dumb);
  ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  parcel.layout.planes[0].stride = dumb->stride;
  parcel.handles[0] = std::move(dumb->handle);
  auto opened = host().manager().import_shared_texture(std::move(parcel));
  ASSERT_TRUE(opened) << opened.error().to_string();
  const auto refused = (*opened)->begin_access(AccessMode::discard, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("for reading only"), std::string::npos);
  auto read = (*opened)->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(host::bytes(**opened)->size(), 12288U);
  ASSERT_TRUE((*opened)->end_access(*std::move(read)));
}

}  // namespace
}  // namespace geyser::test
