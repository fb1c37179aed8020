// Vulkan and Direct3D's handles, on the interposer: sections stand for what Direct3D makes (interposer/interposer.hpp).
#include <windows.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include <geyser/vulkan.hpp>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"
#include "windows/interposed_ends.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t pixels_size = 65536;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  return descriptor;
}

// The adapter that the interposer says.
DeviceIdentity adapter(std::uint8_t number = 1) {
  DeviceIdentity identity;
  identity.has_luid = true;
  identity.luid[0] = number;
  identity.node_mask = 1;
  identity.device_name = "the stand-in";
  return identity;
}

// A section in the place of Direct3D's texture, heap or fence, and what it holds.
class Section {
 public:
  explicit Section(std::uint64_t size, const wchar_t* name = nullptr)
      : handle_(::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, static_cast<DWORD>(size), name)),
        view_(static_cast<std::byte*>(::MapViewOfFile(handle_, FILE_MAP_ALL_ACCESS, 0, 0, 0))) {}
  ~Section() {
    ::UnmapViewOfFile(view_);
    ::CloseHandle(handle_);
  }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  OwnedHandle handle() const {
    return *OwnedHandle::duplicate(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(handle_));
  }
  std::atomic<std::uint32_t>& mutex() const {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(view_ + pixels_size);
  }
  std::atomic<std::uint64_t>& counter() const { return *reinterpret_cast<std::atomic<std::uint64_t>*>(view_); }

 private:
  HANDLE handle_;
  std::byte* view_;
};

ApiTextureHandle parcel_of(const Section& section, Api api) {
  ApiTextureHandle parcel;
  parcel.descriptor = picture();
  parcel.layout.allocation_size = pixels_size;
  parcel.layout.memory_type = any_memory_type;
  parcel.layout.dedicated = true;
  parcel.layout.plane_count = 1;
  parcel.identity = adapter();
  parcel.api = api;
  parcel.kind = HandleKind::d3d_nt;
  parcel.handle_count = 1;
  parcel.handles[0] = section.handle();
  return parcel;
}

// Makes such sections, as a Direct3D 12 manager makes resources and fences.
class Maker final : public TextureShareManager {
 public:
  explicit Maker(Capabilities capabilities) : TextureShareManager(std::move(capabilities)) {}

 private:
  class Texture final : public SharedTexture {
   public:
    explicit Texture(const TextureDescriptor& descriptor, const MemoryLayout& layout)
        : SharedTexture({Api::d3d12, descriptor, layout, HandleKind::d3d_nt, SharePath::zero_copy, {}}) {}

   private:
    Result<void> do_begin(AccessMode, const AccessState&, const SyncPoints&) override { return {}; }
    Result<void> do_end(AccessMode, SharedFence*, std::uint64_t) override { return {}; }
    Result<ApiTextureHandle> do_export(HandleKind) override { return parcel_of(section_, Api::d3d12); }
    bool accepts_signal_fence(const SharedFence&) const override { return false; }
    Section section_{pixels_size + 4096};
  };
  class Fence final : public SharedFence {
   public:
    Fence() : SharedFence(FenceKind::d3d12_fence, 0, 0) {}

   private:
    Result<std::uint64_t> do_completed_value() const override { return section_.counter().load(); }
    Result<void> do_wait(std::uint64_t, std::chrono::nanoseconds) const override { return {}; }
    Result<void> do_signal(std::uint64_t value) override {
      section_.counter() = value;
      return {};
    }
    Result<FenceHandle> do_export() const override { return FenceHandle{kind(), id(), 0, section_.handle()}; }
    Section section_{4096};
  };
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor, const Agreement&) override {
    const Section any(4096);
    return std::make_unique<Texture>(descriptor, parcel_of(any, Api::d3d12).layout);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&&) override { return no(); }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind) override { return std::make_shared<Fence>(); }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&&) override { return no(); }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override { return no(); }
  bool owns(const SharedTexture&) const noexcept override { return true; }
  static tl::unexpected<GeyserError> no() { return fail(ErrorCode::unsupported, "Not here."); }
};

// What Direct3D 12 has on an adapter, as far as these tests want it.
Capabilities direct3d12(const Capabilities& vulkan, const DeviceIdentity& identity) {
  Capabilities direct3d;
  direct3d.api = Api::d3d12;
  direct3d.identity = identity;
  TextureCapability row = rows_of(vulkan, TextureFormat::rgba8_unorm).front();
  row.handle_kind = HandleKind::d3d_nt;
  row.exportable = row.importable = true;
  row.requires_dedicated = false;
  direct3d.textures = {row};
  direct3d.fences = {{FenceKind::d3d12_fence, true, true, true}, {FenceKind::host_timeline, true, true, false}};
  return direct3d;
}

class Win32Direct3D : public InterposedEnds {
 protected:
  static std::unique_ptr<SharedTexture> import(End& end, ApiTextureHandle&& parcel) {
    auto texture = end.manager().import_shared_texture(std::move(parcel));
    EXPECT_TRUE(texture) << (texture ? "" : texture.error().to_string());
    return texture ? *std::move(texture) : nullptr;
  }
  static GeyserError refusal(End& end, ApiTextureHandle&& parcel) {
    auto texture = end.manager().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(texture);
    return texture ? GeyserError(ErrorCode::busy, "it was opened") : texture.error();
  }
  // Two devices, one memory: written on one, read on the other, and back.
  void expect_shared(ApiTextureHandle&& parcel) {
    auto twin = parcel.duplicate();
    ASSERT_TRUE(twin);
    auto mine = import(*a_, std::move(parcel));
    auto theirs = import(*b_, *std::move(twin));
    ASSERT_TRUE(mine && theirs);
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool there : {true, false}) {
      SharedTexture& written = there ? *mine : *theirs;
      SharedTexture& read = there ? *theirs : *mine;
      const auto expected = make_pattern(picture(), ++seed);
      auto write = written.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE((there ? *a_ : *b_).fill(written, expected));
      state = *written.end_access(*std::move(write));
      auto look = read.begin_access(AccessMode::read, state);
      ASSERT_TRUE(look) << look.error().to_string();
      auto actual = (there ? *b_ : *a_).read(read);
      ASSERT_TRUE(actual) << actual.error().to_string();
      state = *read.end_access(*std::move(look));
      EXPECT_EQ(difference(picture(), expected, *actual), "");
    }
    EXPECT_EQ(mine->statistics().bytes_copied + theirs->statistics().bytes_copied, 0U);
  }
};

TEST_F(Win32Direct3D, OpensItsMemoryAndMakesNone) {
  const Capabilities& capabilities = a_->manager().capabilities();
  for (const HandleKind kind : {HandleKind::d3d_nt, HandleKind::d3d_kmt}) {
    SCOPED_TRACE(to_string(kind));
    std::size_t rows = 0;
    for (const TextureCapability& row : capabilities.textures) {
      if (row.handle_kind != kind) continue;
      ++rows;
      EXPECT_TRUE(row.importable && !row.exportable && row.requires_dedicated);
    }
    EXPECT_GT(rows, 20U);
    EXPECT_EQ(a_->manager().create_texture(picture(), kind).error().code(), ErrorCode::unsupported);
  }
  const auto fence = std::find_if(capabilities.fences.begin(), capabilities.fences.end(),
                                  [](const auto& row) { return row.kind == FenceKind::d3d12_fence; });
  ASSERT_NE(fence, capabilities.fences.end());
  EXPECT_TRUE(fence->importable && fence->gpu_wait && !fence->exportable);
}

TEST_F(Win32Direct3D, AgreesWithItOnTheSameAdapter) {
  Capabilities direct3d = direct3d12(a_->manager().capabilities(), adapter());
  const auto agreement = negotiate(picture(), direct3d, a_->manager().capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  EXPECT_TRUE(agreement->dedicated);
  EXPECT_EQ(agreement->fence_kind, FenceKind::d3d12_fence) << "Direct3D makes the fences of both";
  direct3d.identity = adapter(2);
  EXPECT_FALSE(negotiate(picture(), direct3d, a_->manager().capabilities()));
}

TEST_F(Win32Direct3D, SharesTexturesResourcesAndHeaps) {
  {
    SCOPED_TRACE("a texture of Direct3D 11");
    const Section section(pixels_size + 4096);
    expect_shared(parcel_of(section, Api::d3d11));
  }
  {
    SCOPED_TRACE("a resource of Direct3D 12");
    const Section section(pixels_size + 4096);
    expect_shared(parcel_of(section, Api::d3d12));
  }
  {
    SCOPED_TRACE("a heap of Direct3D 12");
    const Section section(pixels_size);
    auto parcel = parcel_of(section, Api::d3d12);
    parcel.layout.dedicated = false;
    expect_shared(std::move(parcel));
  }
  {
    SCOPED_TRACE("a legacy handle of Direct3D 11");
    const Section section(pixels_size + 4096, L"Local\\geyser-interposer-40001234");
    auto parcel = parcel_of(section, Api::d3d11);
    parcel.kind = HandleKind::d3d_kmt;
    parcel.handles[0] = OwnedHandle::adopt(HandleKind::d3d_kmt, 0x40001234);
    expect_shared(std::move(parcel));
  }
}

TEST_F(Win32Direct3D, MakesItsMemoryAndFencesForVulkan) {
  const Capabilities own = a_->manager().capabilities();
  EXPECT_EQ(a_->manager().use_allocator(std::make_shared<Maker>(direct3d12(own, adapter(2)))).error().code(),
            ErrorCode::incompatible_device);
  const auto used = a_->manager().use_allocator(std::make_shared<Maker>(direct3d12(own, adapter())));
  ASSERT_TRUE(used) << used.error().to_string();
  auto texture = a_->manager().create_texture(picture(), HandleKind::d3d_nt);
  ASSERT_TRUE(texture) << texture.error().to_string();
  EXPECT_EQ((*texture)->api(), Api::vulkan);
  auto parcel = a_->manager().export_texture(**texture);
  ASSERT_TRUE(parcel) << parcel.error().to_string();
  EXPECT_EQ(parcel->api, Api::d3d12) << "where the memory was made";
  auto other = import(*b_, *std::move(parcel));
  ASSERT_TRUE(other);
  auto fence = a_->manager().create_fence(FenceKind::d3d12_fence);
  ASSERT_TRUE(fence) << fence.error().to_string();
  auto twin = b_->manager().import_fence(*(*fence)->export_handle());
  ASSERT_TRUE(twin) << twin.error().to_string();
  ASSERT_TRUE((*texture)->set_signal_fence(*fence));
  auto write = (*texture)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  const auto expected = make_pattern(picture(), 4);
  ASSERT_TRUE(a_->fill(**texture, expected));
  auto state = (*texture)->end_access(*std::move(write));
  ASSERT_TRUE(state) << state.error().to_string();
  const std::uint64_t value = (*state->writer.begin()).value;
  state->writer = {};
  ASSERT_TRUE(state->writer.add({*twin, value}));
  auto look = other->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(look) << look.error().to_string();
  auto actual = b_->read(*other);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(picture(), expected, *actual), "");
  EXPECT_TRUE(other->end_access(*std::move(look)));
  EXPECT_EQ((*texture)->statistics().bytes_copied + other->statistics().bytes_copied, 0U);
}

TEST_F(Win32Direct3D, LeavesNoHandleWhateverComes) {
  const Section section(pixels_size + 4096);
  { import(*b_, parcel_of(section, Api::d3d12)); }
  ASSERT_TRUE(b_->settle());
  const std::size_t before = open_descriptors();
  {
    auto imported = import(*b_, parcel_of(section, Api::d3d12));
    EXPECT_LE(open_descriptors(), before + 1) << "the driver's own; the parcel's is closed";
  }
  auto wrong = parcel_of(section, Api::d3d12);
  wrong.handles[0] = open_device(HandleKind::d3d_nt);
  EXPECT_EQ(refusal(*b_, std::move(wrong)).code(), ErrorCode::invalid_handle) << "an event is no texture";
  auto closed = parcel_of(section, Api::d3d11);
  closed.handles[0] = OwnedHandle::adopt(HandleKind::d3d_nt, 0x7ffffff0);
  EXPECT_EQ(refusal(*b_, std::move(closed)).code(), ErrorCode::invalid_handle);
  auto dead = parcel_of(section, Api::d3d11);
  dead.kind = HandleKind::d3d_kmt;
  dead.handles[0] = OwnedHandle::adopt(HandleKind::d3d_kmt, 0x40004321);
  EXPECT_EQ(refusal(*b_, std::move(dead)).code(), ErrorCode::invalid_handle) << "a number that died";
  auto small = parcel_of(section, Api::d3d12);
  small.layout.dedicated = false;
  small.layout.allocation_size = 4096;
  EXPECT_EQ(refusal(*b_, std::move(small)).code(), ErrorCode::incompatible_layout) << "the heap is too small";
  ASSERT_TRUE(b_->settle());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Win32Direct3D, OfAnotherAdapterNothingIsOpened) {
  const Section section(pixels_size + 4096);
  auto parcel = parcel_of(section, Api::d3d12);
  parcel.identity = adapter(2);
  EXPECT_EQ(refusal(*a_, std::move(parcel)).code(), ErrorCode::incompatible_device);
  auto unknown = parcel_of(section, Api::d3d12);
  unknown.identity.has_luid = false;
  EXPECT_EQ(refusal(*a_, std::move(unknown)).code(), ErrorCode::incompatible_device);
}

TEST_F(Win32Direct3D, BelievesPropertiesOfEachHandleType) {
  const Section section(pixels_size + 4096);
  const auto old = open("no_direct3d12");
  set_environment("GEYSER_INTERPOSER", "no_direct3d12");  // asked again for what comes
  const GeyserError error = refusal(*old, parcel_of(section, Api::d3d12));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_NE(error.message().find("[d3d_nt] of API [d3d12]"), std::string::npos) << error.message();
  EXPECT_TRUE(import(*old, parcel_of(section, Api::d3d11)));
  set_environment("GEYSER_INTERPOSER", nullptr);
  const auto none = open("no_direct3d");
  const auto& rows = none->manager().capabilities().textures;
  EXPECT_TRUE(std::none_of(rows.begin(), rows.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::d3d_nt || row.handle_kind == HandleKind::d3d_kmt;
  }));
}

TEST_F(Win32Direct3D, AFenceOfDirect3DIsATimeline) {
  const Section section(4096);
  const auto open_fence = [&](End& end) {
    auto fence = end.manager().import_fence({FenceKind::d3d12_fence, 77, 0, section.handle()});
    EXPECT_TRUE(fence) << (fence ? "" : fence.error().to_string());
    return fence ? *fence : nullptr;
  };
  { open_fence(*a_); }
  ASSERT_TRUE(a_->settle());
  auto fence = open_fence(*a_);
  auto twin = open_fence(*b_);
  ASSERT_TRUE(fence && twin);
  EXPECT_EQ(twin->wait(1, 20ms).error().code(), ErrorCode::timeout);
  ASSERT_TRUE(fence->signal(1));
  EXPECT_TRUE(twin->wait(1, 5s));
  section.counter() = 5;  // as Direct3D's queue signals it
  EXPECT_TRUE(twin->wait(5, 5s));
  EXPECT_EQ(a_->manager().create_fence(FenceKind::d3d12_fence).error().code(), ErrorCode::unsupported);

  const Section pixels(pixels_size + 4096);
  auto texture = import(*a_, parcel_of(pixels, Api::d3d12));
  ASSERT_TRUE(texture->set_signal_fence(fence));
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 6}));
  auto write = texture->begin_access(AccessMode::discard, state);  // queued: nobody has signalled 6
  ASSERT_TRUE(write) << write.error().to_string();
  auto written = texture->end_access(*std::move(write));
  ASSERT_TRUE(written) << written.error().to_string();
  EXPECT_EQ(twin->wait(7, 20ms).error().code(), ErrorCode::timeout);
  section.counter() = 6;
  EXPECT_TRUE(twin->wait((*written->writer.begin()).value, 5s));
  EXPECT_EQ(texture->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture->statistics().host_waits, 0U);
}

TEST_F(Win32Direct3D, AKeyedMutexIsHeldDuringAnAccess) {
  const Section section(pixels_size + 4096);
  const auto with_mutex = [&] {
    auto parcel = parcel_of(section, Api::d3d11);
    parcel.layout.keyed_mutex = true;
    return parcel;
  };
  auto mine = import(*a_, with_mutex());
  auto theirs = import(*b_, with_mutex());
  ASSERT_TRUE(mine && theirs);
  EXPECT_EQ(section.mutex(), 0U);
  auto write = mine->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_EQ(section.mutex(), 1U);
  theirs->set_wait_timeout(30ms);
  EXPECT_EQ(theirs->begin_access(AccessMode::discard, {}).error().code(), ErrorCode::timeout);
  auto state = mine->end_access(*std::move(write));
  ASSERT_TRUE(state) << state.error().to_string();
  EXPECT_EQ(section.mutex(), 0U);

  auto first = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(first) << first.error().to_string();
  auto second = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(second) << "readers of one texture hold it together";
  EXPECT_TRUE(theirs->end_access(*std::move(first)));
  EXPECT_EQ(section.mutex(), 1U);
  EXPECT_TRUE(theirs->end_access(*std::move(second)));
  EXPECT_EQ(section.mutex(), 0U);

  // A whole access in one submission.
  auto whole = vulkan::submit_access(*mine, AccessMode::write, *state, {});
  ASSERT_TRUE(whole) << whole.error().to_string();
  EXPECT_EQ(section.mutex(), 0U);
  // Somebody else's, who does not let go; what fails leaves nothing held or open.
  section.mutex() = 1;
  mine->set_wait_timeout(30ms);
  EXPECT_EQ(mine->begin_access(AccessMode::read, *whole).error().code(), ErrorCode::timeout);
  section.mutex() = 0;
  auto last = mine->begin_access(AccessMode::read, *whole);
  ASSERT_TRUE(last) << last.error().to_string();
  { const TextureAccess dropped = *std::move(last); }
  EXPECT_EQ(section.mutex(), 0U) << "a dropped access lets it go, too";
  EXPECT_EQ(a_->complaints.size(), 1U) << "and is reported";
  a_->complaints.clear();
}

TEST_F(Win32Direct3D, WithoutTheExtensionAKeyedMutexIsRefused) {
  const Section section(pixels_size + 4096);
  const auto old = open("no_keyed_mutex");
  auto parcel = parcel_of(section, Api::d3d11);
  parcel.layout.keyed_mutex = true;
  const GeyserError error = refusal(*old, std::move(parcel));
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_NE(error.message().find("VK_KHR_win32_keyed_mutex"), std::string::npos) << error.message();
  EXPECT_TRUE(import(*old, parcel_of(section, Api::d3d11))) << "without one it needs none";
}

}  // namespace
}  // namespace geyser::test
