// Planes of one picture in one buffer and in several, and buffers of producers that know nothing of Geyser: offsets
// that are not zero, rows that are not tight, sizes that only the kernel says.
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <vector>

#include "contract/dma_buf_ends.hpp"
#include "platform/shared_memory.hpp"
#include "vulkan/dma_buf.hpp"

namespace geyser::test {
namespace {

constexpr TextureFormat planar_formats[] = {TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420};

// A buffer of /dev/udmabuf, and its bytes.
class ForeignBuffer {
 public:
  explicit ForeignBuffer(std::size_t size) : size_(size) {
    const OwnedHandle memory =
        OwnedHandle::adopt(HandleKind::host_memory, memfd_create("a producer's", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(ftruncate(static_cast<int>(memory.get()), static_cast<off_t>(size)), 0);
    EXPECT_EQ(fcntl(static_cast<int>(memory.get()), F_ADD_SEALS, F_SEAL_SHRINK), 0);
    void* const address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, static_cast<int>(memory.get()), 0);
    EXPECT_NE(address, MAP_FAILED);
    bytes_ = {static_cast<std::byte*>(address), size};
    std::memset(address, 0xa5, size);
    const OwnedHandle device = OwnedHandle::adopt(HandleKind::host_memory, open("/dev/udmabuf", O_RDWR | O_CLOEXEC));
    udmabuf_create create{};
    create.memfd = static_cast<std::uint32_t>(memory.get());
    create.flags = UDMABUF_FLAGS_CLOEXEC;
    create.size = size;
    handle_ = OwnedHandle::adopt(HandleKind::dma_buf, ioctl(static_cast<int>(device.get()), UDMABUF_CREATE, &create));
    EXPECT_TRUE(handle_.has_value());
  }
  ~ForeignBuffer() { munmap(bytes_.data(), size_); }
  ForeignBuffer(const ForeignBuffer&) = delete;
  ForeignBuffer& operator=(const ForeignBuffer&) = delete;

  std::span<std::byte> bytes() const { return bytes_; }
  OwnedHandle handle() const { return *handle_.duplicate(); }

 private:
  std::size_t size_;
  std::span<std::byte> bytes_;
  OwnedHandle handle_;
};

// Where a producer has put one plane.
struct Place {
  std::uint32_t buffer;
  std::uint64_t offset;
  std::uint64_t stride;
};

struct Producer {
  TextureDescriptor descriptor;
  std::vector<Place> planes;
  std::vector<std::unique_ptr<ForeignBuffer>> buffers;

  // With a descriptor of its own for each plane, as video decoders give them, or one for each buffer.
  ApiTextureHandle parcel(const DeviceIdentity& identity, bool one_for_each_plane) const {
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor;
    parcel.identity = identity;
    parcel.api = Api::vulkan;
    parcel.kind = HandleKind::dma_buf;
    parcel.layout.tiling = Tiling::drm_modifier;
    parcel.layout.modifier = drm_modifier_linear;
    parcel.layout.plane_count = static_cast<std::uint32_t>(planes.size());
    parcel.layout.allocation_size = buffers[planes[0].buffer]->bytes().size();
    for (std::uint32_t i = 0; i < planes.size(); ++i) {
      parcel.layout.planes[i] = {one_for_each_plane ? i : planes[i].buffer, planes[i].offset, planes[i].stride};
    }
    parcel.handle_count = static_cast<std::uint32_t>(one_for_each_plane ? planes.size() : buffers.size());
    for (std::uint32_t i = 0; i < parcel.handle_count; ++i) {
      parcel.handles[i] = buffers[one_for_each_plane ? planes[i].buffer : i]->handle();
    }
    return parcel;
  }
  // The producer's rows in host packing, or the other way round.
  void copy(std::span<std::byte> packed, bool into_buffers) const {
    for (std::uint32_t plane = 0; plane < planes.size(); ++plane) {
      const HostSubresource sub = host_subresource(descriptor, plane, 0, 0);
      for (std::uint32_t row = 0; row < sub.rows; ++row) {
        std::byte* const there = buffers[planes[plane].buffer]->bytes().data() + planes[plane].offset +
                                 std::uint64_t{row} * planes[plane].stride;
        std::byte* const here = packed.data() + sub.offset + row * sub.row_stride;
        std::memcpy(into_buffers ? there : here, into_buffers ? here : there, sub.row_bytes);
      }
    }
  }
  // Bytes outside the rows that are no longer what the producer has put there.
  std::size_t spoiled() const {
    std::size_t count = 0;
    for (std::uint32_t buffer = 0; buffer < buffers.size(); ++buffer) {
      std::vector<bool> picture(buffers[buffer]->bytes().size(), false);
      for (std::uint32_t plane = 0; plane < planes.size(); ++plane) {
        if (planes[plane].buffer != buffer) continue;
        const HostSubresource sub = host_subresource(descriptor, plane, 0, 0);
        for (std::uint64_t row = 0; row < sub.rows; ++row) {
          const auto first = static_cast<std::ptrdiff_t>(planes[plane].offset + row * planes[plane].stride);
          std::fill_n(picture.begin() + first, sub.row_bytes, true);
        }
      }
      for (std::size_t i = 0; i < picture.size(); ++i) {
        if (!picture[i] && buffers[buffer]->bytes()[i] != std::byte{0xa5}) ++count;
      }
    }
    return count;
  }
};

Producer make_producer(const TextureDescriptor& descriptor, std::vector<Place> planes, std::size_t size) {
  Producer producer;
  producer.descriptor = descriptor;
  producer.planes = std::move(planes);
  std::uint32_t count = 0;
  for (const Place& place : producer.planes) count = std::max(count, place.buffer + 1);
  for (std::uint32_t i = 0; i < count; ++i) producer.buffers.push_back(std::make_unique<ForeignBuffer>(size));
  return producer;
}

class Planes : public DmaBuf {
 protected:
  // Null: this driver's dma-bufs do not have the format.
  static const TextureCapability* row_of(TextureFormat format) {
    for (const TextureCapability& row : to_->manager().capabilities().textures) {
      if (row.format == format && row.handle_kind == HandleKind::dma_buf && row.importable) return &row;
    }
    return nullptr;
  }
  static bool is_there(TextureFormat format, bool disjoint) {
    const TextureCapability* row = row_of(format);
    if (row != nullptr && (row->disjoint || !disjoint)) return true;
    std::printf("NOT RUN: this driver has no dma-buf of format %s%s; Mesa 25.0's lavapipe lists some and refuses all\n",
                std::string(to_string(format)).c_str(), disjoint ? " with a buffer for each plane" : "");
    return false;
  }
  // What the producer wrote is read, and what is written is where the producer looks for it, and nowhere else.
  static void use(const Producer& producer, bool one_for_each_plane) {
    const std::size_t before = settled_descriptors();
    {
      auto imported = to_->manager().import_shared_texture(
          producer.parcel(from_->manager().capabilities().identity, one_for_each_plane));
      ASSERT_TRUE(imported) << imported.error().to_string();
      auto expected = make_pattern(producer.descriptor, 7);
      producer.copy(expected, true);
      AccessState state;
      state.serial = 1;
      state.initialized = true;
      auto read = (*imported)->begin_access(AccessMode::read, state);
      ASSERT_TRUE(read) << read.error().to_string();
      const auto actual = to_->read(**imported);
      ASSERT_TRUE(actual) << actual.error().to_string();
      EXPECT_EQ(difference(producer.descriptor, expected, *actual), "");
      state = *(*imported)->end_access(*std::move(read));
      expected = make_pattern(producer.descriptor, 8);
      auto write = (*imported)->begin_access(AccessMode::write, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(to_->fill(**imported, expected));
      ASSERT_TRUE((*imported)->end_access(*std::move(write)));
      std::vector<std::byte> seen(expected.size());
      producer.copy(seen, false);
      EXPECT_EQ(difference(producer.descriptor, expected, seen), "");
      EXPECT_EQ(producer.spoiled(), 0U);
      EXPECT_EQ((*imported)->statistics().bytes_copied, 0U);
    }
    EXPECT_EQ(settled_descriptors(), before);
  }
};

TEST_F(Planes, AForeignBufferIsUsedWhereItsRowsAre) {
  // Rows of 244 bytes, 320 apart, from the third page on; and a buffer that is larger than the picture.
  use(make_producer(descriptor_, {{0, 8192, 320}}, 65536), false);
  descriptor_.format = TextureFormat::bgra8_unorm;
  use(make_producer(descriptor_, {{0, 64, 1024}}, 65536), false);
}

TEST_F(Planes, AForeignBufferHasTheSizeThatTheKernelSays) {
  const Producer producer = make_producer(descriptor_, {{0, 4096, 320}}, 16384);
  const DeviceIdentity& identity = from_->manager().capabilities().identity;
  // 35 rows of 320 bytes from 4096 on end within 16384 bytes; from 8192 on they do not, whatever is said.
  EXPECT_TRUE(to_->manager().import_shared_texture(producer.parcel(identity, false)));
  ApiTextureHandle wrong = producer.parcel(identity, false);
  wrong.layout.planes[0].offset = 8192;
  wrong.layout.allocation_size = 1U << 20U;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "the handle's object has [16384] bytes");
  wrong = producer.parcel(identity, false);
  wrong.layout.planes[0].offset = 8192;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0]]");
  wrong = producer.parcel(identity, false);
  wrong.layout.allocation_size = 4096 + 35 * 320;
  EXPECT_TRUE(to_->manager().import_shared_texture(std::move(wrong))) << "less than there is may be said";
}

TEST_F(Planes, ForeignPlanesOfOneBuffer) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::p010}) {
    SCOPED_TRACE(std::string(to_string(format)));
    if (!is_there(format, false)) continue;
    descriptor_.format = format;
    descriptor_.extent = {60, 34, 1};
    // The second plane does not follow the first, and has other rows.
    const Producer producer = make_producer(descriptor_, {{0, 4096, 192}, {0, 20480, 256}}, 65536);
    use(producer, false);
    use(producer, true);
  }
}

TEST_F(Planes, ForeignPlanesOfTwoBuffers) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::p010}) {
    SCOPED_TRACE(std::string(to_string(format)));
    if (!is_there(format, true)) continue;
    descriptor_.format = format;
    descriptor_.extent = {60, 34, 1};
    use(make_producer(descriptor_, {{0, 0, 128}, {1, 0, 128}}, 32768), false);
    use(make_producer(descriptor_, {{0, 4096, 192}, {1, 12288, 256}}, 32768), false);
    use(make_producer(descriptor_, {{1, 4096, 192}, {0, 64, 256}}, 32768), false);
  }
}

TEST_F(Planes, ThreePlanesOfTwoBuffers) {
  if (!is_there(TextureFormat::i420, true)) return;
  descriptor_.format = TextureFormat::i420;
  descriptor_.extent = {60, 34, 1};
  use(make_producer(descriptor_, {{0, 0, 64}, {1, 0, 64}, {1, 4096, 128}}, 32768), false);
  use(make_producer(descriptor_, {{0, 0, 64}, {1, 0, 64}, {1, 4096, 128}}, 32768), true);
}

TEST_F(Planes, ABufferForEachPlaneIsExportedAndImported) {
  std::size_t run = 0;
  for (const TextureFormat format : planar_formats) {
    SCOPED_TRACE(std::string(to_string(format)));
    if (!is_there(format, true)) continue;
    ++run;
    descriptor_.format = format;
    descriptor_.extent = {60, 34, 1};
    Agreement agreement = *agree(descriptor_);
    ASSERT_EQ(agreement.handle_kind, HandleKind::dma_buf);
    EXPECT_FALSE(agreement.disjoint);
    agreement.disjoint = true;
    const std::size_t before = settled_descriptors();
    {
      auto texture = from_->manager().create_texture(descriptor_, agreement);
      ASSERT_TRUE(texture) << texture.error().to_string();
      auto made = from_->manager().export_texture(**texture);
      ASSERT_TRUE(made) << made.error().to_string();
      ASSERT_EQ(made->handle_count, format_info(format).plane_count);
      for (std::uint32_t i = 0; i < made->handle_count; ++i) {
        EXPECT_EQ(made->layout.planes[i].handle_index, i);
        for (std::uint32_t j = 0; j < i; ++j) {
          EXPECT_FALSE(*platform::kernel_identity(made->handles[i].get()) ==
                       *platform::kernel_identity(made->handles[j].get()));
        }
      }
      auto imported = to_->manager().import_shared_texture(*std::move(made));
      ASSERT_TRUE(imported) << imported.error().to_string();
      exchange(**texture, **imported);
    }
    EXPECT_EQ(settled_descriptors(), before);
  }
  std::printf("formats with a buffer for each plane: %zu\n", run);
}

TEST_F(Planes, ABufferForEachPlaneIsRefusedWhereThereIsNone) {
  Agreement agreement = *agree(descriptor_);
  agreement.disjoint = true;
  const auto made = from_->manager().create_texture(descriptor_, agreement);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::unsupported);
  EXPECT_NE(made.error().message().find("with a buffer for each plane"), std::string::npos);
}

TEST_F(Planes, AWrongPlaneOfASecondBufferIsNamed) {
  if (!is_there(TextureFormat::nv12, true)) return;
  descriptor_.format = TextureFormat::nv12;
  descriptor_.extent = {60, 34, 1};
  const Producer producer = make_producer(descriptor_, {{0, 0, 64}, {1, 4096, 64}}, 8192);
  const DeviceIdentity& identity = from_->manager().capabilities().identity;
  const std::size_t before = settled_descriptors();
  ApiTextureHandle wrong = producer.parcel(identity, false);
  wrong.layout.planes[1].offset = 8192 - 64;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[1]]");
  wrong = producer.parcel(identity, false);
  wrong.layout.planes[1].stride = 59;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[1].stride]");
  wrong = producer.parcel(identity, false);
  wrong.layout.planes[1].handle_index = 0;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "Handle [1] is a buffer that none of");
  wrong = producer.parcel(identity, false);
  wrong.layout.plane_count = 1;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.plane_count]");
  EXPECT_EQ(settled_descriptors(), before);
}

// What a parcel's handles are is told without a driver, so also where none has such images.
TEST(ReceivedBuffers, AreKernelObjects) {
  TextureDescriptor descriptor;
  descriptor.format = TextureFormat::nv12;
  descriptor.extent = {60, 34, 1};
  const auto sort = [&](const Producer& producer, bool one_for_each_plane) {
    return vulkan::sort_buffers(producer.parcel({}, one_for_each_plane));
  };
  const Producer joint = make_producer(descriptor, {{0, 0, 64}, {0, 4096, 64}}, 8192);
  for (const bool each : {false, true}) {
    const auto one = sort(joint, each);
    ASSERT_TRUE(one) << one.error().to_string();
    EXPECT_EQ(one->count, 1U);
    EXPECT_EQ(one->buffers[0].size, 8192U);
    EXPECT_EQ(one->of_plane[1], 0U);
  }
  const auto two = sort(make_producer(descriptor, {{1, 0, 64}, {0, 4096, 64}}, 8192), false);
  ASSERT_TRUE(two) << two.error().to_string();
  EXPECT_EQ(two->count, 2U);
  EXPECT_EQ(two->of_plane[0], 1U);
  EXPECT_EQ(two->of_plane[1], 0U);
  EXPECT_EQ(two->buffers[1].handle, 1U);
  descriptor.format = TextureFormat::i420;
  const auto shared = sort(make_producer(descriptor, {{0, 0, 64}, {1, 0, 64}, {1, 4096, 64}}, 8192), true);
  ASSERT_TRUE(shared) << shared.error().to_string();
  EXPECT_EQ(shared->count, 2U);
  EXPECT_EQ(shared->of_plane[2], 1U);
  EXPECT_EQ(shared->buffers[1].handle, 1U) << "the first of two numbers";
  const auto over = sort(make_producer(descriptor, {{0, 0, 64}, {1, 0, 64}, {1, 8192 - 64, 64}}, 8192), false);
  ASSERT_FALSE(over);
  EXPECT_NE(over.error().message().find("[layout.planes[2]]"), std::string::npos) << over.error().to_string();
  const auto both = sort(make_producer(descriptor, {{0, 0, 64}, {1, 0, 64}, {1, 64, 64}}, 8192), false);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(both.error().message().find("overlaps plane [1]"), std::string::npos) << both.error().to_string();
  // A plane is not looked for in the buffer of another.
  Producer lopsided = make_producer(descriptor, {{0, 0, 64}, {1, 4096, 64}, {1, 6144, 64}}, 8192);
  lopsided.buffers[1] = std::make_unique<ForeignBuffer>(4096);
  EXPECT_FALSE(sort(lopsided, false));
}

}  // namespace
}  // namespace geyser::test
