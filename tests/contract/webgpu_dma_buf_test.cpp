// dma-bufs into and, with an allocator, out of WebGPU: every format and end, planes anywhere, late sync files, and what
// is wrong with a parcel, which may not cost Dawn its device. Dawn is on the system's own Vulkan driver; the stand-in
// for /dev/udmabuf is preloaded, and does nothing where the kernel has the device (./dev rig vm).
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include <geyser/webgpu.hpp>

#include "contract/host_dma_buf.hpp"
#include "platform/shared_memory.hpp"
#include "platform/sync_file_fence.hpp"
#include "webgpu/dma_buf.hpp"
#include "webgpu/fd_system.hpp"
#include "webgpu/format.hpp"
#include "webgpu/texture.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

bool opens_dma_bufs(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf && row.importable;
  });
}

bool has_sync_files(const Capabilities& capabilities) {
  return std::any_of(capabilities.fences.begin(), capabilities.fences.end(), [](const FenceCapability& row) {
    return row.kind == FenceKind::sync_file && row.exportable && row.importable;
  });
}

class WebGpuDmaBuf : public HostDmaBuf {
 protected:
  void SetUp() override {
    if (!is_rig("forky") && !platform::makes_dma_bufs()) {
      std::printf("NOT RUN: no kernel with udmabuf here, and no stand-in is preloaded\n");
      GTEST_SKIP();
    }
    HostDmaBuf::SetUp();
    if (HasFatalFailure()) return;
    ASSERT_NE(ends_.get("webgpu"), nullptr);
    if (!opens_dma_bufs(manager().capabilities())) {
      if (is_rig("forky")) FAIL() << "Mesa is current, but Dawn opens no dma-buf on it";
      std::printf("NOT RUN: Dawn opens no dma-bufs on the Vulkan driver here; ./dev rig forky has one\n");
      GTEST_SKIP();
    }
    policy_.allow_opaque = policy_.allow_host_linear = policy_.allow_host_copy = false;
  }
  void TearDown() override {
    for (const char* name : {"host", "vulkan", "opengl", "opengl_es", "webgpu"}) {
      End* used = ends_.get(name);
      if (used == nullptr) continue;
      for (const std::string& complaint : std::exchange(used->complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  static End& webgpu() { return end("webgpu"); }
  static TextureShareManager& manager() { return webgpu().manager(); }
  static const webgpu::Device& device() {
    const auto texture = *manager().create_texture(of(TextureFormat::rgba8_unorm), HandleKind::host_memory);
    return *static_cast<webgpu::WebGpuTexture&>(*texture).device();
  }
  static TextureDescriptor picture_of(TextureFormat format) {
    TextureDescriptor d = of(format);
    // Nobody writes planes in WebGPU.
    if (format_info(format).is_multi_planar()) d.usage = TextureUsage::sampled | TextureUsage::transfer_source;
    return d;
  }
  void expect_refused(ApiTextureHandle&& wrong, ErrorCode code, const std::string& words) {
    auto opened = manager().import_shared_texture(std::move(wrong));
    ASSERT_FALSE(opened) << words;
    EXPECT_EQ(opened.error().code(), code) << opened.error().to_string();
    EXPECT_NE(opened.error().to_string().find(words), std::string::npos) << opened.error().to_string();
    ASSERT_FALSE(device().is_lost()) << words;
  }
  // What the producer's mapping has is what WebGPU sees.
  static void expect_seen(const ApiTextureHandle& parcel) {
    auto picture = make_pattern(parcel.descriptor, 1);
    move_rows(parcel, picture, true);
    auto opened = manager().import_shared_texture(*parcel.duplicate());
    ASSERT_TRUE(opened) << opened.error().to_string();
    auto read = (*opened)->begin_access(AccessMode::read, written());
    ASSERT_TRUE(read) << read.error().to_string();
    auto seen = webgpu().read(**opened);
    ASSERT_TRUE(seen) << seen.error().to_string();
    auto state = (*opened)->end_access(*std::move(read));
    ASSERT_TRUE(state) << state.error().to_string();
    EXPECT_EQ(difference(parcel.descriptor, picture, *seen), "");
    EXPECT_EQ((*opened)->path(), SharePath::zero_copy);
    EXPECT_EQ((*opened)->statistics().bytes_copied, 0U);
  }

  NegotiationPolicy policy_;
};

std::string formats_of(const Capabilities& capabilities, bool TextureCapability::*can) {
  std::string names;
  for (const TextureCapability& row : capabilities.textures) {
    if (row.handle_kind != HandleKind::dma_buf || !(row.*can)) continue;
    EXPECT_EQ(row.modifier, drm_modifier_linear);
    EXPECT_EQ(row.memory_plane_count, format_info(row.format).plane_count);
    names += (names.empty() ? "" : " ") + std::string(to_string(row.format));
  }
  return names;
}

// Dawn's own list of fourccs, as far as the format table goes.
const std::string dawns_formats = "r8_unorm rg8_unorm rgba8_unorm bgra8_unorm rgba16_float rgb10a2_unorm nv12";

TEST_F(WebGpuDmaBuf, OffersWhatDawnOpens) {
  EXPECT_EQ(formats_of(manager().capabilities(), &TextureCapability::importable), dawns_formats);
  // Its allocator makes them.
  EXPECT_EQ(formats_of(manager().capabilities(), &TextureCapability::exportable), dawns_formats);
  webgpu::WrapOptions options;
  options.device = webgpu::native(manager())->device;
  const auto alone = webgpu::wrap_device(options);
  ASSERT_TRUE(alone) << alone.error().to_string();
  EXPECT_EQ(formats_of((*alone)->capabilities(), &TextureCapability::importable), dawns_formats);
  EXPECT_EQ(formats_of((*alone)->capabilities(), &TextureCapability::exportable), "");
}

struct Way {
  const char* other;
  bool to_webgpu;
};

class WebGpuDmaBufPairs : public WebGpuDmaBuf, public testing::WithParamInterface<Way> {};

// By each kind of fence that the pair has.
TEST_P(WebGpuDmaBufPairs, EveryFormatIsEqual) {
  std::unique_ptr<End> second;
  if (GetParam().other == std::string("webgpu")) second = *make_end("webgpu");
  End& other = second != nullptr ? *second : end(GetParam().other);
  End& from = GetParam().to_webgpu ? other : webgpu();
  End& to = GetParam().to_webgpu ? webgpu() : other;
  std::string names;
  std::size_t by_sync_file = 0;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    const TextureDescriptor d = picture_of(info.format);
    const bool one_way = info.is_multi_planar();
    if (one_way && &from != &other) continue;
    if (one_way && second != nullptr) continue;
    for (const FenceKind kind : {FenceKind::sync_file, FenceKind::host_timeline}) {
      policy_.force_fence = kind;
      auto agreement = negotiate(d, from.manager().capabilities(), to.manager().capabilities(), policy_);
      if (!agreement) continue;
      ASSERT_EQ(agreement->handle_kind, HandleKind::dma_buf);
      auto made = from.manager().create_texture(d, *agreement);
      ASSERT_TRUE(made) << made.error().to_string();
      auto parcel = from.manager().export_texture(**made);
      ASSERT_TRUE(parcel) << parcel.error().to_string();
      EXPECT_TRUE(platform::is_dma_buf(parcel->handles[0].get()));
      auto imported = to.manager().import_shared_texture(*std::move(parcel));
      ASSERT_TRUE(imported) << imported.error().to_string();
      // Copies of whole textures do not see which byte is red.
      End& there = GetParam().to_webgpu ? to : from;
      SharedTexture& in_webgpu = GetParam().to_webgpu ? **imported : **made;
      const auto get_format = reinterpret_cast<decltype(&::wgpuTextureGetFormat)>(
          webgpu::get_procedure(there.manager(), "wgpuTextureGetFormat"));
      EXPECT_EQ(get_format(webgpu::native(in_webgpu)->texture), webgpu::to_webgpu(info.format).native);
      auto signal = to.manager().create_fence(kind);
      ASSERT_TRUE(signal) << signal.error().to_string();
      auto back = from.manager().create_fence(kind);
      ASSERT_TRUE(back) << back.error().to_string();
      ASSERT_TRUE((*imported)->set_signal_fence(*signal));
      ASSERT_TRUE((*made)->set_signal_fence(*back));
      if (kind == FenceKind::sync_file) ++by_sync_file;
      if (!one_way) {
        hand_off(from, **made, to, **imported);
      } else {
        const auto picture = make_pattern(d, 1);
        auto write = (*made)->begin_access(AccessMode::discard, {});
        ASSERT_TRUE(write) << write.error().to_string();
        ASSERT_TRUE(from.fill(**made, picture));
        auto read = (*imported)->begin_access(AccessMode::read, *(*made)->end_access(*std::move(write)));
        ASSERT_TRUE(read) << read.error().to_string();
        auto seen = to.read(**imported);
        ASSERT_TRUE(seen) << seen.error().to_string();
        auto state = (*imported)->end_access(*std::move(read));
        ASSERT_TRUE(state) << state.error().to_string();
        EXPECT_EQ(difference(d, picture, *seen), "");
        EXPECT_EQ((*imported)->statistics().bytes_copied, 0U);
      }
      if (HasFatalFailure()) return;
      if (kind == FenceKind::host_timeline) names += (names.empty() ? "" : " ") + std::string(info.name);
    }
  }
  // WebGPU passes no planes on.
  const bool planes = GetParam().to_webgpu && second == nullptr;
  EXPECT_EQ(names, planes ? dawns_formats : dawns_formats.substr(0, dawns_formats.find(" nv12")));
  EXPECT_EQ(by_sync_file != 0,
            has_sync_files(other.manager().capabilities()) && has_sync_files(manager().capabilities()));
  if (second == nullptr) return;
  second->close();
  EXPECT_TRUE(second->complaints.empty());
}

INSTANTIATE_TEST_SUITE_P(All, WebGpuDmaBufPairs,
                         testing::Values(Way{"host", true}, Way{"host", false}, Way{"vulkan", true},
                                         Way{"vulkan", false}, Way{"opengl", true}, Way{"opengl", false},
                                         Way{"opengl_es", true}, Way{"opengl_es", false}, Way{"webgpu", true}),
                         [](const auto& way) {
                           return way.param.to_webgpu ? std::string(way.param.other) + "_to_webgpu"
                                                      : "webgpu_to_" + std::string(way.param.other);
                         });

TEST_F(WebGpuDmaBuf, PlanesMayBeAnywhereInOneBuffer) {
  for (const TextureFormat format : {TextureFormat::rgba8_unorm, TextureFormat::r8_unorm, TextureFormat::nv12}) {
    SCOPED_TRACE(to_string(format));
    const TextureDescriptor d = picture_of(format);
    // Room behind: a driver may need more than the last row.
    const auto make = [](std::uint64_t size) { return platform::create_dma_buf(size + 4096); };
    for (const std::uint64_t first : {0U, 256U, 4096U}) {
      const std::uint64_t packed = host_subresource(d, 0, 0, 0).row_bytes;
      const std::uint64_t padding = (packed + 255) / 256 * 256 - packed;
      expect_seen(foreign_parcel(d, {.first = first, .padding = padding + 256, .gap = 1024, .make = make}));
      if (HasFatalFailure()) return;
    }
    // Under a number for each plane.
    ApiTextureHandle numbers = foreign_parcel(d, {.padding = 4, .make = make});
    for (std::uint32_t i = 1; i < numbers.layout.plane_count; ++i) {
      numbers.handles[i] = *numbers.handles[0].duplicate();
      numbers.layout.planes[i].handle_index = i;
    }
    numbers.handle_count = numbers.layout.plane_count;
    expect_seen(numbers);
  }
  expect_same_memory(webgpu(), foreign_parcel(of(TextureFormat::bgra8_unorm), {.first = 512, .padding = 12}));
}

TEST_F(WebGpuDmaBuf, NamesTheWrongFieldAndKeepsItsDevice) {
  ASSERT_TRUE(webgpu().settle());
  const auto parcel = [&](TextureFormat format = TextureFormat::rgba8_unorm, std::uint32_t buffers = 1) {
    return foreign_parcel(picture_of(format), {.buffers = buffers, .padding = 12, .gap = 100});
  };
  // Dawn's device is asked about, and a Vulkan device of Geyser's is there from now on.
  expect_seen(parcel());
  ASSERT_TRUE(webgpu().settle());
  const std::size_t before = open_descriptors();
  {
    constexpr ErrorCode layout = ErrorCode::incompatible_layout;
    ApiTextureHandle wrong = parcel();
    wrong.layout.modifier = 0x0100000000000001ULL;
    expect_refused(std::move(wrong), layout, "[layout.modifier]");
    wrong = parcel();
    wrong.layout.modifier = drm_modifier_invalid;
    expect_refused(std::move(wrong), layout, "[layout.modifier] is INVALID");
    wrong = parcel();
    wrong.layout.plane_count = 2;
    wrong.layout.planes[1] = wrong.layout.planes[0];
    expect_refused(std::move(wrong), layout, "[layout.plane_count]");
    wrong = parcel(TextureFormat::nv12);
    wrong.layout.planes[1].offset = 60 * 34 - 1;
    expect_refused(std::move(wrong), layout, "overlaps plane [0]");
    wrong = parcel();
    wrong.layout.planes[0].stride = 60 * 4;
    expect_refused(std::move(wrong), layout, "[layout.planes[0].stride]");
    wrong = parcel();
    wrong.layout.planes[0].offset = wrong.layout.allocation_size;
    expect_refused(std::move(wrong), layout, "[layout.planes[0]]");
    wrong = parcel();
    wrong.layout.allocation_size *= 4;
    expect_refused(std::move(wrong), layout, "the handle's object has");
    wrong = parcel();
    wrong.layout.tiling = Tiling::opaque;
    expect_refused(std::move(wrong), layout, "[layout.tiling]");
    wrong = parcel();
    wrong.descriptor.extent = {1, 1, 1};
    wrong.layout.planes[0].stride = 1ULL << 33U;
    expect_refused(std::move(wrong), layout, "[layout.planes[0].stride] is [8589934592]");
    wrong = parcel();
    wrong.descriptor.format = TextureFormat::r16_unorm;  // has a fourcc that Dawn does not know
    expect_refused(std::move(wrong), ErrorCode::unsupported, "[r16_unorm]");
    wrong = parcel();
    wrong.descriptor.mip_levels = 2;
    expect_refused(std::move(wrong), ErrorCode::unsupported, "at most [1] mip levels");
    expect_refused(parcel(TextureFormat::nv12, 2), ErrorCode::unsupported,
                   "The planes are in [2] buffers; Dawn opens those of [1].");
    // No dma-bufs at all. Drivers in software would take some of these.
    int sockets[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    const auto peer = OwnedHandle::adopt(HandleKind::none, sockets[1]);
    for (const NativeHandle other :
         {platform::create_shared_memory(1U << 16U)->detach(), static_cast<NativeHandle>(sockets[0]),
          static_cast<NativeHandle>(eventfd(0, EFD_CLOEXEC))}) {
      wrong = parcel();
      wrong.handles[0] = OwnedHandle::adopt(HandleKind::dma_buf, other);
      expect_refused(std::move(wrong), ErrorCode::invalid_handle, "Handle [0] is not a dma-buf");
    }
  }
  ASSERT_TRUE(webgpu().settle());
  EXPECT_EQ(open_descriptors(), before);
  expect_seen(parcel());
}

// What a driver refuses beyond Geyser's own rules must not reach Dawn. llvmpipe refuses nothing that passes those: it
// is asked about what would not.
TEST_F(WebGpuDmaBuf, TheDriverIsAskedBeforeDawn) {
  const TextureDescriptor small = of(TextureFormat::rgba8_unorm);
  ApiTextureHandle parcel = foreign_parcel(small, {.padding = 12});
  const auto texture = *manager().create_texture(small, HandleKind::host_memory);
  webgpu::Device& device = *static_cast<webgpu::WebGpuTexture&>(*texture).device();
  ASSERT_TRUE(device.system().vulkan.has_value());
  const auto ask = [&](const TextureDescriptor& d, int buffer) {
    parcel.layout.planes[0].stride = 4ULL * (d.extent.width + 3);
    parcel.layout.allocation_size = *platform::kernel_size(parcel.handles[0].get());
    return webgpu::try_out_dma_buf(device, d, parcel.layout, VK_IMAGE_USAGE_TRANSFER_SRC_BIT, buffer);
  };
  const auto buffer = static_cast<int>(parcel.handles[0].get());
  EXPECT_TRUE(ask(small, buffer));
  const std::size_t before = open_descriptors();
  TextureDescriptor large = small;
  large.extent = {2048, 2048, 1};
  auto refused = ask(large, buffer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
  EXPECT_NE(refused.error().message().find("bytes for the image, but the memory has ["), std::string::npos)
      << refused.error().to_string();
  const auto none = OwnedHandle::adopt(HandleKind::none, eventfd(0, EFD_CLOEXEC));
  refused = ask(small, static_cast<int>(none.get()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle) << refused.error().to_string();
  EXPECT_EQ(refused.error().native().domain, NativeDomain::vulkan);
  EXPECT_EQ(open_descriptors(), before + 1) << "the eventfd";
  EXPECT_FALSE(device.is_lost());
}

TEST_F(WebGpuDmaBuf, TenThousandImportsLeakNothing) {
  const ApiTextureHandle parcel = foreign_parcel(of(TextureFormat::rgba8_unorm), {.padding = 12});
  const auto import = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ApiTextureHandle copy = *parcel.duplicate();
      const bool wrong = i % 10 == 9;
      if (wrong) copy.layout.allocation_size *= 4;  // past the front, which believes it
      auto opened = manager().import_shared_texture(std::move(copy));
      ASSERT_EQ(opened.has_value(), !wrong) << i << ": " << (opened ? "opened" : opened.error().to_string());
      // Dawn lets go of what is dropped when it is ticked, as programs do once a frame.
      if (i % 100 == 99) ASSERT_TRUE(webgpu().settle());
    }
  };
  import(10);
  ASSERT_TRUE(webgpu().settle());
  const std::size_t before = open_descriptors();
  import(10'000);
  ASSERT_TRUE(webgpu().settle());
  EXPECT_EQ(open_descriptors(), before);
}

// An eventfd that is not ready stands for a sync file that is late: drivers in software have finished whatever they
// export themselves.
class WebGpuSyncFile : public WebGpuDmaBuf {
 protected:
  void SetUp() override {
    WebGpuDmaBuf::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(has_sync_files(manager().capabilities()));
    parcel_ = foreign_parcel(of(TextureFormat::rgba8_unorm), {.padding = 12});
    auto picture = make_pattern(parcel_.descriptor, 1);
    move_rows(parcel_, picture, true);
    texture_ = *manager().import_shared_texture(*parcel_.duplicate());
    gate_ = OwnedHandle::adopt(HandleKind::sync_file, eventfd(0, EFD_CLOEXEC));
  }
  void TearDown() override {
    texture_.reset();
    WebGpuDmaBuf::TearDown();
  }
  void open_gate() const { eventfd_write(static_cast<int>(gate_.get()), 1); }
  bool is_open() const {
    pollfd event{static_cast<int>(gate_.get()), POLLIN, 0};
    return poll(&event, 1, 0) == 1;
  }
  // Reached when the gate is open.
  AccessState late() const {
    auto fence = manager().import_fence({FenceKind::sync_file, 78, 1, *gate_.duplicate()});
    EXPECT_TRUE(fence) << fence.error().to_string();
    AccessState state = written();
    EXPECT_TRUE(state.writer.add({*fence, 1}));
    return state;
  }
  // The other picture comes, and then the gate is opened.
  std::thread write_late() {
    return std::thread([this] {
      std::this_thread::sleep_for(100ms);
      auto other = make_pattern(parcel_.descriptor, 2);
      move_rows(parcel_, other, true);
      open_gate();
    });
  }

  ApiTextureHandle parcel_;
  std::unique_ptr<SharedTexture> texture_;
  OwnedHandle gate_;
};

TEST_F(WebGpuSyncFile, ThatIsLateDelaysTheRead) {
  const AccessState state = late();
  std::thread writer = write_late();
  auto read = texture_->begin_access(AccessMode::read, state);
  EXPECT_TRUE(read) << read.error().to_string();
  auto seen = webgpu().read(*texture_);
  writer.join();
  ASSERT_TRUE(read);
  ASSERT_TRUE(seen) << seen.error().to_string();
  EXPECT_EQ(difference(parcel_.descriptor, make_pattern(parcel_.descriptor, 2), *seen), "");
  EXPECT_TRUE(texture_->end_access(*std::move(read)));
  EXPECT_EQ(texture_->statistics().gpu_waits, 1U);
}

// Also of an access in which nothing is done: whoever comes next must wait for what it waited for.
TEST_F(WebGpuSyncFile, ThatIsLateDelaysTheSignal) {
  const auto signal = std::static_pointer_cast<platform::SyncFileFence>(*manager().create_fence(FenceKind::sync_file));
  ASSERT_TRUE(texture_->set_signal_fence(signal));
  const AccessState state = late();
  std::thread writer = write_late();
  auto read = texture_->begin_access(AccessMode::read, state);
  EXPECT_TRUE(read) << read.error().to_string();
  auto ended = texture_->end_access(*std::move(read));
  EXPECT_TRUE(ended) << ended.error().to_string();
  const auto given = signal->export_handle();
  EXPECT_TRUE(given && given->handle.has_value()) << "the signal is no sync file of Dawn's";
  const auto waited = signal->wait(1, 5s);
  EXPECT_TRUE(is_open()) << "the signal came before its turn";
  writer.join();
  ASSERT_TRUE(waited) << waited.error().to_string();
  EXPECT_EQ(ended->readers.size(), 1U);
}

TEST_F(WebGpuSyncFile, OfAnEarlierFrameIsWaitedForOnce) {
  const auto signal = *manager().create_fence(FenceKind::sync_file);
  ASSERT_TRUE(texture_->set_signal_fence(signal));
  AccessState state = written();
  ASSERT_TRUE(webgpu().settle());
  std::size_t before = 0;
  for (std::uint32_t frame = 0; frame < 200; ++frame) {
    if (frame == 10) before = open_descriptors();
    auto write = texture_->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(write) << write.error().to_string();
    const auto picture = make_pattern(parcel_.descriptor, frame);
    ASSERT_TRUE(webgpu().fill(*texture_, picture));
    auto ended = texture_->end_access(*std::move(write));
    ASSERT_TRUE(ended) << ended.error().to_string();
    state = *ended;
    if (frame % 50 != 0) continue;
    ASSERT_TRUE(signal->wait(frame + 1, 5s));
    auto seen = make_pattern(parcel_.descriptor, frame + 1);
    move_rows(parcel_, seen, false);
    EXPECT_EQ(difference(parcel_.descriptor, picture, seen), "");
  }
  ASSERT_TRUE(webgpu().settle());
  EXPECT_LE(open_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
