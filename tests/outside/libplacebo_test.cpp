// Textures between us and libplacebo, each on a device of its own: it opens ours and we open its, by nothing but a
// descriptor and what its public structures say. On each Vulkan driver here, whatever it can; what it cannot is
// asserted with the reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "outside/placebo.hpp"
#include "outside/proven.hpp"
#include "support/descriptors.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

// Under which names libplacebo has our formats. Its formats with one letter more or less convert what a CPU sees.
struct Named {
  TextureFormat format;
  const char* name;
};
constexpr Named formats[]{{TextureFormat::r8_unorm, "r8"},           {TextureFormat::rg8_unorm, "rg8"},
                          {TextureFormat::rgba8_unorm, "rgba8"},     {TextureFormat::bgra8_unorm, "bgra8"},
                          {TextureFormat::rgba8_uint, "rgba8u"},     {TextureFormat::r16_unorm, "r16"},
                          {TextureFormat::rg16_unorm, "rg16"},       {TextureFormat::rgba16_unorm, "rgba16"},
                          {TextureFormat::rgba16_float, "rgba16hf"}, {TextureFormat::r32_float, "r32f"},
                          {TextureFormat::rgba32_float, "rgba32f"},  {TextureFormat::rgb10a2_unorm, "rgb10a2"},
                          {TextureFormat::rgb565_unorm, "bgr565"}};

TextureDescriptor of(TextureFormat format) {
  TextureDescriptor d;
  d.format = format;
  d.extent = format_info(format).is_multi_planar() ? Extent3D{60, 34, 1} : Extent3D{61, 35, 1};
  return d;
}

AccessState written() {
  AccessState state;
  state.serial = 1;
  state.initialized = true;
  return state;
}

class Libplacebo : public testing::TestWithParam<const char*> {
 public:
  static void TearDownTestSuite() { ends_.close(); }

 protected:
  void SetUp() override {
    const std::string name = GetParam();
    if (name != "vulkan" && driver_manifest(name) == nullptr) {
      EXPECT_EQ(std::getenv("GEYSER_OUTSIDE"), nullptr);  // ./dev outside has it
      std::printf("NOT RUN: driver %s is not here; ./dev drivers unpacks it\n", name.c_str());
      GTEST_SKIP();
    }
    end_ = ends_.get(name);
    ASSERT_NE(end_, nullptr);
    host_ = ends_.get("host");
    ASSERT_TRUE(end_->settle());
    before_ = open_descriptors();
    auto made = Placebo::create(ours(), driver_manifest(name));
    ASSERT_TRUE(made) << made.error().to_string();
    placebo_ = *std::move(made);
  }
  void TearDown() override {
    if (placebo_ != nullptr) {
      EXPECT_EQ(placebo_->take_messages(), "");
      placebo_.reset();  // it keeps memory for its next textures
      EXPECT_TRUE(end_->settle());
      EXPECT_EQ(open_descriptors(), before_);
    }
    for (End* end : {end_, host_}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : std::exchange(end->complaints, {})) ADD_FAILURE() << complaint;
    }
  }

  static std::string on() { return std::string(", on driver ") + GetParam(); }
  TextureShareManager& ours() { return end_->manager(); }
  bool is_mesa25() const {
    return GetParam() == std::string("mesa25") || (GetParam() == std::string("vulkan") && is_rig("mesa"));
  }
  bool we_open(HandleKind kind, TextureFormat format) {
    const auto& rows = ours().capabilities().textures;
    return std::ranges::any_of(rows, [&](const TextureCapability& row) {
      return row.handle_kind == kind && row.format == format && row.importable;
    });
  }
  bool has_fence(FenceKind kind) {
    const auto& rows = ours().capabilities().fences;
    return std::ranges::any_of(rows, [&](const FenceCapability& row) { return row.kind == kind && row.importable; });
  }

  // A parcel of what libplacebo gives out, by its public structures alone.
  ApiTextureHandle parcel_of(pl_tex texture, const TextureDescriptor& descriptor, HandleKind kind) {
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor;
    parcel.api = Api::vulkan;
    parcel.kind = kind;
    parcel.handle_count = 1;
    // The descriptor stays libplacebo's.
    auto handle = OwnedHandle::duplicate(kind, texture->shared_mem.handle.fd);
    EXPECT_TRUE(handle);
    if (handle) parcel.handles[0] = *std::move(handle);
    parcel.identity.has_uuids = true;
    std::ranges::copy(placebo_->gpu()->uuid, parcel.identity.device_uuid.begin());
    parcel.layout.allocation_size = texture->shared_mem.size;
    parcel.layout.plane_count = 1;
    parcel.layout.planes[0].offset = texture->shared_mem.offset;
    if (kind == HandleKind::dma_buf) {
      parcel.layout.tiling = Tiling::drm_modifier;
      parcel.layout.modifier = texture->shared_mem.drm_format_mod;
      parcel.layout.planes[0].stride = texture->shared_mem.stride_w;
    } else {
      // What its header does not say is in the image: the usage that ours must repeat.
      VkFormat format = VK_FORMAT_UNDEFINED;
      pl_vulkan_unwrap(placebo_->gpu(), texture, &format, &parcel.layout.vulkan_usage);
    }
    return parcel;
  }
  static pl_shared_mem memory_of(const ApiTextureHandle& parcel, std::uint32_t plane = 0) {
    pl_shared_mem memory{};
    const MemoryPlane& where = parcel.layout.planes[plane];
    memory.handle.fd = static_cast<int>(parcel.handles[where.handle_index].get());
    memory.size = parcel.layout.allocation_size;
    memory.offset = where.offset;
    memory.drm_format_mod = parcel.layout.modifier;
    memory.stride_w = where.stride;
    return memory;
  }

  // We see what libplacebo has written into `theirs`, and it what we answer.
  void expect_both_ways(pl_tex theirs, SharedTexture& opened) {
    const TextureDescriptor& d = opened.descriptor();
    const std::size_t pitch = host_subresource(d, 0, 0, 0).row_stride;
    const auto picture = make_pattern(d, 1);
    ASSERT_TRUE(placebo_->fill(theirs, picture, pitch)) << placebo_->take_messages();
    ASSERT_TRUE(placebo_->give(theirs)) << placebo_->take_messages();
    auto read = opened.begin_access(AccessMode::read, written());
    ASSERT_TRUE(read) << read.error().to_string();
    auto seen = end_->read(opened);
    ASSERT_TRUE(seen) << seen.error().to_string();
    auto state = opened.end_access(*std::move(read));
    ASSERT_TRUE(state) << state.error().to_string();
    EXPECT_EQ(difference(d, picture, *seen), "");

    const auto answer = make_pattern(d, 2);
    auto write = opened.begin_access(AccessMode::discard, *state);
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(end_->fill(opened, answer));
    ASSERT_TRUE(opened.end_access(*std::move(write)));
    placebo_->take_back(theirs);
    std::vector<std::byte> back(answer.size());
    ASSERT_TRUE(placebo_->read(theirs, back, pitch)) << placebo_->take_messages();
    EXPECT_EQ(difference(d, answer, back), "");
    EXPECT_EQ(opened.path(), SharePath::zero_copy);
    EXPECT_EQ(opened.statistics().bytes_copied, 0U);
  }

  // libplacebo sees what `maker` has written into a texture of its own, and writes into it.
  void expect_opened(End& maker, const Named& row) {
    const TextureDescriptor d = of(row.format);
    auto texture = maker.manager().create_texture(d, HandleKind::dma_buf);
    ASSERT_TRUE(texture) << texture.error().to_string();
    const auto picture = make_pattern(d, 3);
    auto write = (*texture)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(maker.fill(**texture, picture));
    auto state = (*texture)->end_access(*std::move(write));
    ASSERT_TRUE(state) << state.error().to_string();
    const auto parcel = maker.manager().export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();

    pl_tex theirs = placebo_->open(row.name, d.extent, PL_HANDLE_DMA_BUF, memory_of(*parcel));
    ASSERT_NE(theirs, nullptr) << placebo_->take_messages();
    // Both read the same name in the kernel's list; of rgba16 libplacebo 4.208 knows none.
    const std::uint32_t fourcc = theirs->params.format->fourcc;
    EXPECT_TRUE(fourcc == format_info(row.format).drm_fourcc || (fourcc == 0 && row.name == std::string("rgba16")));
    ASSERT_TRUE(placebo_->take_opened(theirs));
    const std::size_t pitch = host_subresource(d, 0, 0, 0).row_stride;
    std::vector<std::byte> seen(picture.size());
    ASSERT_TRUE(placebo_->read(theirs, seen, pitch)) << placebo_->take_messages();
    EXPECT_EQ(difference(d, picture, seen), "");

    const auto answer = make_pattern(d, 4);
    ASSERT_TRUE(placebo_->fill(theirs, answer, pitch)) << placebo_->take_messages();
    ASSERT_TRUE(placebo_->give(theirs));
    auto read = (*texture)->begin_access(AccessMode::read, *state);
    ASSERT_TRUE(read) << read.error().to_string();
    auto back = maker.read(**texture);
    ASSERT_TRUE(back) << back.error().to_string();
    ASSERT_TRUE((*texture)->end_access(*std::move(read)));
    EXPECT_EQ(difference(d, answer, *back), "");
    EXPECT_EQ((*texture)->statistics().bytes_copied, 0U);
    placebo_->destroy(theirs);
  }

  static inline Ends ends_;
  End* end_ = nullptr;
  End* host_ = nullptr;
  std::size_t before_ = 0;  // descriptors, without libplacebo
  std::unique_ptr<Placebo> placebo_;
};

TEST_P(Libplacebo, KnowsOurDevice) {
  EXPECT_TRUE(std::ranges::equal(placebo_->gpu()->uuid, ours().capabilities().identity.device_uuid));
  // It goes by the same extensions as we do.
  EXPECT_EQ((placebo_->gpu()->export_caps.tex & PL_HANDLE_FD) != 0,
            we_open(HandleKind::opaque_fd, TextureFormat::rgba8_unorm));
  EXPECT_EQ((placebo_->gpu()->import_caps.tex & PL_HANDLE_DMA_BUF) != 0,
            we_open(HandleKind::dma_buf, TextureFormat::rgba8_unorm));
  EXPECT_TRUE(!is_mesa25() || (placebo_->gpu()->import_caps.tex & PL_HANDLE_DMA_BUF) != 0);
}

TEST_P(Libplacebo, OpensOurDmaBufs) {
  if ((placebo_->gpu()->import_caps.tex & PL_HANDLE_DMA_BUF) == 0) {
    std::printf("NOT POSSIBLE: driver %s has no dma-bufs with modifiers\n", GetParam());
    const pl_shared_mem none{};
    EXPECT_EQ(placebo_->open("rgba8", {61, 35, 1}, PL_HANDLE_DMA_BUF, none), nullptr);
    EXPECT_NE(placebo_->take_messages().find("import_handle & gpu->import_caps.tex"), std::string::npos);
    return;
  }
  std::size_t opened = 0;
  for (End* maker : {end_, host_}) {
    for (const Named& row : formats) {
      SCOPED_TRACE(maker->name() + " " + row.name);
      if (!we_open(HandleKind::dma_buf, row.format)) continue;
      expect_opened(*maker, row);
      if (HasFatalFailure()) return;
      ++opened;
    }
  }
  EXPECT_GE(opened, 24U) << "formats, of two makers";
  proven("libplacebo reads and writes our dma-bufs in place, " + std::to_string(opened) + " times" + on());
}

// As video players open a decoder's frame: a texture for each plane, at its offset in the one buffer.
TEST_P(Libplacebo, OpensThePlanesOfOurDmaBufs) {
  if ((placebo_->gpu()->import_caps.tex & PL_HANDLE_DMA_BUF) == 0) return;  // asserted above
  constexpr const char* planes[3][3]{{"r8", "rg8", nullptr}, {"r16", "rg16", nullptr}, {"r8", "r8", "r8"}};
  constexpr TextureFormat video[3]{TextureFormat::nv12, TextureFormat::p010, TextureFormat::i420};
  for (int i = 0; i < 3; ++i) {
    const TextureDescriptor d = of(video[i]);
    SCOPED_TRACE(format_info(d.format).name);
    auto texture = host_->manager().create_texture(d, HandleKind::dma_buf);
    ASSERT_TRUE(texture) << texture.error().to_string();
    const auto picture = make_pattern(d, 5);
    auto write = (*texture)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write) << write.error().to_string();
    ASSERT_TRUE(host_->fill(**texture, picture));
    ASSERT_TRUE((*texture)->end_access(*std::move(write)));
    const auto parcel = host_->manager().export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    std::vector<std::byte> seen(picture.size());
    for (std::uint32_t plane = 0; plane < format_info(d.format).plane_count; ++plane) {
      pl_tex theirs =
          placebo_->open(planes[i][plane], mip_extent(d, 0, plane), PL_HANDLE_DMA_BUF, memory_of(*parcel, plane));
      ASSERT_NE(theirs, nullptr) << placebo_->take_messages();
      ASSERT_TRUE(placebo_->take_opened(theirs));
      const HostSubresource packed = host_subresource(d, plane, 0, 0);
      ASSERT_TRUE(placebo_->read(theirs, std::span(seen).subspan(packed.offset), packed.row_stride));
      placebo_->destroy(theirs);
    }
    EXPECT_EQ(difference(d, picture, seen), "");
  }
  proven(std::string("libplacebo reads each plane of our NV12, P010 and I420 in place") + on());
}

// libplacebo gives out opaque descriptors, and says that it opens them, too, as the driver does. But it has no way to:
// its memory allocator knows dma-bufs and pointers.
TEST_P(Libplacebo, OpensNoOpaqueDescriptor) {
  EXPECT_TRUE(placebo_->gpu()->import_caps.tex & PL_HANDLE_FD);
  auto texture = ours().create_texture(of(TextureFormat::rgba8_unorm), HandleKind::opaque_fd);
  ASSERT_TRUE(texture) << texture.error().to_string();
  const auto parcel = ours().export_texture(**texture);
  ASSERT_TRUE(parcel);
  EXPECT_EQ(placebo_->open("rgba8", {61, 35, 1}, PL_HANDLE_FD, memory_of(*parcel)), nullptr);
  const std::string messages = placebo_->take_messages();
  EXPECT_EQ(messages, "vk_malloc_import: unsupported handle type 1\n");
}

TEST_P(Libplacebo, GivesUsOpaqueTextures) {
  ASSERT_TRUE(placebo_->gpu()->export_caps.tex & PL_HANDLE_FD);
  std::size_t opened = 0;
  for (const Named& row : formats) {
    SCOPED_TRACE(row.name);
    const TextureDescriptor d = of(row.format);
    if (!we_open(HandleKind::opaque_fd, row.format)) continue;
    pl_tex theirs = placebo_->create(row.name, d.extent, PL_HANDLE_FD);
    ASSERT_NE(theirs, nullptr) << placebo_->take_messages();
    {
      auto ours_of_it = ours().import_shared_texture(parcel_of(theirs, d, HandleKind::opaque_fd));
      ASSERT_TRUE(ours_of_it) << ours_of_it.error().to_string();
      expect_both_ways(theirs, **ours_of_it);
    }
    placebo_->destroy(theirs);
    ++opened;
  }
  EXPECT_GE(opened, 8U) << "formats";
  proven("we read and write libplacebo's textures by opaque descriptors, " + std::to_string(opened) + " formats" +
         on());
}

// Where libplacebo has put a texture behind another in one memory: an opaque image is bound at its start here, so the
// parcel is refused and not opened somewhere else.
TEST_P(Libplacebo, GivesUsNoOpaqueTextureBehindAnother) {
  const TextureDescriptor d = of(TextureFormat::rgba8_unorm);
  pl_tex first = placebo_->create("rgba8", d.extent, PL_HANDLE_FD);
  pl_tex second = placebo_->create("rgba8", d.extent, PL_HANDLE_FD);
  ASSERT_TRUE(first != nullptr && second != nullptr) << placebo_->take_messages();
  ASSERT_NE(second->shared_mem.offset, 0U);
  auto refused = ours().import_shared_texture(parcel_of(second, d, HandleKind::opaque_fd));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(refused.error().message().find("[layout.planes[0].offset]"), std::string::npos)
      << refused.error().to_string();
  placebo_->destroy(first);
  placebo_->destroy(second);
}

// libplacebo signals a semaphore when we may have the texture, and waits for ours before it has it back.
TEST_P(Libplacebo, WaitsForUsAndWeForItOnTheDevice) {
  if ((placebo_->gpu()->export_caps.sync & PL_HANDLE_FD) == 0) {
    EXPECT_FALSE(has_fence(FenceKind::opaque_fd_binary));
    EXPECT_NE(GetParam(), std::string("swiftshader"));
    EXPECT_EQ(pl_sync_create(placebo_->gpu(), PL_HANDLE_FD), nullptr);
    EXPECT_NE(placebo_->take_messages().find("gpu->export_caps.sync"), std::string::npos);
    std::printf("NOT POSSIBLE: driver %s shares no semaphores by descriptor; CPUs wait above\n", GetParam());
    return;
  }
  const TextureDescriptor d = of(TextureFormat::rgba8_unorm);
  const std::size_t pitch = host_subresource(d, 0, 0, 0).row_stride;
  pl_tex theirs = placebo_->create("rgba8", d.extent, PL_HANDLE_FD);
  ASSERT_NE(theirs, nullptr);
  pl_sync sync = pl_sync_create(placebo_->gpu(), PL_HANDLE_FD);
  ASSERT_NE(sync, nullptr);
  const auto fence_of = [&](FenceId id, int descriptor) {
    auto handle = OwnedHandle::duplicate(HandleKind::opaque_fd, descriptor);
    return ours().import_fence({FenceKind::opaque_fd_binary, id, 0, *std::move(handle)});
  };
  const auto theirs_done = fence_of(1, sync->wait_handle.fd);
  const auto ours_done = fence_of(2, sync->signal_handle.fd);
  ASSERT_TRUE(theirs_done && ours_done);
  {
    auto opened = ours().import_shared_texture(parcel_of(theirs, d, HandleKind::opaque_fd));
    ASSERT_TRUE(opened) << opened.error().to_string();
    ASSERT_TRUE((*opened)->set_signal_fence(*ours_done));
    const auto picture = make_pattern(d, 1);
    ASSERT_TRUE(placebo_->fill(theirs, picture, pitch));
    ASSERT_TRUE(pl_tex_export(placebo_->gpu(), theirs, sync));
    AccessState state = written();
    ASSERT_TRUE(state.writer.add({*theirs_done, 1}));
    auto access = (*opened)->begin_access(AccessMode::read_write, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto seen = end_->read(**opened);
    ASSERT_TRUE(seen) << seen.error().to_string();
    EXPECT_EQ(difference(d, picture, *seen), "");
    const auto answer = make_pattern(d, 2);
    ASSERT_TRUE(end_->fill(**opened, answer));
    ASSERT_TRUE((*opened)->end_access(*std::move(access)));
    EXPECT_EQ((*opened)->statistics().gpu_waits, 1U);
    EXPECT_EQ((*opened)->statistics().host_waits, 0U);
    std::vector<std::byte> back(answer.size());
    ASSERT_TRUE(placebo_->read(theirs, back, pitch)) << placebo_->take_messages();
    EXPECT_EQ(difference(d, answer, back), "");
  }
  pl_sync_destroy(placebo_->gpu(), &sync);
  placebo_->destroy(theirs);
  proven(std::string("libplacebo's device and ours wait for each other's semaphores") + on());
}

TEST_P(Libplacebo, GivesUsDmaBufs) {
  if ((placebo_->gpu()->export_caps.tex & PL_HANDLE_DMA_BUF) == 0) {
    EXPECT_FALSE(we_open(HandleKind::dma_buf, TextureFormat::rgba8_unorm));
    EXPECT_FALSE(is_mesa25());
    EXPECT_EQ(placebo_->create("rgba8", {61, 35, 1}, PL_HANDLE_DMA_BUF), nullptr);
    EXPECT_NE(placebo_->take_messages().find("export_handle & gpu->export_caps.tex"), std::string::npos);
    return;
  }
  std::size_t opened = 0;
  for (const Named& row : formats) {
    SCOPED_TRACE(row.name);
    const TextureDescriptor d = of(row.format);
    if (!we_open(HandleKind::dma_buf, row.format)) continue;
    // Two: libplacebo puts textures beside each other in one buffer.
    pl_tex first = placebo_->create(row.name, d.extent, PL_HANDLE_DMA_BUF);
    pl_tex second = placebo_->create(row.name, d.extent, PL_HANDLE_DMA_BUF);
    ASSERT_TRUE(first != nullptr && second != nullptr) << placebo_->take_messages();
    for (pl_tex theirs : {first, second}) {
      auto at_host = host_->manager().import_shared_texture(parcel_of(theirs, d, HandleKind::dma_buf));
      ASSERT_TRUE(at_host) << at_host.error().to_string();
      auto ours_of_it = ours().import_shared_texture(parcel_of(theirs, d, HandleKind::dma_buf));
      ASSERT_TRUE(ours_of_it) << ours_of_it.error().to_string();
      expect_both_ways(theirs, **ours_of_it);
      // And at the CPU's end what was written last.
      auto read = (*at_host)->begin_access(AccessMode::read, written());
      ASSERT_TRUE(read) << read.error().to_string();
      EXPECT_EQ(difference(d, make_pattern(d, 2), *host_->read(**at_host)), "");
      ASSERT_TRUE((*at_host)->end_access(*std::move(read)));
    }
    placebo_->destroy(first);
    placebo_->destroy(second);
    ++opened;
  }
  EXPECT_GE(opened, 12U) << "formats";
  proven("we read and write libplacebo's dma-bufs, " + std::to_string(opened) + " formats" + on());
}

INSTANTIATE_TEST_SUITE_P(Drivers, Libplacebo, testing::Values("vulkan", "mesa25", "swiftshader"),
                         [](const auto& driver) { return std::string(driver.param); });

}  // namespace
}  // namespace geyser::test
