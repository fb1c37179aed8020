// Subscriber::event(): readable when there is something to do, and only then. Host memory: no driver has a part in it.
#include <optional>

#include "stream/scene.hpp"

namespace geyser::test {
namespace {

// More often than anything here is a reason for, and far less than a loop that spins comes round in 100 ms.
constexpr std::uint64_t few = 25;

class Event : public testing::Test {
 protected:
  void SetUp() override {
    end_ = open_end("host");
    ASSERT_TRUE(end_);
    stream::SubscriberOptions options;
    options.feed = "feed";
    options.runtime_directory = directory_.path();
    auto made = stream::Subscriber::create(share(end_), options);
    ASSERT_TRUE(made) << made.error().to_string();
    subscriber_.emplace(*std::move(made));
  }
  stream::Publisher publish(const std::string& name) {
    stream::PublisherOptions options;
    options.name = name;
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(share(end_), small_picture(), std::move(options));
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }
  bool is_readable(std::chrono::milliseconds timeout) { return wait_readable(subscriber_->event(), timeout); }
  // As a poller does it, but for the publisher's sake in short waits; gives how often it was woken for nothing.
  std::uint64_t wakes_until_a_frame(stream::Publisher& publisher) {
    std::uint64_t wakes = 0;
    for (const auto end = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < end;) {
      publisher.service();
      if (!is_readable(10ms)) continue;
      auto frame = subscriber_->acquire(0ns);
      if (frame && !frame->is_repeated()) return wakes;
      ++wakes;
    }
    ADD_FAILURE() << "there is no frame";
    return wakes;
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_;
  std::optional<stream::Subscriber> subscriber_;
};

TEST_F(Event, SleepsUntilAFeedComes) {
  EXPECT_FALSE(subscriber_->acquire(0ns));
  EXPECT_FALSE(is_readable(0ms));
  auto publisher = publish("feed");
  ASSERT_TRUE(publish_pattern(*end_, publisher, 1));
  EXPECT_LT(wakes_until_a_frame(publisher), few);
}

TEST_F(Event, SleepsWhileOtherFeedsComeAndGo) {
  auto publisher = publish("feed");
  ASSERT_TRUE(publish_pattern(*end_, publisher, 1));
  wakes_until_a_frame(publisher);
  EXPECT_FALSE(subscriber_->acquire(0ns));
  { auto other = publish("other"); }
  EXPECT_FALSE(is_readable(0ms));
  ASSERT_TRUE(publish_pattern(*end_, publisher, 2));
  ASSERT_TRUE(is_readable(patience));
  auto frame = subscriber_->acquire(0ns);
  ASSERT_TRUE(frame) << frame.error().to_string();
  EXPECT_EQ(frame->info().number, 2U);
}

TEST_F(Event, WakesWhenTheFeedGoesAndComesBack) {
  {
    auto publisher = publish("feed");
    ASSERT_TRUE(publish_pattern(*end_, publisher, 1));
    wakes_until_a_frame(publisher);
    EXPECT_FALSE(subscriber_->acquire(0ns));
  }
  ASSERT_TRUE(is_readable(patience));
  auto last = subscriber_->acquire(0ns);
  ASSERT_TRUE(last) << last.error().to_string();
  EXPECT_TRUE(last->is_repeated());
  auto publisher = publish("feed");
  ASSERT_TRUE(publish_pattern(*end_, publisher, 7));
  EXPECT_LT(wakes_until_a_frame(publisher), few);
}

// Nothing changes in the directory then, and nobody writes: time alone is the reason.
TEST_F(Event, WakesWhenARefusedFeedIsToBeTriedAgain) {
  NegotiationPolicy nothing;
  nothing.force_fence = FenceKind::drm_syncobj;
  stream::SubscriberOptions options;
  options.feed = "feed";
  options.runtime_directory = directory_.path();
  options.policy = nothing;
  subscriber_.emplace(*stream::Subscriber::create(share(end_), options));
  auto publisher = publish("feed");
  const auto end = std::chrono::steady_clock::now() + patience;
  std::uint64_t wakes = 0;
  while (subscriber_->state() != stream::FeedState::refused && std::chrono::steady_clock::now() < end) {
    publisher.service();
    if (is_readable(10ms) || wakes == 0) static_cast<void>(subscriber_->acquire(0ns));
    ++wakes;
  }
  ASSERT_EQ(subscriber_->state(), stream::FeedState::refused);
  const std::string why = subscriber_->last_error()->to_string();
  EXPECT_EQ(why.rfind("unsupported: No", 0), 0U) << "the code is said once: " << why;
  static_cast<void>(subscriber_->acquire(0ns));
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(is_readable(patience));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 500ms);
  static_cast<void>(subscriber_->acquire(0ns));
  EXPECT_EQ(subscriber_->state(), stream::FeedState::connecting);
}

// Without event(): the same watch wakes acquire().
TEST_F(Event, ARefusalIsSleptThrough) {
  NegotiationPolicy nothing;
  nothing.force_fence = FenceKind::drm_syncobj;
  auto publisher = publish("feed");
  stream::SubscriberOptions options;
  options.feed = "feed";
  options.runtime_directory = directory_.path();
  options.policy = nothing;
  auto refused = stream::Subscriber::create(share(end_), options);
  ASSERT_TRUE(refused);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (refused->state() != stream::FeedState::refused && std::chrono::steady_clock::now() < end) {
    publisher.service();
    static_cast<void>(refused->acquire(1ms));
  }
  ASSERT_EQ(refused->state(), stream::FeedState::refused);
  { auto other = publish("other"); }
  const std::uint64_t before = refused->statistics().system_calls;
  const auto looks = std::chrono::steady_clock::now() + 100ms;
  while (std::chrono::steady_clock::now() < looks) static_cast<void>(refused->acquire(50ms));
  EXPECT_LT(refused->statistics().system_calls - before, few);
}

}  // namespace
}  // namespace geyser::test
