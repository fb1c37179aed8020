// What the tests of dma-bufs at a CPU's end share: buffers as other producers make them, and two ends to open them
// with.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include <geyser/host.hpp>

#include "platform/dma_buf.hpp"
#include "support/current_mesa.hpp"
#include "support/descriptors.hpp"
#include "support/drm_node.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {

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

inline ApiTextureHandle foreign_parcel(const TextureDescriptor& d, const Foreign& foreign) {
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
inline void move_rows(const ApiTextureHandle& parcel, std::span<std::byte> picture, bool into_buffer) {
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

inline AccessState written() {
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
    for (const char* name : {"host", current_mesa()}) {
      if (name == nullptr) continue;
      for (const std::string& complaint : std::exchange(end(name).complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  static End& end(const std::string& name) { return *ends_.get(name); }
  static End& host() { return end("host"); }
  // A current Mesa's lavapipe is the driver that can; null, and the test is skipped, where there is none.
  static End* vulkan() {
    if (current_mesa() != nullptr) return ends_.get(current_mesa());
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

}  // namespace geyser::test
