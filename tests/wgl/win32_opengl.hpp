// OpenGL by Win32 handles on the driver's double, for the tests of it.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "support/pattern.hpp"
#include "wgl/doubled_end.hpp"

namespace geyser::test {

using Calls = std::vector<std::string>;

inline constexpr std::uint64_t pixels_size = 65536;
inline constexpr std::uint64_t texture_size = pixels_size + DriverDouble::mutex_page;
inline constexpr NativeHandle number = 0x40001234;
inline constexpr const wchar_t* name_of_number = L"Local\\geyser-interposer-40001234";

inline TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  return descriptor;
}

class Win32OpenGl : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    for (const DoubledEnd* end : {a_.get(), b_.get()}) {
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << complaint;
    }
    a_.reset();
    b_.reset();
    for (const std::string& complaint : driver().complaints) ADD_FAILURE() << complaint;
  }
  // Anew, as the driver is by now.
  void open() {
    a_ = std::make_unique<DoubledEnd>();
    b_ = std::make_unique<DoubledEnd>();
  }
  DriverDouble& driver() { return *doubled_.driver; }
  const DeviceIdentity& adapter() { return driver().identity; }

  ApiTextureHandle parcel_of(const Section& section, HandleKind kind, Api api = Api::vulkan) {
    ApiTextureHandle parcel;
    parcel.descriptor = picture();
    parcel.layout.allocation_size = pixels_size;
    parcel.layout.memory_type = any_memory_type;
    parcel.layout.dedicated = api != Api::vulkan;
    parcel.layout.plane_count = 1;
    parcel.identity = adapter();
    parcel.api = api;
    parcel.kind = kind;
    parcel.handle_count = 1;
    parcel.handles[0] =
        handle_kind_info(kind).is_global_number ? OwnedHandle::adopt(kind, number) : section.handle(kind);
    return parcel;
  }
  static FenceHandle fence_of(const Section& section, FenceKind kind = FenceKind::d3d12_fence, FenceId id = 77) {
    const HandleKind handle = kind == FenceKind::d3d12_fence ? HandleKind::d3d_nt : HandleKind::opaque_win32;
    return {kind, id, 0, section.handle(handle)};
  }
  Calls take_calls() { return std::exchange(driver().calls, {}); }
  // Two contexts, one memory: written on one, read on the other, and back.
  void expect_shared(ApiTextureHandle&& parcel, FenceKind fence_kind = FenceKind::d3d12_fence) {
    const TextureDescriptor descriptor = parcel.descriptor;
    auto twin = parcel.duplicate();
    ASSERT_TRUE(twin);
    auto mine = a_->import(std::move(parcel));
    auto theirs = b_->import(*std::move(twin));
    ASSERT_TRUE(mine && theirs);
    // Each signals one of its own, and knows the other's.
    const Section counter(4096), their_counter(4096);
    std::vector<std::shared_ptr<SharedFence>> fences, their_fences;
    for (auto* end : {&a_, &b_}) {
      auto& known = end == &a_ ? fences : their_fences;
      known.push_back((*end)->import(fence_of(counter, fence_kind, 77)));
      known.push_back((*end)->import(fence_of(their_counter, fence_kind, 78)));
    }
    ASSERT_TRUE(mine->set_signal_fence(fences[0]));
    ASSERT_TRUE(theirs->set_signal_fence(their_fences[1]));
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool there : {true, false, true}) {
      const DoubledEnd& from = there ? *a_ : *b_;
      const DoubledEnd& to = there ? *b_ : *a_;
      SharedTexture& written = there ? *mine : *theirs;
      SharedTexture& read = there ? *theirs : *mine;
      const auto expected = make_pattern(descriptor, ++seed);
      from.use();
      auto write = written.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(from.fill(written, expected));
      auto ended = written.end_access(*std::move(write));
      ASSERT_TRUE(ended) << ended.error().to_string();
      state = *ended;
      to.use();
      auto look = read.begin_access(AccessMode::read, state);
      ASSERT_TRUE(look) << look.error().to_string();
      auto actual = to.read(read);
      ASSERT_TRUE(actual) << actual.error().to_string();
      auto looked = read.end_access(*std::move(look));
      ASSERT_TRUE(looked) << looked.error().to_string();
      state = *looked;
      EXPECT_EQ(difference(descriptor, expected, *actual), "");
    }
    EXPECT_EQ(mine->path(), SharePath::zero_copy);
    EXPECT_EQ(mine->statistics().bytes_copied + theirs->statistics().bytes_copied, 0U);
    EXPECT_EQ(mine->statistics().host_waits + theirs->statistics().host_waits, 0U);
    EXPECT_GT(theirs->statistics().gpu_waits, 0U);
    a_->use();
    mine.reset();
    fences.clear();
    state = {};
    b_->use();
    theirs.reset();
    their_fences.clear();
  }
  // What the manager has by now, as "kind" or "kind*" where it wants it dedicated.
  std::set<std::string> kinds() {
    open();
    std::set<std::string> all;
    for (const TextureCapability& row : a_->manager().capabilities().textures) {
      EXPECT_TRUE(row.importable);
      EXPECT_EQ(row.exportable, row.handle_kind == HandleKind::host_memory);
      all.insert(std::string(to_string(row.handle_kind)) + (row.requires_dedicated ? "*" : ""));
    }
    for (const FenceCapability& row : a_->manager().capabilities().fences) {
      EXPECT_EQ(row.gpu_wait && row.importable && !row.exportable && !row.cpu_access,
                row.kind != FenceKind::host_timeline);
      all.emplace(to_string(row.kind));
    }
    return all;
  }

  DoubledDriver doubled_;
  std::unique_ptr<DoubledEnd> a_, b_;
};

}  // namespace geyser::test
