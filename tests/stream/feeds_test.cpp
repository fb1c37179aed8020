// Feeds between every pair of ends, in one process: pixels, what travels with a frame, change and loss of the source.
#include "stream/scene.hpp"

#include <map>

namespace geyser::test {
namespace {

using stream::FeedState;
using stream::FrameMode;

class Feeds : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    from_ = kept("from", std::get<0>(GetParam()));
    to_ = kept("to", std::get<1>(GetParam()));
    ASSERT_TRUE(from_ && to_);
  }
  // Drivers are loaded once: each load of Mesa's costs static thread storage that unloading does not give back.
  static void TearDownTestSuite() {
    for (const auto& [name, end] : ends_) {
      end->close();
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << name << ": " << complaint;
    }
    ends_.clear();
  }
  static std::shared_ptr<End> kept(const std::string& role, const std::string& name) {
    auto& end = ends_[role + name];
    if (end == nullptr) end = open_end(name);
    return end;
  }
  void TearDown() override {
    subscriber_.reset();
    publisher_.reset();
    for (const auto& end : {from_, to_}) {
      if (end == nullptr) continue;
      EXPECT_TRUE(end->settle());
      for (const std::string& complaint : std::exchange(end->complaints, {})) ADD_FAILURE() << complaint;
    }
    for (const std::string& complaint : dropped_) ADD_FAILURE() << complaint;
    EXPECT_EQ(directory_.left_over(), 0U);
  }
  stream::PublisherOptions options() {
    stream::PublisherOptions options;
    options.name = "feed";
    options.runtime_directory = directory_.path();
    options.diagnostics = [this](const GeyserError& error) { dropped_.push_back(error.to_string()); };
    return options;
  }
  void publish() { publish(options()); }
  void publish(stream::PublisherOptions options) {
    auto made = stream::Publisher::create(share(from_), descriptor_, std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
  }
  void subscribe(FrameMode mode = FrameMode::latest, stream::OnLoss on_loss = stream::OnLoss::hold_last) {
    stream::SubscriberOptions options;
    options.feed = "feed";
    options.mode = mode;
    options.on_loss = on_loss;
    options.runtime_directory = directory_.path();
    auto made = stream::Subscriber::create(share(to_), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    subscriber_.emplace(*std::move(made));
  }
  void expect_frame(std::uint64_t number, std::uint32_t seed) {
    auto frame = acquire_beside(*publisher_, *subscriber_);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_EQ(frame->info().number, number);
    expect_pattern(*to_, *frame, seed);
    auto intact = subscriber_->release(*std::move(frame));
    ASSERT_TRUE(intact) << intact.error().to_string();
    EXPECT_TRUE(*intact);
  }
  void expect_published(std::uint32_t seed) {
    const auto number = publish_pattern(*from_, *publisher_, seed);
    ASSERT_TRUE(number) << number.error().to_string();
  }

  static inline std::map<std::string, std::shared_ptr<End>> ends_;
  RuntimeDirectory directory_;
  std::shared_ptr<End> from_;
  std::shared_ptr<End> to_;
  TextureDescriptor descriptor_ = small_picture();
  std::optional<stream::Publisher> publisher_;
  std::optional<stream::Subscriber> subscriber_;
  std::vector<std::string> dropped_;
};

TEST_P(Feeds, ShowEveryFrameToWhoLooks) {
  publish();
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  for (std::uint32_t seed = 2; seed < 12; ++seed) {
    expect_published(seed);
    expect_frame(seed, seed);
  }
  EXPECT_EQ(subscriber_->state(), FeedState::live);
  EXPECT_EQ(subscriber_->statistics().frames_missed, 0U);
  // It counts when its Accept has come, by the publisher's own thread.
  for (const auto end = std::chrono::steady_clock::now() + patience;
       !publisher_->has_subscribers() && std::chrono::steady_clock::now() < end;) {
    publisher_->service();
  }
  const auto listed = publisher_->subscribers();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].api, to_->manager().capabilities().api);
  EXPECT_EQ(listed[0].frames_read, 11U);
  EXPECT_EQ(listed[0].path, subscriber_->agreement().path);
  EXPECT_EQ(publisher_->statistics().frames_published, 11U);
}

TEST_P(Feeds, SayHowTheyShare) {
  publish();
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  const Agreement& agreement = subscriber_->agreement();
  const auto direct = negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities());
  ASSERT_TRUE(direct);
  const bool own = from_->manager().capabilities().api == Api::host;
  const auto ring = negotiate(descriptor_, from_->manager().capabilities(), from_->manager().capabilities());
  ASSERT_TRUE(ring);
  const bool same_ring = ring->handle_kind == direct->handle_kind && ring->tiling == direct->tiling &&
                         ring->mutable_format == direct->mutable_format && ring->row_alignment == direct->row_alignment;
  // Who cannot open what the publisher draws into gets copies: by the publisher's GPU, or where that has none by its
  // own.
  const SharePath expected = direct->path != SharePath::zero_copy || same_ring ? direct->path
                             : own                                             ? SharePath::host_copy
                                                                               : SharePath::gpu_copy;
  EXPECT_EQ(agreement.path, expected);
  // A CPU's ring is host memory, also for those that could open a dma-buf.
  EXPECT_EQ(agreement.handle_kind, expected == SharePath::host_copy ? HandleKind::host_memory : direct->handle_kind);
  // Copies are counted, and made only where the agreement says so.
  EXPECT_EQ(publisher_->statistics().bytes_copied + subscriber_->statistics().bytes_copied != 0,
            expected == SharePath::host_copy);
  EXPECT_EQ(publisher_->statistics().gpu_copies != 0, !same_ring && !own) << to_string(agreement);
}

TEST_P(Feeds, SuitWhoViewsTheRingInOtherFormats) {
  auto mutable_ring = options();
  mutable_ring.mutable_format = true;
  publish(std::move(mutable_ring));
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  const auto direct = negotiate(descriptor_, from_->manager().capabilities(), to_->manager().capabilities());
  ASSERT_TRUE(direct);
  if (!direct->mutable_format) return;  // nobody asks for it; everything else is as without it
  EXPECT_EQ(subscriber_->agreement().path, SharePath::zero_copy) << to_string(subscriber_->agreement());
  EXPECT_EQ(publisher_->statistics().gpu_copies, 0U);
}

TEST_P(Feeds, SkipToTheLatest) {
  publish();
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  for (std::uint32_t seed = 2; seed < 10; ++seed) expect_published(seed);
  expect_frame(9, 9);
  EXPECT_EQ(subscriber_->statistics().frames_missed, 7U);
  EXPECT_EQ(subscriber_->acquire(0ns).error().code(), ErrorCode::timeout);
}

TEST_P(Feeds, GiveEveryFrameInOrder) {
  auto ring = options();
  ring.ring_size = 8;
  publish(std::move(ring));
  subscribe(FrameMode::every);
  expect_published(1);
  expect_frame(1, 1);
  for (std::uint32_t seed = 2; seed < 8; ++seed) expect_published(seed);
  for (std::uint32_t seed = 2; seed < 8; ++seed) expect_frame(seed, seed);
  EXPECT_EQ(subscriber_->statistics().frames_missed, 0U);
}

TEST_P(Feeds, AreHeldWhileTheRingGoesOn) {
  publish();
  subscribe();
  expect_published(1);
  auto held = acquire_beside(*publisher_, *subscriber_);
  ASSERT_TRUE(held) << held.error().to_string();
  for (std::uint32_t seed = 2; seed < 20; ++seed) {
    expect_published(seed);
    expect_frame(seed, seed);
  }
  EXPECT_TRUE(held->is_intact());
  expect_pattern(*to_, *held, 1);
  auto intact = subscriber_->release(*std::move(held));
  ASSERT_TRUE(intact);
  EXPECT_TRUE(*intact);
  EXPECT_EQ(publisher_->statistics().leases_revoked, 0U);
  EXPECT_EQ(publisher_->statistics().frames_refused, 0U);
}

TEST_P(Feeds, WaitForWhoWantsEveryFrame) {
  auto ring = options();
  ring.back_pressure = true;
  ring.lease_time = patience;
  publish(std::move(ring));
  subscribe(FrameMode::every);
  expect_published(1);
  expect_frame(1, 1);
  std::uint32_t seed = 1;
  for (;;) {
    auto frame = publisher_->begin_frame(1ms);
    if (!frame) {
      EXPECT_EQ(frame.error().code(), ErrorCode::timeout) << frame.error().to_string();
      break;
    }
    ASSERT_LT(++seed, 20U) << "it does not wait";
    ASSERT_TRUE(from_->fill(frame->texture(), make_pattern(descriptor_, seed)));
    ASSERT_TRUE(publisher_->publish(*std::move(frame)));
  }
  EXPECT_GT(seed, 2U);
  for (std::uint32_t next = 2; next <= seed; ++next) expect_frame(next, next);
  EXPECT_EQ(subscriber_->statistics().frames_missed, 0U);
  expect_published(seed + 1);
  expect_frame(seed + 1, seed + 1);
}

// The texture of a frame that was taken away is given out again while the old access to it is still open.
TEST_P(Feeds, ShowWhatCameAfterAFrameThatWasTakenAway) {
  auto ring = options();
  ring.back_pressure = true;
  ring.lease_time = 0ns;
  publish(std::move(ring));
  subscribe(FrameMode::every);
  expect_published(1);
  auto held = acquire_beside(*publisher_, *subscriber_);
  ASSERT_TRUE(held) << held.error().to_string();
  for (std::uint32_t seed = 2; seed < 6; ++seed) expect_published(seed);
  ASSERT_FALSE(held->is_intact());
  for (std::uint32_t seed = 2; seed < 6; ++seed) expect_frame(seed, seed);
  auto intact = subscriber_->release(*std::move(held));
  ASSERT_TRUE(intact) << intact.error().to_string();
  EXPECT_FALSE(*intact);
  EXPECT_EQ(publisher_->statistics().leases_revoked, 1U);
}

TEST_P(Feeds, CarryWhatIsKnownOfAFrame) {
  publish();
  subscribe();
  stream::FrameInfo info;
  const stream::DamageRect rects[] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  ASSERT_TRUE(info.set_damage(rects));
  const std::string words = "thirteen bytes";
  ASSERT_TRUE(info.set_user_bytes(std::as_bytes(std::span(words))));
  info.presentation_time_ns = 12345;
  ASSERT_TRUE(publish_pattern(*from_, *publisher_, 1, info));
  auto frame = acquire_beside(*publisher_, *subscriber_);
  ASSERT_TRUE(frame) << frame.error().to_string();
  const stream::FrameInfo& got = frame->info();
  EXPECT_EQ(got.presentation_time_ns, 12345U);
  EXPECT_GT(got.clock_ns, 0U);
  ASSERT_EQ(got.damage().size(), 2U);
  EXPECT_EQ(got.damage()[1], rects[1]);
  const auto* first = reinterpret_cast<const char*>(got.user_bytes().data());
  EXPECT_EQ(std::string(first, got.user_bytes().size()), words);
}

TEST_P(Feeds, FollowANewSize) {
  publish();
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  TextureDescriptor larger = descriptor_;
  larger.extent = {64, 48, 1};
  larger.format = TextureFormat::rgba16_float;
  const auto done = publisher_->reconfigure(larger);
  ASSERT_TRUE(done) << done.error().to_string();
  expect_published(2);
  auto frame = acquire_beside(*publisher_, *subscriber_);
  ASSERT_TRUE(frame) << frame.error().to_string();
  EXPECT_EQ(frame->info().number, 2U);
  EXPECT_EQ(frame->texture().descriptor().extent, larger.extent);
  expect_pattern(*to_, *frame, 2);
  EXPECT_EQ(subscriber_->statistics().connections, 1U);
  EXPECT_EQ(subscriber_->feed().descriptor, larger);
}

TEST_P(Feeds, HoldTheLastFrameWhenTheSourceGoes) {
  publish();
  subscribe();
  expect_published(1);
  expect_frame(1, 1);
  publisher_.reset();
  for (int i = 0; i < 3; ++i) {
    auto frame = subscriber_->acquire(i == 0 ? 200ms : 0ms);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_TRUE(frame->is_repeated());
    EXPECT_EQ(frame->info().number, 1U);
    expect_pattern(*to_, *frame, 1);
    EXPECT_EQ(subscriber_->state(), FeedState::lost);
  }
}

TEST_P(Feeds, ShowBlackWhenTheSourceGoes) {
  publish();
  subscribe(FrameMode::latest, stream::OnLoss::black);
  expect_published(1);
  expect_frame(1, 1);
  publisher_.reset();
  auto frame = subscriber_->acquire(200ms);
  ASSERT_TRUE(frame) << frame.error().to_string();
  EXPECT_TRUE(frame->is_repeated());
  auto bytes = to_->read(frame->texture());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(difference(descriptor_, std::vector<std::byte>(bytes->size()), *bytes), "");
}

TEST_P(Feeds, ComeBack) {
  publish();
  subscribe(FrameMode::latest, stream::OnLoss::none);
  expect_published(1);
  expect_frame(1, 1);
  publisher_.reset();
  EXPECT_EQ(subscriber_->acquire(200ms).error().code(), ErrorCode::abandoned);
  publish();
  expect_published(5);
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    publisher_->service();
    auto frame = subscriber_->acquire(1ms);
    if (!frame) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << frame.error().to_string();
      continue;
    }
    EXPECT_EQ(frame->info().number, 1U);
    expect_pattern(*to_, *frame, 5);
    break;
  }
  EXPECT_EQ(subscriber_->state(), FeedState::live);
  EXPECT_EQ(subscriber_->statistics().connections, 2U);
}

TEST_P(Feeds, CopyATextureOfTheCallers) {
  publish();
  subscribe();
  auto own = from_->manager().create_texture(descriptor_, HandleKind::host_memory);
  ASSERT_TRUE(own) << own.error().to_string();
  auto access = (*own)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  ASSERT_TRUE(from_->fill(**own, make_pattern(descriptor_, 7)));
  auto state = (*own)->end_access(*std::move(access));
  ASSERT_TRUE(state);
  auto published = publisher_->publish_copy(**own, *state);
  ASSERT_TRUE(published) << published.error().to_string();
  expect_frame(1, 7);
  EXPECT_GE(publisher_->statistics().gpu_copies, 1U);
}

std::string pair_name(const testing::TestParamInfo<std::tuple<std::string, std::string>>& info) {
  return std::get<0>(info.param) + "_to_" + std::get<1>(info.param);
}
INSTANTIATE_TEST_SUITE_P(All, Feeds, testing::Combine(testing::ValuesIn(end_names()), testing::ValuesIn(end_names())),
                         pair_name);

}  // namespace
}  // namespace geyser::test
