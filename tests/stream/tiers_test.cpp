// How a feed is synchronised where ends differ in what they can do with fences.
#include <gtest/gtest.h>

#include <geyser/opengl.hpp>

#include "stream/scene.hpp"

namespace geyser::test {
namespace {

// OpenGL queues waits for a semaphore and can do nothing about one that nobody signals: a publisher's death would hang
// it. So its frames are announced when they are complete, unless an allocator's API can signal what is missing.
TEST(Tiers, WhoCannotSignalAFenceOfTheDeadIsGivenNone) {
  const RuntimeDirectory directory;
  const std::shared_ptr<End> from = open_end("vulkan");
  const std::shared_ptr<End> to = open_end("opengl");
  ASSERT_TRUE(from && to);
  // As a program without Vulkan has it: what `to` reads by is of the same device.
  auto made = opengl::create_manager();
  ASSERT_TRUE(made) << made.error().to_string();
  const std::shared_ptr<TextureShareManager> plain(*std::move(made));
  for (const FenceCapability& row : plain->capabilities().fences) {
    // Sync files are of no use to a ring, which has no message for each frame.
    EXPECT_EQ(row.exportable, row.kind == FenceKind::host_timeline || row.kind == FenceKind::sync_file)
        << to_string(row.kind);
  }
  stream::PublisherOptions options;
  options.name = "tiers";
  options.runtime_directory = directory.path();
  options.diagnostics = [](const GeyserError& error) { ADD_FAILURE() << error.to_string(); };
  auto publisher = stream::Publisher::create(share(from), small_picture(), std::move(options));
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  stream::SubscriberOptions wanted;
  wanted.feed = "tiers";
  wanted.runtime_directory = directory.path();
  wanted.diagnostics = [](const GeyserError& error) { ADD_FAILURE() << error.to_string(); };
  auto subscriber = stream::Subscriber::create(plain, std::move(wanted));
  ASSERT_TRUE(subscriber);

  for (std::uint32_t seed = 1; seed < 20; ++seed) {
    const auto published = publish_pattern(*from, *publisher, seed);
    ASSERT_TRUE(published) << published.error().to_string();
    auto frame = acquire_beside(*publisher, *subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_EQ(frame->info().number, seed);
    ASSERT_TRUE(opengl::make_current(*plain));
    auto intact = subscriber->release(*std::move(frame));
    ASSERT_TRUE(intact) << intact.error().to_string();
    EXPECT_TRUE(*intact);
  }
  EXPECT_EQ(subscriber->agreement().path, SharePath::zero_copy);
  EXPECT_EQ(subscriber->agreement().sync_tier, SyncTier::host_wait) << to_string(subscriber->agreement());
  EXPECT_EQ(publisher->statistics().leases_revoked, 0U);
  EXPECT_EQ(publisher->statistics().frames_refused, 0U);
}

// With one, every pair of ends of a device that has shared timelines uses them.
TEST(Tiers, EndsOfOneDeviceShareTimelinesWhereItHasThem) {
  for (const std::string from_name : {"vulkan", "opengl"}) {
    for (const std::string to_name : {"vulkan", "opengl"}) {
      SCOPED_TRACE(from_name + " to " + to_name);
      const RuntimeDirectory directory;
      const std::shared_ptr<End> from = open_end(from_name);
      const std::shared_ptr<End> to = open_end(to_name);
      ASSERT_TRUE(from && to);
      stream::PublisherOptions options;
      options.name = "tiers";
      options.runtime_directory = directory.path();
      auto publisher = stream::Publisher::create(share(from), small_picture(), std::move(options));
      ASSERT_TRUE(publisher) << publisher.error().to_string();
      stream::SubscriberOptions wanted;
      wanted.feed = "tiers";
      wanted.runtime_directory = directory.path();
      auto subscriber = stream::Subscriber::create(share(to), std::move(wanted));
      ASSERT_TRUE(subscriber);
      ASSERT_TRUE(publish_pattern(*from, *publisher, 1));
      auto frame = acquire_beside(*publisher, *subscriber);
      ASSERT_TRUE(frame) << frame.error().to_string();
      expect_pattern(*to, *frame, 1);
      const auto direct = negotiate(small_picture(), from->manager().capabilities(), to->manager().capabilities());
      ASSERT_TRUE(direct);
      const bool timeline = direct->sync_tier == SyncTier::shared_timeline;
      EXPECT_EQ(subscriber->agreement().sync_tier, timeline ? SyncTier::shared_timeline : SyncTier::host_wait);
      std::printf("tier from %s to %s: %s\n", from_name.c_str(), to_name.c_str(),
                  std::string(to_string(subscriber->agreement().sync_tier)).c_str());
    }
  }
}

}  // namespace
}  // namespace geyser::test
