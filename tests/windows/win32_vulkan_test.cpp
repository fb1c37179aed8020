// Vulkan by Win32 handles, on the interposer: what is agreed on, who owns which handle, and what a driver may refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"
#include "windows/interposed_ends.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  return descriptor;
}

class Win32Vulkan : public InterposedEnds {
 protected:
  static Result<Agreement> agree(End& from, End& to) {
    return negotiate(picture(), from.manager().capabilities(), to.manager().capabilities());
  }
  // From one to the other, and back.
  void expect_shared(SharedTexture& source, SharedTexture& destination) {
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool there : {true, false, true}) {
      End& from = there ? *a_ : *b_;
      End& to = there ? *b_ : *a_;
      SharedTexture& written = there ? source : destination;
      SharedTexture& read = there ? destination : source;
      const auto expected = make_pattern(picture(), ++seed);
      auto write = written.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(from.fill(written, expected));
      state = *written.end_access(*std::move(write));
      auto look = read.begin_access(AccessMode::read, state);
      ASSERT_TRUE(look) << look.error().to_string();
      auto actual = to.read(read);
      ASSERT_TRUE(actual) << actual.error().to_string();
      state = *read.end_access(*std::move(look));
      EXPECT_EQ(difference(picture(), expected, *actual), "");
    }
    EXPECT_EQ(source.statistics().bytes_copied + destination.statistics().bytes_copied, 0U);
  }
};

TEST_F(Win32Vulkan, AgreesOnNtHandlesAndTimelines) {
  const Capabilities& capabilities = a_->manager().capabilities();
  EXPECT_TRUE(capabilities.identity.has_luid);
  EXPECT_EQ(capabilities.identity.node_mask, 1U);
  for (const HandleKind kind : {HandleKind::opaque_win32, HandleKind::opaque_win32_kmt}) {
    EXPECT_TRUE(std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [&](const auto& row) {
      return row.handle_kind == kind && row.exportable && row.importable;
    })) << to_string(kind);
  }
  const auto agreement = agree(*a_, *b_);
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  EXPECT_EQ(agreement->fence_kind, FenceKind::opaque_win32_timeline);
  EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
  EXPECT_EQ(agreement->rungs.front().name, "opaque_win32");
  EXPECT_FALSE(std::any_of(agreement->rungs.begin(), agreement->rungs.end(),
                           [](const Rung& rung) { return rung.name == "opaque_fd"; }));
}

TEST_F(Win32Vulkan, SharesByNtHandleAndByNumber) {
  for (const HandleKind kind : {HandleKind::opaque_win32, HandleKind::opaque_win32_kmt}) {
    SCOPED_TRACE(to_string(kind));
    auto source = a_->manager().create_texture(picture(), kind);
    ASSERT_TRUE(source) << source.error().to_string();
    auto parcel = a_->manager().export_texture(**source);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->kind, kind);
    auto destination = b_->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(destination) << destination.error().to_string();
    expect_shared(**source, **destination);
  }
}

TEST_F(Win32Vulkan, WaitsForTheOthersTimelineOnTheDevice) {
  auto fence = a_->manager().create_fence(FenceKind::opaque_win32_timeline);
  ASSERT_TRUE(fence) << fence.error().to_string();
  auto twin = b_->manager().import_fence(*(*fence)->export_handle());
  ASSERT_TRUE(twin) << twin.error().to_string();
  EXPECT_EQ((*twin)->wait(1, 20ms).error().code(), ErrorCode::timeout);
  ASSERT_TRUE((*fence)->signal(1));
  EXPECT_TRUE((*twin)->wait(1, 5s));
  EXPECT_EQ(*(*twin)->completed_value(), 1U);

  const auto agreement = agree(*a_, *b_);
  auto source = a_->manager().create_texture(picture(), *agreement);
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->set_signal_fence(*fence));
  auto destination = b_->manager().import_shared_texture(*a_->manager().export_texture(**source));
  ASSERT_TRUE(destination) << destination.error().to_string();
  auto write = (*source)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write);
  ASSERT_TRUE(a_->fill(**source, make_pattern(picture(), 5)));
  auto written = (*source)->end_access(*std::move(write));
  ASSERT_TRUE(written);
  // As it crosses: by the fence's id, whose object there is the twin.
  AccessState there = *written;
  there.writer = {};
  ASSERT_TRUE(there.writer.add({*twin, (*written->writer.begin()).value}));
  auto read = (*destination)->begin_access(AccessMode::read, there);
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = b_->read(**destination);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(picture(), make_pattern(picture(), 5), *actual), "");
  EXPECT_TRUE((*destination)->end_access(*std::move(read)));
  EXPECT_EQ((*destination)->statistics().gpu_waits, 1U);
}

// The reader begins first, against Vulkan's rules: with the interposer its device waits all the same, as one does whose
// other end is late.
TEST_F(Win32Vulkan, WaitsForTheOthersBinarySemaphoreOnTheDevice) {
  a_ = open("no_timelines");
  const auto agreement = agree(*a_, *b_);
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  ASSERT_EQ(agreement->fence_kind, FenceKind::opaque_win32_binary);
  EXPECT_EQ(agreement->sync_tier, SyncTier::binary_semaphore);
  auto fence = a_->manager().create_fence(FenceKind::opaque_win32_binary);
  ASSERT_TRUE(fence) << fence.error().to_string();
  auto twin = b_->manager().import_fence(*(*fence)->export_handle());
  ASSERT_TRUE(twin) << twin.error().to_string();
  EXPECT_EQ((*twin)->wait(1, 1ms).error().code(), ErrorCode::unsupported);
  EXPECT_EQ((*twin)->completed_value().error().code(), ErrorCode::unsupported);
  auto source = a_->manager().create_texture(picture(), *agreement);
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->set_signal_fence(*fence));
  auto destination = b_->manager().import_shared_texture(*a_->manager().export_texture(**source));
  ASSERT_TRUE(destination) << destination.error().to_string();
  AccessState unread;  // a write that asks for no reader
  const auto write = [&](std::uint32_t seed) {
    auto access = (*source)->begin_access(AccessMode::discard, unread);
    ASSERT_TRUE(access) << access.error().to_string();
    ASSERT_TRUE(a_->fill(**source, make_pattern(picture(), seed)));
    auto written = (*source)->end_access(*std::move(access));
    ASSERT_TRUE(written) << written.error().to_string();
    ++unread.serial;
  };
  AccessState promised;
  promised.serial = 1;
  promised.initialized = true;
  ASSERT_TRUE(promised.writer.add({*twin, 1}));
  const auto begun = std::chrono::steady_clock::now();
  std::thread late([&] {
    std::this_thread::sleep_for(60ms);
    write(5);
  });
  auto read = (*destination)->begin_access(AccessMode::read, promised);
  Result<std::vector<std::byte>> actual = read ? b_->read(**destination) : fail(GeyserError(read.error()));
  late.join();
  ASSERT_TRUE(actual) << actual.error().to_string();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 60ms);
  EXPECT_EQ(difference(picture(), make_pattern(picture(), 5), *actual), "");
  auto looked = (*destination)->end_access(*std::move(read));
  ASSERT_TRUE(looked) << looked.error().to_string();
  EXPECT_EQ((*destination)->statistics().gpu_waits, 1U);
  EXPECT_TRUE(looked->writer.empty()) << "that signal is consumed: nobody may wait for it again";

  // Who does so all the same waits for the next one.
  (*destination)->set_wait_timeout(100ms);
  read = (*destination)->begin_access(AccessMode::read, promised);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ((*destination)->end_access(*std::move(read)).error().code(), ErrorCode::timeout);
  write(6);
  EXPECT_TRUE(b_->settle());
  // And a signal that nobody has waited for is not given again.
  write(7);
  auto again = (*source)->begin_access(AccessMode::discard, unread);
  ASSERT_TRUE(again);
  EXPECT_FALSE((*source)->end_access(*std::move(again)));
}

TEST_F(Win32Vulkan, LeavesNoHandleOfAFenceWhateverTheDriverSays) {
  for (const FenceKind kind : {FenceKind::opaque_win32_timeline, FenceKind::opaque_win32_binary}) {
    SCOPED_TRACE(to_string(kind));
    auto fence = a_->manager().create_fence(kind);
    ASSERT_TRUE(fence) << fence.error().to_string();
    const std::size_t before = open_descriptors();
    {
      auto exported = (*fence)->export_handle();
      ASSERT_TRUE(exported) << exported.error().to_string();
      EXPECT_EQ(exported->handle.kind(), HandleKind::opaque_win32);
      EXPECT_EQ(open_descriptors(), before + 1);
    }
    EXPECT_EQ(open_descriptors(), before);
    {
      auto twin = b_->manager().import_fence(*(*fence)->export_handle());
      ASSERT_TRUE(twin) << twin.error().to_string();
      EXPECT_EQ(open_descriptors(), before + 1) << "the driver's own; what was given is closed";
    }
    ASSERT_TRUE(b_->settle());
    EXPECT_EQ(open_descriptors(), before);
    const auto refusal = [&](OwnedHandle&& handle) {
      return b_->manager().import_fence({kind, 7, 0, std::move(handle)}).error().code();
    };
    EXPECT_EQ(refusal(open_device(HandleKind::opaque_win32)), ErrorCode::invalid_handle) << "an event";
    EXPECT_EQ(refusal(OwnedHandle::adopt(HandleKind::opaque_win32, 0x7ffffff0)), ErrorCode::invalid_handle);
    EXPECT_EQ(refusal(OwnedHandle::adopt(HandleKind::opaque_win32_kmt, 0x40000002)), ErrorCode::invalid_handle)
        << "no semaphore crosses by number";
    EXPECT_EQ(refusal(open_device(HandleKind::d3d_nt)), ErrorCode::invalid_handle);
    ASSERT_TRUE(b_->settle());
    EXPECT_EQ(open_descriptors(), before);
  }
}

TEST_F(Win32Vulkan, LeavesNoHandleWhateverTheDriverSays) {
  auto source = a_->manager().create_texture(picture(), HandleKind::opaque_win32);
  ASSERT_TRUE(source);
  { auto once = b_->manager().import_shared_texture(*a_->manager().export_texture(**source)); }
  ASSERT_TRUE(b_->settle());
  const std::size_t before = open_descriptors();
  { auto dropped = a_->manager().export_texture(**source); }
  EXPECT_EQ(open_descriptors(), before);
  {
    // The driver has a handle of its own in it; the parcel's is closed.
    auto imported = b_->manager().import_shared_texture(*a_->manager().export_texture(**source));
    ASSERT_TRUE(imported);
    EXPECT_LE(open_descriptors(), before + 1);
  }
  ASSERT_TRUE(b_->settle());
  EXPECT_EQ(open_descriptors(), before);
  auto wrong = a_->manager().export_texture(**source);
  wrong->handles[0] = open_device(HandleKind::opaque_win32);
  EXPECT_FALSE(b_->manager().import_shared_texture(*std::move(wrong))) << "an event is no memory";
  auto closed = a_->manager().export_texture(**source);
  closed->handles[0] = OwnedHandle::adopt(HandleKind::opaque_win32, 0x7ffffff0);
  EXPECT_FALSE(b_->manager().import_shared_texture(*std::move(closed)));
  ASSERT_TRUE(b_->settle());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Win32Vulkan, ANumberDiesWithItsMemory) {
  auto source = a_->manager().create_texture(picture(), HandleKind::opaque_win32_kmt);
  ASSERT_TRUE(source);
  auto parcel = a_->manager().export_texture(**source);
  ASSERT_TRUE(parcel);
  source->reset();
  ASSERT_TRUE(a_->settle());
  const auto refused = b_->manager().import_shared_texture(*std::move(parcel));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_handle) << refused.error().to_string();
}

TEST_F(Win32Vulkan, BelievesPropertiesNotTheExtensionsName) {
  const auto without_export = open("no_export");
  const auto down = agree(*without_export, *b_);
  ASSERT_TRUE(down) << down.error().to_string();
  EXPECT_EQ(down->handle_kind, HandleKind::host_memory);
  EXPECT_TRUE(agree(*b_, *without_export)->handle_kind == HandleKind::opaque_win32) << "it still imports";
  const auto without_import = open("no_import");
  EXPECT_EQ(agree(*b_, *without_import)->handle_kind, HandleKind::host_memory);
  const auto without_semaphores = open("no_semaphores");
  const auto cpu = agree(*without_semaphores, *without_semaphores);
  EXPECT_EQ(cpu->handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(cpu->fence_kind, FenceKind::host_timeline);
}

TEST_F(Win32Vulkan, AnExtensionWithoutItsEntryPointsIsNone) {
  set_environment("GEYSER_INTERPOSER", "no_entry_points");
  const auto lacking = make_end("vulkan", Validation::off);
  const auto agreement = lacking ? agree(**lacking, **lacking) : fail(GeyserError(lacking.error()));
  set_environment("GEYSER_INTERPOSER", nullptr);
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
}

TEST_F(Win32Vulkan, AllocatesDedicatedWhereTheDriverWantsIt) {
  EXPECT_FALSE(agree(*a_, *b_)->dedicated);
  a_ = open("dedicated_only");
  const auto agreement = agree(*a_, *b_);
  ASSERT_TRUE(agreement);
  EXPECT_TRUE(agreement->dedicated);
  auto source = a_->manager().create_texture(picture(), *agreement);
  ASSERT_TRUE(source) << source.error().to_string();
  EXPECT_TRUE((*source)->layout().dedicated);
  auto destination = b_->manager().import_shared_texture(*a_->manager().export_texture(**source));
  ASSERT_TRUE(destination) << destination.error().to_string();
  expect_shared(**source, **destination);
}

TEST_F(Win32Vulkan, OtherAdaptersAndNodesAreOtherDevices) {
  for (const char* other : {"other_luid", "other_node"}) {
    const auto elsewhere = open(other);
    const auto agreement = agree(*a_, *elsewhere);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory) << other;
    auto source = a_->manager().create_texture(picture(), HandleKind::opaque_win32);
    EXPECT_FALSE(elsewhere->manager().import_shared_texture(*a_->manager().export_texture(**source))) << other;
  }
}

}  // namespace
}  // namespace geyser::test
