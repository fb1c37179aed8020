// How a feed is synchronised where ends differ in what they can make: who makes no fences is given one.
#include <gtest/gtest.h>

#include <geyser/opengl.hpp>

#include "stream/scene.hpp"

namespace geyser::test {
namespace {

TEST(Tiers, ASubscriberThatMakesNoFencesIsGivenOne) {
  const RuntimeDirectory directory;
  const std::shared_ptr<End> from = open_end("vulkan");
  const std::shared_ptr<End> to = open_end("opengl");
  ASSERT_TRUE(from && to);
  // As a program without Vulkan has it: what `to` reads by is of the same device.
  auto made = opengl::create_manager();
  ASSERT_TRUE(made) << made.error().to_string();
  const std::shared_ptr<TextureShareManager> plain(*std::move(made));
  for (const FenceCapability& row : plain->capabilities().fences) {
    EXPECT_EQ(row.exportable, row.kind == FenceKind::host_timeline) << to_string(row.kind);
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

  const auto direct = negotiate(small_picture(), from->manager().capabilities(), plain->capabilities());
  ASSERT_TRUE(direct);
  const bool timeline = direct->sync_tier == SyncTier::shared_timeline;
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
  EXPECT_EQ(subscriber->agreement().sync_tier, timeline ? SyncTier::shared_timeline : SyncTier::host_wait)
      << to_string(subscriber->agreement());
  std::printf("tier: %s\n", std::string(to_string(subscriber->agreement().sync_tier)).c_str());
  EXPECT_EQ(publisher->statistics().leases_revoked, 0U);
  EXPECT_EQ(publisher->statistics().frames_refused, 0U);
}

}  // namespace
}  // namespace geyser::test
