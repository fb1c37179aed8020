// Timelines of DRM sync objects: alone, between processes, and between a CPU and devices that know sync files. All of
// it needs a DRM node: ./dev rig vm has virtio_gpu's for the timelines, and vgem's for fences that come late. Runs with
// Mesa 25 (tools/with_mesa25.sh).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include <geyser/channel.hpp>
#include <geyser/host.hpp>

#include "platform/dma_buf.hpp"
#include "platform/drm_syncobj.hpp"
#include "platform/shared_memory.hpp"
#include "platform/sync_file.hpp"
#include "platform/syncobj_fence.hpp"
#include "support/descriptors.hpp"
#include "support/drm_node.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using platform::SyncobjFence;

class Syncobj : public testing::Test {
 public:
  static void TearDownTestSuite() { ends_.close(); }

 protected:
  void SetUp() override {
    if (!has_drm_nodes()) {
      std::printf("NOT RUN: no DRM node here; ./dev rig vm has some in its boot [drm]\n");
      GTEST_SKIP();
    }
    if (!is_in_vm() && !platform::has_drm_syncobjs()) {
      std::printf("NOT RUN: no DRM node here has timelines\n");
      GTEST_SKIP();
    }
    fence_ = create();
    auto node = DrmNode::open("vgem");
    if (node) node_.emplace(*std::move(node));
    if (is_in_vm()) {
      ASSERT_TRUE(node_) << "no vgem";
    }
  }

  static std::shared_ptr<SyncobjFence> create() {
    auto fence = platform::create_syncobj_fence();
    EXPECT_TRUE(fence) << fence.error().to_string();
    return fence ? std::static_pointer_cast<SyncobjFence>(*fence) : nullptr;
  }
  static std::shared_ptr<SyncobjFence> open(const SharedFence& fence) {
    auto opened = platform::import_syncobj_fence(*fence.export_handle());
    EXPECT_TRUE(opened) << opened.error().to_string();
    return std::static_pointer_cast<SyncobjFence>(*opened);
  }
  // A fence that is signalled when the test says so; none, and the test is skipped, without vgem.
  std::optional<LateFence> late() {
    if (node_) return *node_->create_fence();
    std::printf("NOT RUN: no vgem here, which has late fences\n");
    return std::nullopt;
  }
  template <typename T>
  static ErrorCode code(const Result<T>& result) {
    return result ? ErrorCode{} : result.error().code();
  }
  static std::thread soon(std::function<void()> call) {
    return std::thread([call = std::move(call)] {
      std::this_thread::sleep_for(80ms);
      call();
    });
  }

  std::shared_ptr<SyncobjFence> fence_;
  std::optional<DrmNode> node_;
  static inline Ends ends_;
};

TEST_F(Syncobj, IsATimeline) {
  EXPECT_EQ(fence_->kind(), FenceKind::drm_syncobj);
  EXPECT_EQ(fence_->completed_value(), 0U);
  EXPECT_TRUE(fence_->wait(0, 0ns));
  ASSERT_TRUE(fence_->signal(3));
  EXPECT_EQ(fence_->completed_value(), 3U);
  EXPECT_TRUE(fence_->wait(2, 0ns)) << "values that were passed over are reached";
  EXPECT_EQ(code(fence_->signal(3)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(fence_->signal(2)), ErrorCode::invalid_argument);
  EXPECT_EQ(fence_->next_value(), 4U);
  EXPECT_EQ(code(fence_->update(*fence_->export_handle())), ErrorCode::unsupported);
}

TEST_F(Syncobj, OneThatNeverComesEndsTheWait) {
  const auto began = Clock::now();
  const auto refused = fence_->wait(1, 50ms);
  EXPECT_EQ(code(refused), ErrorCode::timeout);
  EXPECT_NE(refused.error().to_string().find("[1] of the DRM sync object is not signalled after [50] ms"),
            std::string::npos)
      << refused.error().to_string();
  EXPECT_GE(Clock::now() - began, 45ms);
  EXPECT_LT(Clock::now() - began, 5s);
  EXPECT_EQ(code(fence_->wait_for_submission(1, 20ms)), ErrorCode::timeout);
  EXPECT_EQ(code(fence_->get(1)), ErrorCode::invalid_argument);
  EXPECT_EQ(code(fence_->wait(1, -5ns)), ErrorCode::timeout);
}

TEST_F(Syncobj, IsWaitedForBeforeAnybodySignals) {
  const auto other = open(*fence_);
  EXPECT_EQ(other->id(), fence_->id());
  const auto began = Clock::now();
  std::thread signal = soon([&] { EXPECT_TRUE(other->signal(7)); });
  EXPECT_TRUE(fence_->wait(7, 10s));
  EXPECT_GE(Clock::now() - began, 60ms);
  signal.join();
  EXPECT_EQ(fence_->completed_value(), 7U);
}

TEST_F(Syncobj, CrossesProcesses) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Waits for 1, which is late, and answers with 2. What it inherits from its parent it does not use.
    std::vector<OwnedHandle> handles;
    std::byte id[8];
    if (!ends->second.receive(id, handles, 10s) || handles.size() != 1) _exit(2);
    FenceHandle handle{FenceKind::drm_syncobj, 5, 0, std::move(handles[0])};
    auto fence = platform::import_syncobj_fence(std::move(handle));
    if (!fence) _exit(3);
    if (!(*fence)->wait(1, 10s)) _exit(4);
    _exit((*fence)->signal(2) ? 0 : 5);
  }
  std::vector<OwnedHandle> handles;
  handles.push_back(std::move(fence_->export_handle()->handle));
  EXPECT_EQ(handles[0].kind(), HandleKind::drm_syncobj);
  const std::byte id[8] = {};
  ASSERT_TRUE(ends->first.send(id, handles, 10s));
  EXPECT_EQ(code(fence_->wait(2, 50ms)), ErrorCode::timeout);
  ASSERT_TRUE(fence_->signal(1));
  EXPECT_TRUE(fence_->wait(2, 20s));
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "exit code " << WEXITSTATUS(status);
}

TEST_F(Syncobj, NothingElseIsTaken) {
  const std::size_t before = open_descriptors();
  const auto take = [](FenceHandle handle) { return platform::import_syncobj_fence(std::move(handle)); };
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
  ASSERT_EQ(::close(sockets[1]), 0);
  const NativeHandle others[] = {
      platform::create_shared_memory(4096)->detach(),
      sockets[0],
      eventfd(0, EFD_CLOEXEC),
      ::open("/dev/null", O_RDWR | O_CLOEXEC),
      platform::create_dma_buf(4096)->detach(),
      export_sync_file(*platform::create_dma_buf(4096), AccessMode::read)->detach(),
      no_native_handle,
  };
  for (const NativeHandle other : others) {
    const auto refused = take({FenceKind::drm_syncobj, 9, 0, OwnedHandle::adopt(HandleKind::drm_syncobj, other)});
    EXPECT_EQ(code(refused), ErrorCode::invalid_handle);
    EXPECT_NE(refused.error().message().find("is not a DRM sync object"), std::string::npos);
  }
  EXPECT_EQ(code(take({FenceKind::drm_syncobj, 0, 0, std::move(fence_->export_handle()->handle)})),
            ErrorCode::invalid_handle);
  EXPECT_EQ(code(take({FenceKind::host_timeline, 9, 0, std::move(fence_->export_handle()->handle)})),
            ErrorCode::invalid_handle);
  // In place of a sync file.
  EXPECT_EQ(code(fence_->put(1, *platform::create_shared_memory(4096))), ErrorCode::invalid_handle);
  EXPECT_EQ(code(fence_->put(1, std::move(fence_->export_handle()->handle))), ErrorCode::invalid_handle);
  EXPECT_EQ(fence_->completed_value(), 0U);
  EXPECT_EQ(code(fence_->get(1)), ErrorCode::invalid_argument) << "nothing was put";
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Syncobj, SyncFilesGoInAndOut) {
  const auto late_fence = late();
  if (!late_fence) GTEST_SKIP();
  const auto other = open(*fence_);
  ASSERT_TRUE(fence_->put(1, *late_fence->sync_file().duplicate()));
  EXPECT_EQ(other->completed_value(), 0U);
  EXPECT_EQ(code(other->wait(1, 20ms)), ErrorCode::timeout);
  EXPECT_EQ(other->wait_for_submission(1, 0ns), false) << "it is there already";
  const auto out = other->get(1);
  ASSERT_TRUE(out) << out.error().to_string();
  EXPECT_EQ(out->kind(), HandleKind::sync_file);
  EXPECT_TRUE(platform::is_sync_file(out->get()));
  EXPECT_EQ(*platform::sync_file_status(out->get()), platform::SyncFileStatus::pending);
  EXPECT_EQ(code(fence_->put(1, {})), ErrorCode::invalid_argument) << "the value has a fence";
  late_fence->signal();
  EXPECT_TRUE(other->wait(1, 5s));
  EXPECT_EQ(*platform::sync_file_status(out->get()), platform::SyncFileStatus::signalled);
  EXPECT_FALSE(other->get(1)->has_value()) << "reached";
}

TEST_F(Syncobj, TheFileOfAPointThatIsNotThereIsWaitedFor) {
  std::thread put = soon([&] { EXPECT_TRUE(fence_->put(4, {})); });
  std::uint64_t waits = 0;
  const auto out = platform::sync_file_of(*fence_, 4, 10s, waits);
  put.join();
  ASSERT_TRUE(out) << out.error().to_string();
  EXPECT_FALSE(out->has_value());
  EXPECT_EQ(waits, 1U);
  EXPECT_EQ(code(platform::sync_file_of(*fence_, 5, 20ms, waits)), ErrorCode::timeout);
  EXPECT_EQ(waits, 1U);
}

TEST_F(Syncobj, ThousandsLeaveNothingBehind) {
  const std::size_t before = open_descriptors();
  {
    const auto kept = open(*fence_);
    const auto signalled = export_sync_file(*platform::create_dma_buf(4096), AccessMode::read);
    ASSERT_TRUE(signalled);
    for (std::uint64_t i = 1; i <= 3000; ++i) {
      ASSERT_TRUE(fence_->put(i, i % 2 == 0 ? *signalled->duplicate() : OwnedHandle()));
      ASSERT_TRUE(kept->wait(i, 1s));
      ASSERT_TRUE(kept->get(i));
      ASSERT_NE(open(*fence_), nullptr);
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

// Between the CPU and a device, and between two devices.
class SyncobjDevices : public Syncobj, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    Syncobj::SetUp();
    if (IsSkipped()) return;
    device_ = ends_.get(GetParam());
    // Two ends that both wait on their CPUs would take a fence for CPUs.
    maker_ = ends_.get(GetParam() == "opengl" ? "vulkan" : "host");
    descriptor_.extent = {45, 29, 1};
    policy_.allow_opaque = false;
    policy_.allow_host_linear = false;
    const auto agreement =
        negotiate(descriptor_, maker_->manager().capabilities(), device_->manager().capabilities(), policy_);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    ASSERT_EQ(agreement->handle_kind, HandleKind::dma_buf) << to_string(*agreement);
    agreement_ = *agreement;
    if (agreement_.fence_kind != FenceKind::drm_syncobj) FAIL() << to_string(agreement_);
    at_maker_ = *maker_->manager().create_texture(descriptor_, agreement_);
    at_device_ = *device_->manager().import_shared_texture(*maker_->manager().export_texture(*at_maker_));
  }
  void TearDown() override {
    at_maker_.reset();
    at_device_.reset();
    for (End* end : {device_, maker_}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : std::exchange(end->complaints, {})) ADD_FAILURE() << complaint;
    }
  }
  bool gpu_waits() const {
    for (const FenceCapability& row : device_->manager().capabilities().fences) {
      if (row.kind == FenceKind::drm_syncobj) return row.gpu_wait;
    }
    return false;
  }
  static std::shared_ptr<SharedFence> there(End& end, SharedFence& fence) {
    auto opened = end.manager().import_fence(*fence.export_handle());
    EXPECT_TRUE(opened) << opened.error().to_string();
    return *std::move(opened);
  }
  AccessState write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    EXPECT_TRUE(access) << access.error().to_string();
    EXPECT_TRUE(end.fill(texture, make_pattern(descriptor_, seed)));
    auto ended = texture.end_access(*std::move(access));
    EXPECT_TRUE(ended) << ended.error().to_string();
    return *std::move(ended);
  }
  AccessState expect(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto seen = end.read(texture);
    EXPECT_TRUE(seen) << seen.error().to_string();
    EXPECT_EQ(difference(descriptor_, make_pattern(descriptor_, seed), *seen), "");
    auto ended = texture.end_access(*std::move(access));
    EXPECT_TRUE(ended) << ended.error().to_string();
    return *std::move(ended);
  }
  // As it comes from another process: the points are of this end's own objects.
  static AccessState arrived(const AccessState& state, const std::vector<std::shared_ptr<SharedFence>>& own) {
    AccessState out = state;
    for (auto [from, to] : {std::pair{&state.writer, &out.writer}, std::pair{&state.readers, &out.readers}}) {
      to->clear();
      for (const SyncPoint& point : *from) {
        for (const auto& fence : own) {
          if (fence->id() != point.fence->id()) continue;
          EXPECT_TRUE(to->add({fence, point.value}));
        }
      }
      EXPECT_EQ(to->size(), from->size());
    }
    return out;
  }
  AccessState after(const std::shared_ptr<SharedFence>& fence, std::uint64_t value) const {
    AccessState state = state_;
    EXPECT_TRUE(state.writer.add({fence, value}));
    return state;
  }

  End* device_ = nullptr;
  End* maker_ = nullptr;
  NegotiationPolicy policy_;
  TextureDescriptor descriptor_;
  Agreement agreement_;
  std::unique_ptr<SharedTexture> at_maker_;
  std::unique_ptr<SharedTexture> at_device_;
  AccessState state_;
};

TEST_P(SyncobjDevices, HandOverFramesWithOneDescriptorForEach) {
  EXPECT_EQ(agreement_.sync_tier, SyncTier::shared_timeline);
  auto maker_done = *maker_->manager().create_fence(FenceKind::drm_syncobj);
  auto device_done = *device_->manager().create_fence(FenceKind::drm_syncobj);
  const std::vector<std::shared_ptr<SharedFence>> at_maker{maker_done, there(*maker_, *device_done)};
  const std::vector<std::shared_ptr<SharedFence>> at_device{there(*device_, *maker_done), device_done};
  ASSERT_TRUE(at_maker_->set_signal_fence(maker_done));
  ASSERT_TRUE(at_device_->set_signal_fence(device_done));
  for (std::uint32_t seed = 1; seed <= 6; seed += 2) {
    state_ = arrived(write(*maker_, *at_maker_, state_, seed), at_device);
    ASSERT_EQ(state_.writer.size(), 1U);
    state_ = expect(*device_, *at_device_, state_, seed);
    EXPECT_EQ(state_.readers.size(), 1U);
    state_ = arrived(write(*device_, *at_device_, state_, seed + 1), at_maker);
    state_ = arrived(expect(*maker_, *at_maker_, state_, seed + 1), at_maker);
  }
  EXPECT_EQ(maker_done->completed_value(), 6U);
  EXPECT_EQ(at_device_->statistics().bytes_copied, 0U);
  if (gpu_waits()) {
    EXPECT_EQ(at_device_->statistics().host_waits, 0U) << "every point was there, and left as a sync file";
  }
}

TEST_P(SyncobjDevices, ALatePointHoldsTheDeviceBack) {
  const auto late_fence = late();
  if (!late_fence) GTEST_SKIP();
  state_ = write(*maker_, *at_maker_, state_, 1);
  const auto own = there(*device_, *fence_);
  ASSERT_TRUE(fence_->put(1, *late_fence->sync_file().duplicate()));
  auto done = *device_->manager().create_fence(FenceKind::drm_syncobj);
  ASSERT_TRUE(at_device_->set_signal_fence(done));
  if (!gpu_waits()) {
    at_device_->set_wait_timeout(30ms);
    EXPECT_EQ(code(at_device_->begin_access(AccessMode::read, after(own, 1))), ErrorCode::timeout);
    late_fence->signal();
    state_ = expect(*device_, *at_device_, after(own, 1), 1);
    return;
  }
  auto access = at_device_->begin_access(AccessMode::read, after(own, 1));
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(at_device_->statistics().host_waits, 0U);
  EXPECT_EQ(at_device_->statistics().gpu_waits, 1U);
  // lavapipe gives a sync file only of what it has finished: ending lasts until the signal.
  std::thread signal = soon([&] { late_fence->signal(); });
  const auto began = Clock::now();
  ASSERT_TRUE(at_device_->end_access(*std::move(access)));
  EXPECT_TRUE(done->wait(1, 10s));
  EXPECT_GE(Clock::now() - began, 60ms) << "done before the point was reached";
  signal.join();
}

TEST_P(SyncobjDevices, APointThatNobodySubmitsIsWaitedForAsLongAsTheTextureSays) {
  state_ = write(*maker_, *at_maker_, state_, 1);
  const auto own = there(*device_, *fence_);
  at_device_->set_wait_timeout(40ms);
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    const auto began = Clock::now();
    EXPECT_EQ(code(at_device_->begin_access(AccessMode::read, after(own, 1))), ErrorCode::timeout);
    EXPECT_LT(Clock::now() - began, 5s);
  }
  EXPECT_EQ(open_descriptors(), before);
  at_device_->set_wait_timeout(10s);
  std::thread signal = soon([&] { EXPECT_TRUE(fence_->signal(1)); });
  const std::uint64_t waits = at_device_->statistics().host_waits;
  auto access = at_device_->begin_access(AccessMode::read, after(own, 1));
  signal.join();
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(at_device_->statistics().host_waits, waits + 1) << "a CPU's wait is counted";
  ASSERT_TRUE(at_device_->end_access(*std::move(access)));
}

INSTANTIATE_TEST_SUITE_P(All, SyncobjDevices, testing::Values("vulkan", "opengl"),
                         [](const auto& end) { return end.param; });

}  // namespace
}  // namespace geyser::test
