// Subscribers that speak the protocol and lie: what they write into the pages that they can write, and what they send.
// Everything here runs on host memory; no graphics API is asked for any of it.

#include <atomic>
#include <cstring>
#include <random>

#include "platform/shared_memory.hpp"
#include "stream/feed_note.hpp"
#include "stream/pages.hpp"
#include "stream/scene.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"

namespace geyser::test {
namespace {

constexpr const char* feed_name = "under test";

// A subscriber made by hand.
struct Liar {
  std::optional<Channel> channel;
  wire::Pool pool;
  platform::MappedMemory memory;
  stream::LeasePage* page = nullptr;
  platform::MappedMemory ring_memory;
  const stream::RingPage* ring = nullptr;
};

class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = directory_.path();
    options.diagnostics = [this](const GeyserError& error) { dropped_.push_back(error.to_string()); };
    auto made = stream::Publisher::create(share(end_), small_picture(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
    stream::SubscriberOptions healthy;
    healthy.feed = feed_name;
    healthy.runtime_directory = directory_.path();
    auto subscriber = stream::Subscriber::create(share(end_), std::move(healthy));
    ASSERT_TRUE(subscriber) << subscriber.error().to_string();
    healthy_.emplace(*std::move(subscriber));
    expect_healthy(3);
  }
  Channel connect() {
    auto channel = Channel::connect(stream::socket_path(directory_.path(), feed_name), patience);
    EXPECT_TRUE(channel) << channel.error().to_string();
    return *std::move(channel);
  }
  wire::Subscribe request() {
    wire::Subscribe request;
    request.hello = make_hello();
    request.max_leases = 2;
    return request;
  }
  // Whoever comes while far too many that are gone have not been swept out yet is sent away.
  void ask(Channel& channel) {
    auto sent = channel.send(wire::Message(request()), patience);
    EXPECT_TRUE(sent || sent.error().code() == ErrorCode::abandoned) << sent.error().to_string();
  }
  Liar make_liar() {
    Liar liar;
    liar.channel = connect();
    EXPECT_TRUE(liar.channel->send(wire::Message(request()), patience));
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      publisher_->service();
      auto message = liar.channel->receive_message(1ms);
      if (!message) continue;
      liar.pool = std::get<wire::Pool>(*std::move(message));
      break;
    }
    liar.memory = *platform::map_shared_memory(liar.pool.lease_page.get(), sizeof(stream::LeasePage));
    liar.page = reinterpret_cast<stream::LeasePage*>(liar.memory.bytes().data());
    liar.ring_memory = *platform::map_shared_memory_for_reading(liar.pool.ring_page.get(), sizeof(stream::RingPage));
    liar.ring = reinterpret_cast<const stream::RingPage*>(liar.ring_memory.bytes().data());
    EXPECT_TRUE(liar.channel->send(wire::Message(wire::Accept{}), patience));
    return liar;
  }
  // Connections are taken in order: when one that talks nonsense is turned away, all before it have been taken.
  void wait_for_all_to_be_taken() {
    Channel last = connect();
    const std::vector<std::byte> noise(8, std::byte{0x5a});
    ASSERT_TRUE(last.send(noise, {}, patience));
    EXPECT_EQ(last.receive_message(patience).error().code(), ErrorCode::abandoned);
  }
  // Every frame arrives, whole.
  void expect_healthy(int frames) {
    for (int i = 0; i < frames; ++i) {
      const auto seed = static_cast<std::uint32_t>(publisher_->statistics().frames_published + 1);
      const auto published = publish_pattern(*end_, *publisher_, seed);
      ASSERT_TRUE(published) << published.error().to_string();
      auto frame = acquire_beside(*publisher_, *healthy_);
      ASSERT_TRUE(frame) << frame.error().to_string();
      EXPECT_EQ(frame->info().number, *published);
      expect_pattern(*end_, *frame, seed);
      auto intact = healthy_->release(*std::move(frame));
      ASSERT_TRUE(intact);
      EXPECT_TRUE(*intact);
    }
  }
  // The publisher hangs up, and says why.
  void expect_dropped(Channel& channel, const std::string& words) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::array<std::byte, 65536> buffer{};
    std::vector<OwnedHandle> handles;
    for (;;) {
      publisher_->service();
      auto got = channel.receive(buffer, handles, 1ms);
      if (!got && got.error().code() != ErrorCode::timeout) break;
      ASSERT_LT(std::chrono::steady_clock::now(), end) << words;
    }
    if (words.empty()) return;
    ASSERT_FALSE(dropped_.empty());
    EXPECT_NE(dropped_.back().find(words), std::string::npos) << dropped_.back();
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_ = open_end("host");
  std::optional<stream::Publisher> publisher_;
  std::optional<stream::Subscriber> healthy_;
  std::vector<std::string> dropped_;
};

TEST_F(Hostile, TheRingsPageCannotBeWritten) {
  Liar liar = make_liar();
  EXPECT_EQ(ways_to_write(liar.pool.ring_page.get(), liar.ring_memory.bytes()), "");
  expect_healthy(3);
}

TEST_F(Hostile, WhoHoldsEverythingIsSentAway) {
  Liar liar = make_liar();
  std::atomic<bool> stop{false};
  std::thread grabbing([&] {
    while (!stop) {
      for (std::size_t slot = 0; slot < 4; ++slot) liar.page->leases[slot].store(liar.ring->slots[slot].frame.load());
    }
  });
  const auto end = std::chrono::steady_clock::now() + patience;
  while (dropped_.empty() && std::chrono::steady_clock::now() < end && !HasFailure()) expect_healthy(1);
  stop = true;
  grabbing.join();
  expect_dropped(*liar.channel, "holds more frames than it may");
  expect_healthy(5);
}

// Each holds no more than it may and none for longer than it may; together they never let a texture go.
TEST_F(Hostile, WhoTakeTurnsCannotStopThePublisher) {
  std::vector<Liar> liars;
  for (int i = 0; i < 4; ++i) liars.push_back(make_liar());
  std::atomic<bool> stop{false};
  std::thread turning([&] {
    for (std::size_t turn = 0; !stop; ++turn) {
      // The next pair takes over before the last one lets go.
      for (const bool take : {true, false}) {
        for (std::size_t slot = 0; slot < 4; ++slot) {
          Liar& liar = liars[(turn + (take ? 0 : 1)) % 2 * 2 + slot / 2];
          liar.page->leases[slot].store(take ? liar.ring->slots[slot].frame.load() : 0);
        }
      }
      std::this_thread::sleep_for(5ms);
    }
  });
  std::uint64_t published = 0;
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (std::chrono::steady_clock::now() < end) {
    auto frame = publisher_->begin_frame(1s);
    EXPECT_TRUE(frame) << frame.error().to_string();
    if (!frame) break;
    EXPECT_TRUE(publisher_->publish(*std::move(frame)));
    ++published;
  }
  stop = true;
  turning.join();
  std::printf("%llu frames in 1 s\n", static_cast<unsigned long long>(published));
  EXPECT_GT(published, 5U);
  for (const std::string& one : dropped_) ADD_FAILURE() << one;
}

// One late frame must not make every later one fair game.
TEST(Leases, AreSafeAgainForWhoHasReturnedOneInTime) {
  RuntimeDirectory directory;
  const auto end = open_end("host");
  stream::PublisherOptions publish;
  publish.name = feed_name;
  publish.runtime_directory = directory.path();
  publish.ring_size = 2;
  publish.lease_time = 20ms;
  auto publisher = stream::Publisher::create(share(end), small_picture(), std::move(publish));
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  stream::SubscriberOptions subscribe;
  subscribe.feed = feed_name;
  subscribe.runtime_directory = directory.path();
  auto subscriber = stream::Subscriber::create(share(end), std::move(subscribe));
  ASSERT_TRUE(subscriber) << subscriber.error().to_string();
  ASSERT_TRUE(publish_pattern(*end, *publisher, 1));
  auto late = acquire_beside(*publisher, *subscriber);
  ASSERT_TRUE(late) << late.error().to_string();
  ASSERT_TRUE(publish_pattern(*end, *publisher, 2));
  ASSERT_TRUE(publish_pattern(*end, *publisher, 3));  // into the texture that is held for too long
  EXPECT_FALSE(*subscriber->release(*std::move(late)));
  auto in_time = subscriber->acquire(0ns);
  ASSERT_TRUE(in_time) << in_time.error().to_string();
  EXPECT_TRUE(*subscriber->release(*std::move(in_time)));
  ASSERT_TRUE(publish_pattern(*end, *publisher, 4));
  ASSERT_TRUE(publish_pattern(*end, *publisher, 5));
  auto held = subscriber->acquire(0ns);
  ASSERT_TRUE(held) << held.error().to_string();
  ASSERT_TRUE(publish_pattern(*end, *publisher, 6));
  EXPECT_FALSE(publisher->begin_frame(0ns)) << "the only other texture is held, for no time yet";
  EXPECT_TRUE(*subscriber->release(*std::move(held)));
}

TEST_F(Hostile, NothingInALeasePageIsBelieved) {
  Liar liar = make_liar();
  std::atomic<bool> stop{false};
  std::thread scribbling([&] {
    std::mt19937_64 random(1);
    auto* words = reinterpret_cast<std::atomic<std::uint64_t>*>(liar.memory.bytes().data());
    while (!stop) words[random() % (sizeof(stream::LeasePage) / 8)].store(random() % 3 == 0 ? random() % 64 : random());
  });
  expect_healthy(300);
  static_cast<void>(publisher_->subscribers());
  stop = true;
  scribbling.join();
  expect_healthy(5);
}

TEST_F(Hostile, ReplayedLeasesKeepNothing) {
  Liar liar = make_liar();
  const std::uint64_t old = liar.ring->slots[0].frame.load();
  expect_healthy(10);
  for (std::size_t slot = 0; slot < 4; ++slot) liar.page->leases[slot].store(old);
  expect_healthy(20);
  EXPECT_EQ(publisher_->statistics().frames_refused, 0U);
  EXPECT_EQ(publisher_->statistics().leases_revoked, 0U);
}

TEST_F(Hostile, WrongMessagesEndTheConnection) {
  {
    Channel channel = connect();
    const std::vector<std::byte> noise(1000, std::byte{0x5a});
    ASSERT_TRUE(channel.send(noise, {}, patience));
    expect_dropped(channel, "");
  }
  {
    Channel channel = connect();
    ASSERT_TRUE(channel.send(wire::Message(wire::Accept{}), patience));
    expect_dropped(channel, "accepts what it was not offered");
  }
  {
    Channel channel = connect();
    ASSERT_TRUE(channel.send(wire::Message(wire::Refusal{ErrorCode::unsupported, "no"}), patience));
    expect_dropped(channel, "refuses what it was not offered");
  }
  {
    Channel channel = connect();
    ASSERT_TRUE(channel.send(wire::Message(make_pool()), patience));
    expect_dropped(channel, "no subscriber sends");
  }
  {
    Liar liar = make_liar();
    ASSERT_TRUE(liar.channel->send(wire::Message(request()), patience));
    expect_dropped(*liar.channel, "subscribes twice");
  }
  expect_healthy(5);
}

TEST_F(Hostile, WhoCanShareNothingIsToldWhy) {
  Channel channel = connect();
  wire::Subscribe nothing = request();
  nothing.hello.capabilities.textures.clear();
  ASSERT_TRUE(channel.send(wire::Message(std::move(nothing)), patience));
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    publisher_->service();
    auto message = channel.receive_message(1ms);
    if (message) {
      const auto* refusal = std::get_if<wire::Refusal>(&*message);
      ASSERT_NE(refusal, nullptr);
      EXPECT_EQ(refusal->code, ErrorCode::unsupported) << refusal->message;
      break;
    }
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  expect_healthy(3);
}

TEST_F(Hostile, WhoRefusesEveryRungIsToldThatNoneIsLeft) {
  Liar liar = make_liar();
  ASSERT_TRUE(liar.channel->send(wire::Message(wire::Refusal{ErrorCode::out_of_memory, "too large"}), patience));
  expect_dropped(*liar.channel, "No way of sharing is left");
  expect_healthy(3);
}

TEST_F(Hostile, TheSilentAreSentAway) {
  Channel channel = connect();
  expect_dropped(channel, "");  // within `patience`, without a word from it
  expect_healthy(3);
}

TEST_F(Hostile, ConnectionsLeaveNothingBehind) {
  expect_healthy(2);
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    Channel channel = connect();
    if (i % 2 == 0) {
      ask(channel);
    }
    publisher_->service();
  }
  wait_for_all_to_be_taken();
  const auto end = std::chrono::steady_clock::now() + patience;
  while (open_descriptors() > descriptors && std::chrono::steady_clock::now() < end) {
    expect_healthy(1);
    std::this_thread::sleep_for(1ms);
  }
  // Fewer, where what came before was still being closed when they were counted.
  EXPECT_LE(open_descriptors(), descriptors);
  EXPECT_EQ(publisher_->statistics().subscribers, 1U);
}

// As a program that is stopped in a debugger, beside one that comes and goes.
TEST_F(Hostile, ConnectionsLeaveNothingAtAPublisherThatPauses) {
  expect_healthy(2);
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 300; ++i) {
    Channel channel = connect();
    ask(channel);
  }
  wait_for_all_to_be_taken();
  const auto end = std::chrono::steady_clock::now() + patience;
  while (open_descriptors() > descriptors && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  EXPECT_LE(open_descriptors(), descriptors);
  expect_healthy(5);
  EXPECT_EQ(publisher_->statistics().subscribers, 1U);
}

}  // namespace
}  // namespace geyser::test
