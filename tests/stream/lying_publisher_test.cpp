// Publishers that lie, and those that die: what a subscriber makes of them. Everything here runs on host memory.
#include <array>
#include <atomic>
#include <random>

#include "platform/shared_memory.hpp"
#include "stream/feed_note.hpp"
#include "stream/pages.hpp"
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

constexpr const char* feed_name = "under test";

class LyingPublisher : public testing::Test {
 protected:
  void SetUp() override {
    stream::FeedInfo info;
    info.name = feed_name;
    info.application = "liar";
    info.descriptor = small_picture();
    info.ring_size = 2;
    claim_.emplace(*stream::NameClaim::claim(directory_.path(), info, stream::NameConflict::refuse));
    listener_.emplace(*Listener::create(claim_->socket_path()));
    ASSERT_TRUE(claim_->list());
    stream::SubscriberOptions options;
    options.feed = feed_name;
    options.runtime_directory = directory_.path();
    options.on_loss = on_loss_;
    auto made = stream::Subscriber::create(share(end_), std::move(options));
    ASSERT_TRUE(made);
    subscriber_.emplace(*std::move(made));
    static_cast<void>(subscriber_->acquire(0ns));
    channel_.emplace(*listener_->accept(patience));
    auto message = channel_->receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    ASSERT_NE(std::get_if<wire::Subscribe>(&*message), nullptr);
  }
  wire::Pool make_ring() {
    wire::Pool pool;
    pool.generation = 1;
    pool.feed = claim_->info();
    pool.offer.agreement = *negotiate(small_picture(), end_->manager().capabilities(), end_->manager().capabilities());
    pool.offer.agreement.sync_tier = SyncTier::host_wait;
    for (int i = 0; i < 2; ++i) {
      textures_.push_back(*end_->manager().create_texture(small_picture(), HandleKind::host_memory));
      pool.offer.textures.push_back(*end_->manager().export_texture(*textures_.back()));
    }
    auto ring = *platform::create_read_only_shared_memory(sizeof(stream::RingPage));
    ring_memory_ = std::move(ring.memory);
    page_ = ::new (ring_memory_.bytes().data()) stream::RingPage{};
    page_->magic = stream::ring_magic;
    page_->generation = 1;
    page_->slot_count = 2;
    pool.ring_page = std::move(ring.handle);
    pool.lease_page = *platform::create_shared_memory(sizeof(stream::LeasePage));
    lease_memory_ = *platform::map_shared_memory(pool.lease_page.get(), sizeof(stream::LeasePage));
    (::new (lease_memory_.bytes().data()) stream::LeasePage{})->magic = stream::lease_magic;
    return pool;
  }
  void offer(wire::Pool&& pool) { ASSERT_TRUE(channel_->send(wire::Message(std::move(pool)), patience)); }
  void expect_live() {
    offer(make_ring());
    static_cast<void>(subscriber_->acquire(100ms));
    ASSERT_EQ(subscriber_->state(), stream::FeedState::live) << subscriber_->last_error()->to_string();
  }

  stream::OnLoss on_loss_ = stream::OnLoss::none;
  RuntimeDirectory directory_;
  std::shared_ptr<End> end_ = open_end("host");
  std::optional<stream::NameClaim> claim_;
  std::optional<Listener> listener_;
  std::optional<stream::Subscriber> subscriber_;
  std::optional<Channel> channel_;
  std::vector<std::unique_ptr<SharedTexture>> textures_;
  platform::MappedMemory ring_memory_;
  platform::MappedMemory lease_memory_;
  stream::RingPage* page_ = nullptr;
};

TEST_F(LyingPublisher, IsRefusedWhenItsRingIsNone) {
  wire::Pool pool = make_ring();
  page_->slot_count = 3;
  offer(std::move(pool));
  static_cast<void>(subscriber_->acquire(50ms));
  EXPECT_NE(subscriber_->state(), stream::FeedState::live);
  ASSERT_TRUE(subscriber_->last_error());
  EXPECT_EQ(subscriber_->last_error()->code(), ErrorCode::protocol) << subscriber_->last_error()->to_string();
  // It is told, so that it can try the next way.
  auto answer = channel_->receive_message(patience);
  ASSERT_TRUE(answer);
  EXPECT_NE(std::get_if<wire::Refusal>(&*answer), nullptr);
}

TEST_F(LyingPublisher, ShowsNoFrameThatIsNone) {
  expect_live();
  page_->latest_complete = stream::pack_frame(1, 9);  // no such slot
  EXPECT_EQ(subscriber_->acquire(20ms).error().code(), ErrorCode::timeout);
  page_->latest_complete = stream::pack_frame(1, 0);  // which holds no such frame
  EXPECT_EQ(subscriber_->acquire(20ms).error().code(), ErrorCode::timeout);
  page_->slots[0].frame = 1;
  page_->slots[0].user_size = 1U << 30U;
  EXPECT_EQ(subscriber_->acquire(20ms).error().code(), ErrorCode::timeout);
  page_->slots[0].user_size = 0;
  page_->slots[0].damage_count = 1U << 30U;
  EXPECT_EQ(subscriber_->acquire(20ms).error().code(), ErrorCode::timeout);
  page_->slots[0].damage_count = 0;
  EXPECT_TRUE(subscriber_->acquire(20ms));
  EXPECT_EQ(subscriber_->state(), stream::FeedState::live);
}

TEST_F(LyingPublisher, IsLeftWhenItsFramesGoBackwards) {
  expect_live();
  page_->slots[0].frame = 5;
  page_->slots[0].serial = 100;
  page_->latest_complete = stream::pack_frame(5, 0);
  EXPECT_TRUE(subscriber_->acquire(20ms));
  page_->slots[0].frame = 6;
  page_->slots[0].serial = 99;  // the texture has seen a later write
  page_->latest_complete = stream::pack_frame(6, 0);
  EXPECT_FALSE(subscriber_->acquire(20ms));
  EXPECT_NE(subscriber_->state(), stream::FeedState::live);
  ASSERT_TRUE(subscriber_->last_error());
  EXPECT_EQ(subscriber_->last_error()->code(), ErrorCode::stale_state);
}

TEST_F(LyingPublisher, WhoseRefusalStandsDoesNotStandForItsSuccessor) {
  ASSERT_TRUE(channel_->send(wire::Message(wire::Refusal{ErrorCode::unsupported, "no"}), patience));
  static_cast<void>(subscriber_->acquire(1ms));
  ASSERT_EQ(subscriber_->state(), stream::FeedState::refused);
  channel_.reset();
  listener_.reset();
  claim_.reset();
  stream::PublisherOptions options;
  options.name = feed_name;
  options.runtime_directory = directory_.path();
  auto successor = stream::Publisher::create(share(end_), small_picture(), std::move(options));
  ASSERT_TRUE(successor) << successor.error().to_string();
  // Turns, not time, so that a busy machine fails nothing: they are far from the second that a refusal stands.
  for (int i = 0; i < 25 && subscriber_->state() != stream::FeedState::live; ++i) {
    ASSERT_TRUE(publish_pattern(*end_, *successor, 1));
    static_cast<void>(subscriber_->acquire(5ms));
  }
  EXPECT_EQ(subscriber_->state(), stream::FeedState::live);
}

TEST_F(LyingPublisher, IsSeenToDieSoonAfterItsLastFrame) {
  expect_live();
  page_->slots[0].frame = 1;
  page_->latest_complete = stream::pack_frame(1, 0);
  ASSERT_TRUE(subscriber_->acquire(20ms));
  channel_.reset();  // as the kernel closes it for one that is killed: nothing is said in the page
  for (int i = 0; i < 6 && subscriber_->state() == stream::FeedState::live; ++i) {
    static_cast<void>(subscriber_->acquire(4ms));
  }
  EXPECT_NE(subscriber_->state(), stream::FeedState::live);
}

TEST_F(LyingPublisher, IsSeenToDieBehindAFrameThatIsNone) {
  expect_live();
  page_->latest_complete = stream::pack_frame(9, 0);
  static_cast<void>(subscriber_->acquire(5ms));
  ASSERT_EQ(subscriber_->state(), stream::FeedState::live);
  channel_.reset();
  for (int i = 0; i < 6 && subscriber_->state() == stream::FeedState::live; ++i) {
    static_cast<void>(subscriber_->acquire(50ms));
  }
  EXPECT_NE(subscriber_->state(), stream::FeedState::live);
}

class DyingPublisher : public LyingPublisher {
 protected:
  DyingPublisher() { on_loss_ = stream::OnLoss::hold_last; }
  void put(std::uint32_t slot, std::uint64_t number) {
    page_->slots[slot].serial = number;
    page_->slots[slot].frame = number;
    page_->latest = stream::pack_frame(number, slot);
  }
  void complete(std::uint32_t slot, std::uint64_t number) { page_->latest_complete = stream::pack_frame(number, slot); }
  // What is shown after its death.
  std::uint64_t held() {
    channel_.reset();
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      const auto frame = subscriber_->acquire(10ms);
      if (frame && frame->is_repeated()) return frame->info().number;
    }
    return 0;
  }
};

TEST_F(DyingPublisher, LeavesItsLastWholeFrame) {
  expect_live();
  put(0, 1);
  complete(0, 1);
  put(1, 2);
  complete(1, 2);
  ASSERT_TRUE(subscriber_->acquire(20ms));
  EXPECT_EQ(held(), 2U);
}

TEST_F(DyingPublisher, LeavesNoFrameThatItsGpuHadNotDone) {
  expect_live();
  put(0, 1);
  complete(0, 1);
  ASSERT_TRUE(subscriber_->acquire(20ms));
  put(1, 2);  // and dies while it waits for the GPU
  EXPECT_EQ(held(), 1U);
}

TEST_F(LyingPublisher, CannotCrashOrStallWhoReadsItsScribbles) {
  expect_live();
  std::mt19937_64 random(2);
  auto* words = reinterpret_cast<std::atomic<std::uint64_t>*>(ring_memory_.bytes().data());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000 && subscriber_->state() == stream::FeedState::live; ++i) {
    // Mostly where the subscriber looks.
    const std::size_t span = random() % 4 != 0 ? 24 : sizeof(stream::RingPage) / 8;
    words[random() % span].store(random() % 3 == 0 ? random() % 64 : random());
    page_->state = 0;
    static_cast<void>(subscriber_->acquire(0ns));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, patience);
}

TEST_F(LyingPublisher, CannotHoldWhoPollsByAnnouncingNothing) {
  expect_live();
  static_cast<void>(subscriber_->event());
  const EndsTheProcess unless_it_comes_back(patience);
  page_->latest_complete = stream::pack_frame(1, 0);
  EXPECT_EQ(subscriber_->acquire(0ns).error().code(), ErrorCode::timeout);
  page_->latest_complete = 0;
  page_->state = static_cast<std::uint32_t>(stream::RingState::superseded);
  EXPECT_EQ(subscriber_->acquire(0ns).error().code(), ErrorCode::timeout);
}

// How much one call reads is bounded, whatever lies there and comes after it.
TEST_F(LyingPublisher, CannotHoldWhoReadsByWritingWithoutEnd) {
  expect_live();
  constexpr std::array<std::byte, 1> bell{};
  int bells = 0;
  while (channel_->send(bell, {}, 0ns)) ++bells;
  ASSERT_GT(bells, 150);
  const std::uint64_t before = subscriber_->statistics().system_calls;
  static_cast<void>(subscriber_->event());  // then every call looks at the socket
  static_cast<void>(subscriber_->acquire(0ns));
  EXPECT_LT(subscriber_->statistics().system_calls - before, 150U);
  EXPECT_EQ(subscriber_->state(), stream::FeedState::live);
}

TEST_F(LyingPublisher, IsLeftWhenItGoesWhateverItsRingSays) {
  expect_live();
  page_->latest_complete = stream::pack_frame(1, 0);  // there is no such frame
  EXPECT_EQ(subscriber_->acquire(20ms).error().code(), ErrorCode::timeout);
  channel_.reset();
  listener_.reset();
  static_cast<void>(subscriber_->acquire(200ms));
  EXPECT_NE(subscriber_->state(), stream::FeedState::live);
}

// One that is broken, or full in the way of older ones.
TEST_F(LyingPublisher, ThatHangsUpIsNotAskedAgainAtOnce) {
  std::size_t connections = 0;
  channel_.reset();
  const auto end = std::chrono::steady_clock::now() + 500ms;
  while (std::chrono::steady_clock::now() < end) {
    static_cast<void>(subscriber_->acquire(1ms));
    if (listener_->accept(0ns)) ++connections;
  }
  EXPECT_GE(connections, 1U);
  EXPECT_LE(connections, 10U);
}

}  // namespace
}  // namespace geyser::test
