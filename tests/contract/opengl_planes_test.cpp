// Planes of a picture in dma-bufs as OpenGL's textures: anywhere in a buffer, in one and in two.
#include <cstring>
#include <span>

#include "contract/opengl_dma_buf.hpp"
#include "opengl/loader.hpp"

namespace geyser::test {
namespace {

// Offsets that are not zero, rows that are not tight, and several planes, told from memory whose maker sees all of it
// as one texture of bytes.
class Planes : public OpenGlDmaBuf {
 protected:
  // The bytes of a picture of red alone, as wide as its rows.
  ApiTextureHandle bytes(std::uint32_t width, std::uint32_t height) {
    TextureDescriptor d;
    d.format = TextureFormat::r8_unorm;
    d.extent = {width, height, 1};
    made_.push_back(make(vulkan(), d));
    return *vulkan().export_texture(*made_.back());
  }
  // The same bytes by Vulkan's means.
  static std::vector<std::byte> look(SharedTexture& texture, const AccessState& state) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto seen = ends_.get("vulkan")->read(texture);
    EXPECT_TRUE(seen) << seen.error().to_string();
    EXPECT_TRUE(texture.end_access(*std::move(access)));
    return *std::move(seen);
  }
  // Whether each plane of `d`, as pattern `seed` has it, lies in `memory` where `layout` says.
  static void expect_planes(const TextureDescriptor& d, const MemoryLayout& layout, std::uint32_t seed,
                            std::span<const std::byte> memory, std::uint32_t handle = 0) {
    const auto pattern = make_pattern(d, seed);
    for (std::uint32_t plane = 0; plane < layout.plane_count; ++plane) {
      if (layout.planes.at(plane).handle_index != handle) continue;
      const HostSubresource sub = host_subresource(d, plane, 0, 0);
      for (std::uint32_t y = 0; y < sub.rows; ++y) {
        ASSERT_EQ(std::memcmp(pattern.data() + sub.offset + y * sub.row_stride,
                              memory.data() + layout.planes.at(plane).offset + y * layout.planes.at(plane).stride,
                              sub.row_bytes),
                  0)
            << "plane " << plane << " row " << y;
      }
    }
  }
};

TEST_F(Planes, MayStandAnywhereInTheBuffer) {
  for (const char* name : {"opengl", "opengl_es"}) {
    SCOPED_TRACE(name);
    ApiTextureHandle parcel = bytes(512, 64);
    SharedTexture& all = *made_.back();
    AccessState state = write(*ends_.get("vulkan"), all, {}, 1);
    const std::vector<std::byte> before = look(all, state);
    parcel.descriptor = descriptor_;  // 61x35 of rgba8
    parcel.layout.planes[0].offset = 512 * 3 + 64;
    auto imported = ends_.get(name)->manager().import_shared_texture(std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    state = write(*ends_.get(name), **imported, state, 2);
    const std::vector<std::byte> after = look(all, state);
    expect_planes(descriptor_, (*imported)->layout(), 2, after);
    // And nothing beside it.
    for (std::size_t at = 0; at < after.size(); ++at) {
      const std::size_t row = at / 512;
      const std::size_t column = at % 512;
      const bool inside = row >= 3 && row < 3 + 35 && column >= 64 && column < 64 + 61 * 4;
      ASSERT_TRUE(inside || after[at] == before[at]) << "row " << row << " byte " << column;
    }
  }
}

TEST_F(Planes, OfOneBufferAreTexturesOfTheirOwn) {
  for (const TextureFormat format : {TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420}) {
    for (const char* name : {"opengl", "opengl_es"}) {
      for (const bool two_handles : {false, true}) {
        SCOPED_TRACE(std::string(to_string(format)) + " " + name);
        ApiTextureHandle parcel = bytes(256, 96);
        SharedTexture& all = *made_.back();
        TextureDescriptor d = descriptor_;
        d.format = format;
        d.extent = {62, 36, 1};
        parcel.descriptor = d;
        const std::uint32_t planes = format_info(format).plane_count;
        parcel.layout.plane_count = planes;
        parcel.layout.planes = {{{0, 256, 256}, {0, 256 * 40, 256}, {0, 256 * 70 + 64, 256}, {}}};
        if (two_handles) {
          parcel.handle_count = planes;
          for (std::uint32_t i = 1; i < planes; ++i) {
            parcel.handles.at(i) = *parcel.handles[0].duplicate();
            parcel.layout.planes.at(i).handle_index = i;
          }
        }
        const MemoryLayout layout = parcel.layout;
        End& end = *ends_.get(name);
        auto imported = end.manager().import_shared_texture(std::move(parcel));
        ASSERT_TRUE(imported) << imported.error().to_string();
        const auto native = opengl::native(**imported);
        ASSERT_EQ(native->plane_count, planes);
        EXPECT_EQ(native->planes[0].internal_format, format == TextureFormat::p010 ? GL_R16 : GL_R8);
        AccessState state = expect(end, **imported, write(end, **imported, {}, 3), 3);
        const auto memory = look(all, state);
        for (std::uint32_t i = 0; i < planes; ++i) expect_planes(d, layout, 3, memory, i);
        EXPECT_EQ((*imported)->statistics().bytes_copied, 0U);
      }
    }
  }
}

TEST_F(Planes, OfTwoBuffersAreTexturesOfTheirOwn) {
  for (const char* name : {"opengl", "opengl_es"}) {
    ApiTextureHandle parcel = bytes(256, 48);
    SharedTexture& luma = *made_.back();
    ApiTextureHandle other = bytes(256, 24);
    SharedTexture& chroma = *made_.back();
    TextureDescriptor d = descriptor_;
    d.format = TextureFormat::nv12;
    d.extent = {62, 36, 1};
    parcel.descriptor = d;
    parcel.layout.plane_count = 2;
    parcel.layout.planes = {{{0, 0, 256}, {1, 512, 256}, {}, {}}};
    parcel.handle_count = 2;
    parcel.handles[1] = std::move(other.handles[0]);
    const MemoryLayout layout = parcel.layout;
    End& end = *ends_.get(name);
    auto again = parcel.duplicate();
    auto imported = end.manager().import_shared_texture(std::move(parcel));
    ASSERT_TRUE(imported) << imported.error().to_string();
    const AccessState state = write(end, **imported, {}, 4);
    expect_planes(d, layout, 4, look(luma, state), 0);
    expect_planes(d, layout, 4, look(chroma, state), 1);
    // The second buffer's size is the kernel's word, too.
    again->layout.planes[1].offset = 256 * 20;
    auto over = end.manager().import_shared_texture(*std::move(again));
    ASSERT_FALSE(over);
    EXPECT_NE(over.error().message().find("[layout.planes[1]]"), std::string::npos) << over.error().to_string();
  }
}

}  // namespace
}  // namespace geyser::test
