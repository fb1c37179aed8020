// What misbehaves at one end of a feed must not be felt at another: subscribers are killed, stopped, hold frames for
// ever and lie, publishers die, beside a healthy subscriber in a process of its own that checks every frame's pixels.
//
// GEYSER_FAULT_RUNS: how many subscribers are killed at random times (default 40).
#include <cinttypes>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>

#include "platform/shared_memory.hpp"
#include "process/child.hpp"
#include "stream/feed_note.hpp"
#include "stream/pages.hpp"
#include "stream/scene.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* feed_name = "under test";

stream::SubscriberOptions subscriber_options(const std::string& directory) {
  stream::SubscriberOptions options;
  options.feed = feed_name;
  options.runtime_directory = directory;
  options.on_loss = stream::OnLoss::none;
  return options;
}

// A text that has come already. Nothing: none yet; empty: the other end is gone.
std::optional<std::string> text_at_once(Channel& channel) {
  std::array<std::byte, 256> buffer{};
  std::vector<OwnedHandle> handles;
  auto size = channel.receive(buffer, handles, 0ns);
  if (!size) return size.error().code() == ErrorCode::timeout ? std::nullopt : std::optional<std::string>("");
  const std::string text(reinterpret_cast<const char*>(buffer.data()), *size);
  return text.substr(0, text.find('\n'));  // send_text() ends with one, so that no text is empty
}

// What the healthy subscriber has seen.
struct Report {
  std::uint64_t frames = 0;
  std::uint64_t wrong = 0;
  std::uint64_t lost = 0;
  std::uint64_t longest_gap_us = 0;
  std::string text() const {
    return std::to_string(frames) + " " + std::to_string(wrong) + " " + std::to_string(lost) + " " +
           std::to_string(longest_gap_us);
  }
};

// Reads until its parent says stop.
int run_healthy(Channel& parent, const std::string& backend, const std::string& directory) {
  auto end = open_end(backend);
  if (end == nullptr) return 2;
  auto subscriber = stream::Subscriber::create(share(end), subscriber_options(directory));
  if (!subscriber) return 3;
  Report report;
  Clock::time_point last{};
  bool told = false;
  for (;;) {
    auto frame = subscriber->acquire(5ms);
    if (frame) {
      const Clock::time_point now = Clock::now();
      const auto seed = static_cast<std::uint32_t>(frame->info().number);
      auto bytes = end->read(frame->texture());
      const TextureDescriptor& descriptor = frame->texture().descriptor();
      const bool right = bytes && difference(descriptor, make_pattern(descriptor, seed), *bytes).empty();
      const bool repeated = frame->is_repeated();
      auto intact = subscriber->release(*std::move(frame));
      const bool whole = intact && *intact;
      if (!whole) ++report.lost;
      if (!right && whole) ++report.wrong;
      if (!repeated && last != Clock::time_point{}) {
        const auto gap = std::chrono::duration_cast<std::chrono::microseconds>(now - last).count();
        report.longest_gap_us = std::max(report.longest_gap_us, static_cast<std::uint64_t>(gap));
      }
      last = now;
      ++report.frames;
    }
    if (!told && report.frames > 3) {
      if (!send_text(parent, "ready")) return 4;
      told = true;
    }
    const auto word = text_at_once(parent);
    if (word && word->empty()) return 0;
    if (word) break;
  }
  return send_text(parent, report.text()) ? 0 : 5;
}

// Takes one frame and does what `behaviour` says with it.
int run_victim(Channel& parent, const std::string& backend, const std::string& directory,
               const std::string& behaviour) {
  auto end = open_end(backend);
  if (end == nullptr) return 2;
  auto options = subscriber_options(directory);
  options.max_leases = 1;
  if (behaviour == "reader") options.mode = stream::FrameMode::every;
  auto subscriber = stream::Subscriber::create(share(end), std::move(options));
  if (!subscriber) return 3;
  if (behaviour == "reader") {
    if (!send_text(parent, "reading")) return 4;
    for (;;) {
      auto frame = subscriber->acquire(100ms);
      if (frame) static_cast<void>(end->read(frame->texture()));
    }
  }
  auto frame = subscriber->acquire(patience);
  if (!frame) return 4;
  if (!send_text(parent, "holding")) return 5;
  // Holds it until its parent ends it, then says whether it noticed that its lease was lost.
  if (!receive_text(parent)) return 6;
  auto intact = subscriber->release(*std::move(frame));
  if (!send_text(parent, intact ? (*intact ? "intact" : "lost") : intact.error().to_string())) return 7;
  return 0;
}

class Faults : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    end_ = open_end(GetParam());
    ASSERT_TRUE(end_);
    stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = directory_.path();
    options.diagnostics = [this](const GeyserError& error) { dropped_.push_back(error.to_string()); };
    auto made = stream::Publisher::create(share(end_), small_picture(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
  }
  void TearDown() override {
    publisher_.reset();
    EXPECT_EQ(directory_.left_over(), 0U);
    if (end_ == nullptr) return;
    end_->close();
    for (const std::string& complaint : end_->complaints) ADD_FAILURE() << complaint;
  }
  Child start(const std::string& role, const std::string& behaviour = "-") {
    auto child = Child::start(
        {"--role", role, "--backend", GetParam(), "--directory", directory_.path(), "--behaviour", behaviour});
    if (!child) ADD_FAILURE() << child.error().to_string();
    return *std::move(child);
  }
  // Publishes a frame every two milliseconds until `done`, and gives up after `patience`.
  template <typename Done>
  bool publish_until(Done done) {
    const Clock::time_point end = Clock::now() + patience;
    while (Clock::now() < end) {
      if (done()) return true;
      auto frame = publisher_->begin_frame();
      if (frame) {
        const auto seed = static_cast<std::uint32_t>(publisher_->statistics().frames_published + 1);
        EXPECT_TRUE(end_->fill(frame->texture(), make_pattern(frame->texture().descriptor(), seed)));
        const auto published = publisher_->publish(*std::move(frame));
        EXPECT_TRUE(published) << published.error().to_string();
      } else {
        EXPECT_EQ(frame.error().code(), ErrorCode::timeout) << frame.error().to_string();
      }
      std::this_thread::sleep_for(2ms);
    }
    return false;
  }
  void publish_for(std::chrono::milliseconds time) {
    const Clock::time_point end = Clock::now() + time;
    publish_until([&] { return Clock::now() >= end; });
  }
  bool publish_until_says(Child& child, const std::string& words) {
    std::string said;
    const bool heard = publish_until([&] {
      const auto text = text_at_once(child.channel());
      if (text) said = *text;
      return text.has_value();
    });
    EXPECT_EQ(said, words);
    return heard && said == words;
  }
  Report finish(Child& healthy) {
    EXPECT_TRUE(send_text(healthy.channel(), "stop"));
    auto text = receive_text(healthy.channel());
    EXPECT_TRUE(text) << text.error().to_string();
    Report report;
    if (text) {
      std::istringstream(*text) >> report.frames >> report.wrong >> report.lost >> report.longest_gap_us;
    }
    EXPECT_EQ(healthy.join(), "");
    return report;
  }
  void expect_unharmed(const Report& report) {
    EXPECT_EQ(report.wrong, 0U);
    EXPECT_EQ(report.lost, 0U);
    // A rival measured beside froze for as long as a frame was held: five seconds. The figure itself is in
    // docs/results.md; here only what no busy machine explains fails.
    EXPECT_LT(report.longest_gap_us, 4'000'000U);
    RecordProperty("longest_gap_us", static_cast<int>(report.longest_gap_us));
    std::printf("healthy subscriber: %" PRIu64 " frames, longest gap %" PRIu64 " us\n", report.frames,
                report.longest_gap_us);
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_;
  std::optional<stream::Publisher> publisher_;
  std::vector<std::string> dropped_;
};

TEST_P(Faults, AHeldFrameStopsNobody) {
  Child healthy = start("healthy");
  ASSERT_TRUE(publish_until_says(healthy, "ready"));
  Child holder = start("victim");
  ASSERT_TRUE(publish_until_says(holder, "holding"));
  publish_for(1500ms);
  EXPECT_EQ(publisher_->statistics().frames_refused, 0U);
  EXPECT_EQ(publisher_->statistics().leases_revoked, 0U);
  ASSERT_TRUE(send_text(holder.channel(), "release"));
  EXPECT_TRUE(publish_until_says(holder, "intact"));
  EXPECT_EQ(holder.join(), "");
  expect_unharmed(finish(healthy));
}

TEST_P(Faults, ManyHeldFramesAreTakenAway) {
  Child healthy = start("healthy");
  ASSERT_TRUE(publish_until_says(healthy, "ready"));
  std::vector<Child> holders;
  for (int i = 0; i < 4; ++i) {
    holders.push_back(start("victim"));
    ASSERT_TRUE(publish_until_says(holders.back(), "holding"));
    publish_for(20ms);
  }
  publish_for(500ms);
  EXPECT_GE(publisher_->statistics().leases_revoked, 1U);
  const std::uint64_t before = publisher_->statistics().frames_published;
  publish_for(300ms);
  EXPECT_GT(publisher_->statistics().frames_published, before + 20);
  std::size_t lost = 0;
  for (Child& holder : holders) {
    ASSERT_TRUE(send_text(holder.channel(), "release"));
    auto said = receive_text(holder.channel());
    ASSERT_TRUE(said) << said.error().to_string();
    if (*said == "lost") ++lost;
    EXPECT_EQ(holder.join(), "");
  }
  // Every one that was taken away was told so.
  EXPECT_EQ(lost, publisher_->statistics().leases_revoked);
  expect_unharmed(finish(healthy));
}

TEST_P(Faults, AKilledHolderGivesEverythingBack) {
  Child healthy = start("healthy");
  ASSERT_TRUE(publish_until_says(healthy, "ready"));
  ASSERT_TRUE(end_->settle());
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 3; ++i) {
    Child holder = start("victim");
    ASSERT_TRUE(publish_until_says(holder, "holding"));
    holder.kill();
  }
  EXPECT_TRUE(publish_until([&] { return publisher_->statistics().subscribers == 1; }));
  publish_for(50ms);
  EXPECT_EQ(publisher_->subscribers().size(), 1U);
  ASSERT_TRUE(end_->settle());
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(publisher_->statistics().frames_refused, 0U);
  expect_unharmed(finish(healthy));
}

TEST_P(Faults, KillsAtRandomTimesLeaveNothing) {
  Child healthy = start("healthy");
  ASSERT_TRUE(publish_until_says(healthy, "ready"));
  ASSERT_TRUE(end_->settle());
  const std::size_t descriptors = open_descriptors();
  const char* wanted = std::getenv("GEYSER_FAULT_RUNS");
  const int runs = wanted != nullptr ? std::atoi(wanted) : GetParam() == "host" ? 40 : 6;
  // Drivers take their time to load: so the time of the kill must reach into each step.
  const int longest_us = GetParam() == "host" ? 20'000 : 400'000;
  std::mt19937 random(static_cast<unsigned>(runs));
  for (int i = 0; i < runs; ++i) {
    Child reader = start("victim", "reader");
    const std::chrono::microseconds life(std::uniform_int_distribution<int>(0, longest_us)(random));
    const Clock::time_point end = Clock::now() + life;
    publish_until([&] { return Clock::now() >= end; });
    reader.kill();
  }
  EXPECT_TRUE(publish_until([&] { return publisher_->statistics().subscribers == 1; }));
  publish_for(50ms);
  ASSERT_TRUE(end_->settle());
  EXPECT_EQ(open_descriptors(), descriptors);
  expect_unharmed(finish(healthy));
}

TEST_P(Faults, AStoppedSubscriberStopsNobody) {
  Child healthy = start("healthy");
  ASSERT_TRUE(publish_until_says(healthy, "ready"));
  Child reader = start("victim", "reader");
  ASSERT_TRUE(publish_until_says(reader, "reading"));
  publish_for(300ms);
  reader.stop();
  publish_for(700ms);
  // A new ring is announced to one who does not listen.
  TextureDescriptor other = small_picture();
  other.extent = {20, 20, 1};
  ASSERT_TRUE(publisher_->reconfigure(other));
  publish_for(300ms);
  reader.go_on();
  publish_for(300ms);
  reader.kill();
  expect_unharmed(finish(healthy));
}

INSTANTIATE_TEST_SUITE_P(Ends, Faults, testing::ValuesIn(end_names()), [](const auto& one) { return one.param; });

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (const auto role = argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    const std::string backend = *argument(count, values, "--backend");
    const std::string directory = *argument(count, values, "--directory");
    if (*role == "healthy") return run_healthy(*parent, backend, directory);
    return run_victim(*parent, backend, directory, *argument(count, values, "--behaviour"));
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
