// Sync files in OpenGL and OpenGL ES: made by EGL, waited for by EGL, late, never signalled, not there. Run with Mesa
// 25 (tools/with_mesa25.sh) and the stand-in for /dev/udmabuf, without which Mesa's software driver has none; what is
// late is an eventfd, which Mesa waits for as it does for a sync file of the kernel.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <geyser/opengl.hpp>

#include "opengl/native_fence.hpp"
#include "opengl/texture.hpp"
#include "platform/sync_file_fence.hpp"
#include "support/descriptors.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;

class OpenGlSyncFile : public testing::TestWithParam<const char*> {
 protected:
  static void TearDownTestSuite() { ends_.close(); }
  void SetUp() override {
    ASSERT_NE(ends_.get(GetParam()), nullptr);
    const auto& fences = manager().capabilities().fences;
    const bool found = std::any_of(fences.begin(), fences.end(), [](const FenceCapability& row) {
      return row.kind == FenceKind::sync_file && row.exportable && row.importable;
    });
    if (!found) {
      if (is_rig("mesa")) FAIL() << "Mesa 25 is there, but has no native fences";
      std::printf("NOT RUN: EGL here has no native fences; ./dev drivers unpacks one that does on Debian 12\n");
      GTEST_SKIP();
    }
    descriptor_.extent = {61, 35, 1};
    auto texture = manager().create_texture(descriptor_, HandleKind::dma_buf);
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
    auto parcel = manager().export_texture(*texture_);
    ASSERT_TRUE(parcel);
    auto twin = vulkan().manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(twin) << twin.error().to_string();
    twin_ = *std::move(twin);
  }
  void TearDown() override {
    for (End* any : {&end(), &vulkan()}) {
      for (const std::string& complaint : std::exchange(any->complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  End& end() { return *ends_.get(GetParam()); }
  TextureShareManager& manager() { return end().manager(); }
  static End& vulkan() { return *ends_.get("vulkan"); }

  AccessState write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    EXPECT_TRUE(access) << access.error().to_string();
    EXPECT_TRUE(end.fill(texture, make_pattern(descriptor_, seed)));
    auto done = texture.end_access(*std::move(access));
    EXPECT_TRUE(done) << done.error().to_string();
    return *done;
  }
  // Whether the contents are those of `seed`, in an access that may begin after `state`.
  Result<AccessState> look(const AccessState& state, std::uint32_t seed) {
    auto access = texture_->begin_access(AccessMode::read, state);
    if (!access) return fail(std::move(access.error()));
    auto bytes = end().read(*texture_);
    EXPECT_TRUE(bytes);
    EXPECT_EQ(difference(descriptor_, make_pattern(descriptor_, seed), *bytes), "");
    return texture_->end_access(*std::move(access));
  }
  // A state that is reached when the gate, an eventfd, is opened.
  struct Late {
    OwnedHandle gate;
    AccessState state;
    void open() const { eventfd_write(static_cast<int>(gate.get()), 1); }
  };
  Late late(AccessState state) {
    Late made{OwnedHandle::adopt(HandleKind::sync_file, eventfd(0, EFD_CLOEXEC)), std::move(state)};
    auto fence = std::static_pointer_cast<platform::SyncFileFence>(platform::create_sync_file_fence());
    EXPECT_TRUE(fence->put(1, *made.gate.duplicate()));
    made.state.writer.clear();
    EXPECT_TRUE(made.state.writer.add({fence, 1}));
    ++made.state.serial;
    return made;
  }

  static inline Ends ends_;
  TextureDescriptor descriptor_;
  std::unique_ptr<SharedTexture> texture_;
  std::unique_ptr<SharedTexture> twin_;  // the same memory in Vulkan
};

TEST_P(OpenGlSyncFile, IsMadeAtTheEndOfAnAccess) {
  auto fence = manager().create_fence(FenceKind::sync_file);
  ASSERT_TRUE(fence) << fence.error().to_string();
  ASSERT_TRUE(texture_->set_signal_fence(*fence));
  const AccessState state = write(end(), *texture_, {}, 1);
  ASSERT_EQ(state.writer.size(), 1U);
  EXPECT_EQ(state.writer.begin()->fence, *fence);
  EXPECT_EQ(texture_->statistics().host_waits, 0U) << "end_access() waited for the device";
  auto handle = (*fence)->export_handle();
  ASSERT_TRUE(handle) << handle.error().to_string();
  EXPECT_EQ(handle->value, 1U);
  EXPECT_TRUE(handle->handle.has_value()) << "no sync file was made";
  EXPECT_EQ(handle->handle.kind(), HandleKind::sync_file);
  EXPECT_TRUE((*fence)->wait(1));
  auto seen = look(state, 1);
  ASSERT_TRUE(seen) << seen.error().to_string();
  EXPECT_EQ(seen->readers.size(), 1U);
}

TEST_P(OpenGlSyncFile, ThatIsLateDelaysWhatIsQueuedAfterIt) {
  const auto& context = static_cast<opengl::GlTexture&>(*texture_).context();
  auto current = opengl::Current::open(*context);
  const Late gate = late({});
  const auto begin = std::chrono::steady_clock::now();
  std::thread opener([&] {
    std::this_thread::sleep_for(milliseconds(200));
    gate.open();
  });
  auto queued = opengl::queue_sync_file(*context, *gate.gate.duplicate());
  EXPECT_TRUE(queued) << queued.error().to_string();
  context->gl().glFinish();
  const auto took = std::chrono::steady_clock::now() - begin;
  opener.join();
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, milliseconds(3000));
}

TEST_P(OpenGlSyncFile, ThatIsLateDelaysTheRead) {
  const AccessState first = write(end(), *texture_, {}, 1);
  const Late gate = late(first);
  // What is read before the gate opens is the first picture.
  std::thread writer([&] {
    std::this_thread::sleep_for(milliseconds(200));
    write(vulkan(), *twin_, first, 2);
    gate.open();
  });
  const auto seen = look(gate.state, 2);
  writer.join();
  ASSERT_TRUE(seen) << seen.error().to_string();
}

TEST_P(OpenGlSyncFile, ThatNeverComesIsATimeoutAndLeavesNothing) {
  const AccessState first = write(end(), *texture_, {}, 1);
  texture_->set_wait_timeout(milliseconds(50));
  const Late gate = late(first);
  const std::size_t before = open_descriptors();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    const auto seen = look(gate.state, 1);
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code(), ErrorCode::timeout) << seen.error().to_string();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(3000));
  EXPECT_EQ(open_descriptors(), before);
  gate.open();
  EXPECT_TRUE(look(gate.state, 1));
}

TEST_P(OpenGlSyncFile, ThatHasNotArrivedIsAnError) {
  AccessState state = write(end(), *texture_, {}, 1);
  auto peer = manager().import_fence({FenceKind::sync_file, 77, 1, {}});
  ASSERT_TRUE(peer) << peer.error().to_string();
  state.writer.clear();
  ASSERT_TRUE(state.writer.add({*peer, 2}));
  ++state.serial;
  const auto seen = look(state, 1);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code(), ErrorCode::invalid_argument) << seen.error().to_string();
  EXPECT_NE(seen.error().message().find("has not arrived"), std::string::npos);
  // And when it has:
  ASSERT_TRUE((*peer)->update({FenceKind::sync_file, 77, 2, {}}));
  EXPECT_TRUE(look(state, 1));
}

TEST_P(OpenGlSyncFile, LeaksNoneInAThousandAccesses) {
  auto fence = manager().create_fence(FenceKind::sync_file);
  ASSERT_TRUE(texture_->set_signal_fence(*fence));
  AccessState state = write(end(), *texture_, {}, 1);
  std::size_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    auto access = texture_->begin_access(i % 2 == 0 ? AccessMode::read : AccessMode::write, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto ended = texture_->end_access(*std::move(access));
    ASSERT_TRUE(ended);
    state = *ended;
    if (i == 50) before = open_descriptors();
  }
  EXPECT_EQ(open_descriptors(), before);
}

INSTANTIATE_TEST_SUITE_P(Gl, OpenGlSyncFile, testing::Values("opengl", "opengl_es"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace geyser::test
