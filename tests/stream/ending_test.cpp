// What a publisher leaves in its ring when it ends.
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

class Ending : public testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  void SetUp() override {
    from_ = open_end(GetParam().first);
    to_ = open_end(GetParam().second);
    ASSERT_TRUE(from_ && to_);
  }
  void TearDown() override {
    for (End* end : {from_.get(), to_.get()}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << end->name() << ": " << complaint;
    }
  }
  stream::Subscriber subscribe(stream::FrameMode mode) {
    stream::SubscriberOptions options;
    options.feed = "feed";
    options.mode = mode;
    options.runtime_directory = directory_.path();
    auto made = stream::Subscriber::create(share(to_), options);
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }
  // Numbers of the new frames that come until there are none.
  std::vector<std::uint64_t> rest_of(stream::Subscriber& subscriber) {
    std::vector<std::uint64_t> numbers;
    for (;;) {
      auto frame = subscriber.acquire(50ms);
      if (!frame || frame->is_repeated()) return numbers;
      numbers.push_back(frame->info().number);
      expect_pattern(*to_, *frame, static_cast<std::uint32_t>(frame->info().number));
      EXPECT_EQ(subscriber.release(*std::move(frame)), true);
    }
  }
  stream::Publisher publish() {
    stream::PublisherOptions options;
    options.name = "feed";
    options.ring_size = 6;
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(share(from_), small_picture(), std::move(options));
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }
  // Publishes five frames, of which the subscriber sees the first, and ends.
  void publish_five(stream::Subscriber& subscriber) {
    auto publisher = publish();
    ASSERT_TRUE(publish_pattern(*from_, publisher, 1));
    auto first = acquire_beside(publisher, subscriber);
    ASSERT_TRUE(first) << first.error().to_string();
    ASSERT_TRUE(subscriber.release(*std::move(first)));
    for (std::uint32_t seed = 2; seed <= 5; ++seed) ASSERT_TRUE(publish_pattern(*from_, publisher, seed));
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> from_;
  std::shared_ptr<End> to_;
};

TEST_P(Ending, EveryFrameOfTheRingIsGivenAfterIt) {
  auto subscriber = subscribe(stream::FrameMode::every);
  publish_five(subscriber);
  EXPECT_EQ(rest_of(subscriber), (std::vector<std::uint64_t>{2, 3, 4, 5}));
  EXPECT_EQ(subscriber.statistics().frames_missed, 0U);
  EXPECT_EQ(subscriber.state(), stream::FeedState::lost);
  auto again = subscriber.acquire(0ns);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE(again->is_repeated());
  EXPECT_EQ(again->info().number, 5U);
}

TEST_P(Ending, WhoWantsTheLatestIsShownTheLast) {
  auto subscriber = subscribe(stream::FrameMode::latest);
  publish_five(subscriber);
  auto shown = subscriber.acquire(patience);
  ASSERT_TRUE(shown) << shown.error().to_string();
  EXPECT_EQ(shown->info().number, 5U);
  EXPECT_FALSE(shown->is_repeated());
  expect_pattern(*to_, *shown, 5);
}

// A new publisher's frames do not wait for the old one's to be read.
TEST_P(Ending, ASuccessorTakesOver) {
  auto subscriber = subscribe(stream::FrameMode::every);
  publish_five(subscriber);
  auto successor = publish();
  ASSERT_TRUE(publish_pattern(*from_, successor, 1));
  for (const auto end = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < end;) {
    auto frame = acquire_beside(successor, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    if (frame->is_repeated() || frame->info().number != 1) continue;
    expect_pattern(*to_, *frame, 1);
    EXPECT_EQ(subscriber.state(), stream::FeedState::live);
    return;
  }
  ADD_FAILURE() << "the successor is not seen";
}

std::vector<std::pair<std::string, std::string>> pairs() {
  std::vector<std::pair<std::string, std::string>> all{{"host", "host"}};
#ifdef GEYSER_TEST_VULKAN
  all.emplace_back("vulkan", "vulkan");
  all.emplace_back("vulkan", "host");
#endif
  return all;
}

INSTANTIATE_TEST_SUITE_P(Pairs, Ending, testing::ValuesIn(pairs()),
                         [](const auto& pair) { return pair.param.first + "_to_" + pair.param.second; });

}  // namespace
}  // namespace geyser::test
