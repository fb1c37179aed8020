// Many subscribers: at once, up to the limit and one beyond it; and one after the other, orderly and killed.
//
// GEYSER_CHURN: how many come and go (default 300, with sanitizers 60; the long form: 10000). A fifth of them are
// killed at a random moment. Afterwards the publisher has what it had when the first twentieth was through:
// descriptors, mappings and files exactly, of memory `slack_kib` more (the allocator's own arenas settle by some
// hundred KiB; 10000 connections that leave 512 bytes each are 5 MiB).
#include <cstdio>
#include <cstdlib>
#include <random>

#include "process/child.hpp"
#include "stream/coded_picture.hpp"
#include "stream/scene.hpp"
#include "support/process_figures.hpp"

namespace geyser::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t slack_kib = 2048;

// Its text ends where the channel does.
std::optional<std::string> text_at_once(Channel& channel) {
  std::string text(512, '\0');
  std::vector<OwnedHandle> none;
  auto size = channel.receive(std::as_writable_bytes(std::span(text)), none, 0ns);
  if (!size) return size.error().code() == ErrorCode::timeout ? std::nullopt : std::optional<std::string>("gone");
  return text.substr(0, *size - 1);
}

Result<stream::Subscriber> subscribe(const std::shared_ptr<End>& end, const std::string& directory) {
  stream::SubscriberOptions options;
  options.feed = "crowded";
  options.runtime_directory = directory;
  options.on_loss = stream::OnLoss::none;
  return stream::Subscriber::create(share(end), std::move(options));
}

// Reads a few frames, says "seen", and goes on until its parent says a word.
int run_reader(Channel& parent, const std::string& backend, const std::string& directory) {
  auto made = make_end(backend, Validation::off);
  if (!made) return 2;
  const std::shared_ptr<End> end = *std::move(made);
  auto subscriber = subscribe(end, directory);
  if (!subscriber) return 3;
  int seen = 0;
  for (;;) {
    auto frame = subscriber->acquire(20ms);
    if (frame) {
      auto bytes = end->read(frame->texture());
      const std::uint64_t number = frame->info().number;
      const bool right = bytes && read_code(std::span(*bytes).first(coded_bytes)) == number;
      auto intact = subscriber->release(*std::move(frame));
      if (!intact || (*intact && !right)) return 4;
      if (++seen == 5 && !send_text(parent, "seen")) return 5;
    }
    if (text_at_once(parent)) return 0;
  }
}

// Says "here", then joins again and again by ever new subscribers, each of which reads a frame or some more. Killed
// by its parent, or done.
int run_visitor(Channel& parent, const std::string& directory, int visits) {
  const std::shared_ptr<End> end = *make_host_end();
  if (!send_text(parent, "here")) return 2;
  for (int i = 0; i < visits; ++i) {
    auto subscriber = subscribe(end, directory);
    if (!subscriber) return 3;
    auto frame = subscriber->acquire(patience);
    for (int more = 3 - i % 4; frame && more > 0; --more) {
      if (!subscriber->release(*std::move(frame))) return 5;
      frame = subscriber->acquire(patience);
    }
    if (!frame) return 4;
    // Every other one leaves with a frame in its hands.
    if (i % 2 == 0 && !subscriber->release(*std::move(frame))) return 5;
  }
  return send_text(parent, "done") ? 0 : 6;
}

class Crowd : public testing::Test {
 protected:
  void SetUp() override {
    stream::PublisherOptions options;
    options.name = "crowded";
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(share(end_), coded_picture(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
  }
  void TearDown() override {
    publisher_.reset();
    EXPECT_EQ(directory_.left_over(), 0U);
  }
  void publish() {
    // More than the lease time: whoever does not get the processor to return a frame loses it.
    auto frame = publisher_->begin_frame(1s);
    ASSERT_TRUE(frame) << frame.error().to_string();
    std::vector<std::byte> pixels(coded_bytes);
    write_code(pixels, publisher_->statistics().frames_published + 1);
    ASSERT_TRUE(end_->fill(frame->texture(), pixels));
    const auto published = publisher_->publish(*std::move(frame));
    ASSERT_TRUE(published) << published.error().to_string();
  }
  // Publishes a frame each millisecond until `done`; false after `patience`.
  template <typename Done>
  bool publish_until(Done done, std::chrono::nanoseconds longest = patience) {
    const Clock::time_point end = Clock::now() + longest;
    while (Clock::now() < end && !HasFatalFailure()) {
      if (done()) return true;
      publish();
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  std::size_t count_subscribers() { return publisher_->subscribers().size(); }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_ = open_end("host");
  std::optional<stream::Publisher> publisher_;
};

TEST_F(Crowd, OfSixtyFourSeesEveryFrameAndOneMoreIsToldToWait) {
  constexpr std::size_t most = 64;
  std::vector<std::string> backends(most, "host");
  // Sanitized drivers are too large to have several of at once on a small machine.
  const std::vector<std::string> ends = end_names();
  for (std::size_t i = 1; memory_is_meaningful && i < ends.size(); ++i) backends[i] = ends[i];
  std::vector<Child> readers;
  for (const std::string& backend : backends) {
    auto child = Child::start({"--role", "reader", "--backend", backend, "--directory", directory_.path()});
    ASSERT_TRUE(child) << child.error().to_string();
    readers.push_back(*std::move(child));
  }
  std::vector<bool> seen(most);
  const bool all = publish_until(
      [&] {
        for (std::size_t i = 0; i < most; ++i) {
          const auto said = seen[i] ? std::nullopt : text_at_once(readers[i].channel());
          if (!said) continue;
          EXPECT_EQ(*said, "seen") << backends[i] << ": " << readers[i].join();
          seen[i] = true;
        }
        return std::find(seen.begin(), seen.end(), false) == seen.end();
      },
      3 * patience);
  EXPECT_TRUE(all) << std::count(seen.begin(), seen.end(), true) << " have seen a frame";
  EXPECT_TRUE(publish_until([&] { return count_subscribers() == most; })) << count_subscribers();
  EXPECT_EQ(publisher_->statistics().frames_refused, 0U);

  auto late = subscribe(end_, directory_.path());
  ASSERT_TRUE(late);
  EXPECT_TRUE(publish_until([&] {
    static_cast<void>(late->acquire(0ns));
    return late->state() == stream::FeedState::refused;
  }));
  ASSERT_TRUE(late->last_error());
  EXPECT_EQ(late->last_error()->code(), ErrorCode::busy) << late->last_error()->to_string();
  EXPECT_NE(late->last_error()->to_string().find("has [64] subscribers"), std::string::npos)
      << late->last_error()->to_string();
  EXPECT_EQ(count_subscribers(), most);

  ASSERT_TRUE(send_text(readers.back().channel(), "leave"));
  EXPECT_EQ(readers.back().join(), "");
  EXPECT_TRUE(publish_until([&] { return late->acquire(0ns).has_value(); })) << late->last_error()->to_string();
  EXPECT_TRUE(publish_until([&] { return count_subscribers() == most; }));
  readers.pop_back();
  for (Child& reader : readers) ASSERT_TRUE(send_text(reader.channel(), "leave"));
  for (Child& reader : readers) EXPECT_EQ(reader.join(), "");
  EXPECT_TRUE(publish_until([&] { return count_subscribers() == 1; }));
}

TEST_F(Crowd, ThatComesAndGoesLeavesNothing) {
  const char* wanted = std::getenv("GEYSER_CHURN");
  const int all = wanted != nullptr ? std::atoi(wanted) : memory_is_meaningful ? 300 : 60;
  constexpr int visits = 10;  // of one process that is not killed
  std::mt19937 random(static_cast<unsigned>(all));
  const std::size_t descriptors = ProcessFigures::of(own_process()).descriptors;
  const auto settle = [&] {
    // The thread closes what nobody has told the publisher of.
    EXPECT_TRUE(publish_until(
        [&] { return count_subscribers() == 0 && ProcessFigures::of(own_process()).descriptors <= descriptors; }));
    return ProcessFigures::of(own_process());
  };
  std::optional<ProcessFigures> warm;
  int orderly = 0;
  int killed = 0;
  int killed_inside = 0;
  const Clock::time_point begin = Clock::now();
  while (orderly + killed < all && !HasFailure()) {
    if (!warm && orderly + killed >= std::max(all / 20, 20)) warm = settle();
    const bool to_be_killed = random() % 4 != 0;
    auto visitor = Child::start({"--role", "visitor", "--directory", directory_.path(), "--visits",
                                 std::to_string(to_be_killed ? 1000 * visits : visits)});
    ASSERT_TRUE(visitor) << visitor.error().to_string();
    const auto word = receive_text(visitor->channel());
    ASSERT_TRUE(word) << visitor->join();
    if (!to_be_killed) {
      orderly += visits;
      EXPECT_TRUE(publish_until([&] { return text_at_once(visitor->channel()).has_value(); }));
      EXPECT_EQ(visitor->join(), "");
      continue;
    }
    // Somewhere between two of its steps. On a busy machine they take longer.
    const unsigned slowness = killed_inside == 0 ? 1U + static_cast<unsigned>(killed) / 4U : 1U;
    const auto longest = static_cast<unsigned>(time_to_join().count()) * slowness;
    const Clock::time_point end = Clock::now() + std::chrono::microseconds(random() % longest);
    const auto over = [&] { return Clock::now() >= end; };
    static_cast<void>(publish_until(over));
    killed_inside += count_subscribers() != 0 ? 1 : 0;
    visitor->kill();
    ++killed;
  }
  const ProcessFigures last = settle();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  ASSERT_TRUE(warm);
  std::printf("%d connections left orderly, %d processes were killed, %d of them as subscribers, in %.1f s\n", orderly,
              killed, killed_inside, seconds);
  std::printf("publisher: RSS %zu -> %zu KiB, descriptors %zu -> %zu, mappings %zu -> %zu\n", warm->resident_kib,
              last.resident_kib, warm->descriptors, last.descriptors, warm->mappings, last.mappings);
  EXPECT_GT(killed_inside, 0);
  EXPECT_EQ(count_subscribers(), 0U);
  EXPECT_EQ(last.descriptors, descriptors);
  EXPECT_EQ(directory_.left_over(), files_of_a_feed());
  if (memory_is_meaningful) {
    EXPECT_EQ(last.mappings, warm->mappings);
    EXPECT_LE(last.resident_kib, warm->resident_kib + slack_kib);
  }
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (const auto role = argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    const std::string directory = *argument(count, values, "--directory");
    if (*role == "visitor")
      return run_visitor(*parent, directory, std::atoi(argument(count, values, "--visits")->c_str()));
    return run_reader(*parent, *argument(count, values, "--backend"), directory);
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
