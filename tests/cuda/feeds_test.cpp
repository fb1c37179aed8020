// Feeds with CUDA at one end: on another GPU than the publisher's, and in a context that dies.
#include <geyser/host.hpp>

#include "cuda/rig.hpp"
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

class CudaFeeds : public CudaRig {
 protected:
  std::shared_ptr<TextureShareManager> on_device(std::uint32_t index, bool other_devices) {
    cuda::Options options;
    options.device_index = index;
    options.other_devices = other_devices;
    return make(options);
  }
  stream::Publisher publish_feed(const std::shared_ptr<TextureShareManager>& manager) {
    stream::PublisherOptions options;
    options.name = "feed";
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(manager, small_picture(), options);
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }
  stream::Subscriber subscribe(const std::shared_ptr<TextureShareManager>& manager, NegotiationPolicy policy = {}) {
    stream::SubscriberOptions options;
    options.feed = "feed";
    options.runtime_directory = directory_.path();
    options.policy = std::move(policy);
    auto made = stream::Subscriber::create(manager, options);
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }

  RuntimeDirectory directory_;
};

TEST_F(CudaFeeds, AreReadOnAnotherGpuWhichDoesNotDelayThePublisher) {
  const std::shared_ptr<End> end = open_end("cuda");  // of device 0
  ASSERT_NE(end, nullptr);
  const auto other = on_device(1, true);
  ASSERT_NE(other, nullptr);
  {
    auto publisher = publish_feed(share(end));
    auto subscriber = subscribe(other);
    ASSERT_TRUE(publish_pattern(*end, publisher, 1));
    auto frame = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_EQ(frame->texture().path(), SharePath::gpu_copy);
    expect_pattern(*end, *frame, 1);
    ASSERT_TRUE(subscriber.release(*std::move(frame)));
    const Agreement& agreement = subscriber.agreement();
    EXPECT_EQ(agreement.path, SharePath::gpu_copy);
    EXPECT_EQ(agreement.handle_kind, HandleKind::opaque_fd);
    EXPECT_EQ(agreement.bandwidth, other->capabilities().peers.at(0).bandwidth);
    EXPECT_EQ(publisher.statistics().gpu_copies, 0U) << "the subscriber's device copies";

    // The other GPU does nothing for a while: its frame stays, and the publisher goes on with the other slots.
    ASSERT_TRUE(publish_pattern(*end, publisher, 2));
    stand_in_->hold_device(1, true);
    auto kept = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(kept) << kept.error().to_string();
    for (std::uint32_t seed = 3; seed < 12; ++seed) {
      auto open = publisher.begin_frame(0ns);
      ASSERT_TRUE(open) << open.error().to_string();
      ASSERT_TRUE(end->fill(open->texture(), make_pattern(small_picture(), seed)));
      ASSERT_TRUE(publisher.publish(*std::move(open)));
    }
    stand_in_->hold_device(1, false);
    expect_pattern(*end, *kept, 2);
    EXPECT_TRUE(*subscriber.release(*std::move(kept))) << "it was overwritten";
    frame = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(frame);
    expect_pattern(*end, *frame, 11);
    ASSERT_TRUE(subscriber.release(*std::move(frame)));
    EXPECT_EQ(publisher.statistics().frames_refused, 0U);
  }
  end->close();
}

TEST_F(CudaFeeds, GoThroughTheHostWhereCopiesByTheGpuAreForbidden) {
  const std::shared_ptr<End> end = open_end("cuda");
  const auto other = on_device(1, true);
  {
    auto publisher = publish_feed(share(end));
    NegotiationPolicy policy;
    policy.allow_gpu_copy = false;
    policy.allow_host_linear = false;
    auto subscriber = subscribe(other, policy);
    ASSERT_TRUE(publish_pattern(*end, publisher, 1));
    auto frame = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_EQ(subscriber.agreement().handle_kind, HandleKind::host_memory);
    EXPECT_EQ(subscriber.agreement().path, SharePath::host_copy);
    EXPECT_EQ(subscriber.agreement().bandwidth, 0U);
    expect_pattern(*end, *frame, 1);
    ASSERT_TRUE(subscriber.release(*std::move(frame)));
    EXPECT_EQ(calls("peer copy 0 to 1 on a stream of 1"), 5) << "those that measure";
  }
  end->close();
}

TEST_F(CudaFeeds, ASubscriberComesBackInANewContext) {
  auto host = open_end("host");
  auto publisher = publish_feed(share(host));
  {
    const auto manager = on_device(0, false);
    auto subscriber = subscribe(manager);
    ASSERT_TRUE(publish_pattern(*host, publisher, 1));
    auto first = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(first) << first.error().to_string();
    // A kernel of the caller's goes wrong while it holds the frame: everything in the context fails from now on.
    stand_in_->kill_contexts(719);
    auto released = subscriber.release(*std::move(first));
    ASSERT_FALSE(released);
    EXPECT_EQ(released.error().code(), ErrorCode::device_lost) << released.error().to_string();
    ASSERT_TRUE(publish_pattern(*host, publisher, 2)) << "the publisher lives on";
    auto lost = acquire_beside(publisher, subscriber);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code(), ErrorCode::device_lost) << lost.error().to_string();
  }
  stand_in_->destroy_objects();
  stand_in_->kill_contexts(0);
  for (std::uint32_t seed = 3; seed < 12; ++seed) ASSERT_TRUE(publish_pattern(*host, publisher, seed));
  const auto successor = on_device(0, false);
  ASSERT_NE(successor, nullptr);
  const std::shared_ptr<End> reader = open_end("cuda");
  {
    auto subscriber = subscribe(successor);
    auto frame = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    expect_pattern(*reader, *frame, 11);
    ASSERT_TRUE(subscriber.release(*std::move(frame)));
  }
  reader->close();
  EXPECT_EQ(publisher.statistics().frames_refused, 0U);
}

// The memory outlives the context that it was opened in, whoever made it.
TEST_F(CudaFeeds, AContextThatIsDestroyedWithFramesInFlightLosesNoMemory) {
  auto maker = on_device(0, false);
  auto exported = export_memory(*maker, small(), 4096);
  auto again = exported.parcel.duplicate();
  ASSERT_TRUE(again);
  auto semaphore = export_semaphore(FenceKind::opaque_fd_timeline);
  auto texture = maker->import_shared_texture(std::move(exported.parcel));
  auto fence = maker->import_fence(std::move(semaphore.handle));
  ASSERT_TRUE(texture && fence);
  AccessState state;
  state.serial = 1;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 9}));  // not signalled yet
  auto access = (*texture)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(access) << access.error().to_string();
  stand_in_->kill_contexts(709);
  auto ended = (*texture)->end_access(*std::move(access));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::device_lost);
  EXPECT_EQ(ended.error().native().name, "CUDA_ERROR_CONTEXT_IS_DESTROYED");
  const int destroyed = calls("cuDestroyExternalMemory") + calls("cuDestroyExternalSemaphore");
  state.writer.clear();
  texture->reset();
  fence->reset();
  maker.reset();
  EXPECT_EQ(calls("cuDestroyExternalMemory") + calls("cuDestroyExternalSemaphore"), destroyed);
  stand_in_->destroy_objects();
  stand_in_->kill_contexts(0);
  std::memset(exported.memory.bytes().data(), 0x71, 4096);
  const auto successor = on_device(0, false);
  auto reopened = successor->import_shared_texture(*std::move(again));
  ASSERT_TRUE(reopened) << reopened.error().to_string();
  auto reading = (*reopened)->begin_access(AccessMode::read, state);
  ASSERT_TRUE(reading);
  const std::shared_ptr<End> reader = open_end("cuda");
  EXPECT_EQ(reader->read(**reopened)->front(), std::byte{0x71});
  EXPECT_TRUE((*reopened)->end_access(*std::move(reading)));
  reader->close();
}

}  // namespace
}  // namespace geyser::test
