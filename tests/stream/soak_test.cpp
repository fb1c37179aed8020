// A feed for a long time: four subscribers in processes of their own, on different APIs and at different speeds, check
// every frame's number and checksum; no process may come to own more of the machine than it had when it was warm.
//
//   test_soak [--frames N] [--samples M] [--publisher END]
//
// N, or GEYSER_SOAK_FRAMES: 100000 (with sanitizers 10000; the long form: 1000000). END: host. A process is warm when a
// tenth of the frames have been published. From then on its memory may grow by `slack_kib`: drivers and allocators go
// on touching pages that they have reserved, by less than 1 MiB where this was measured, and 128 bytes lost with each
// frame are more in the short form already. What a process has is looked at M times (100). Descriptors may differ by
// the two that a reader has open for a moment while it copies a frame out of its driver.
#include <cinttypes>
#include <cstdio>

#include "process/child.hpp"
#include "stream/coded_picture.hpp"
#include "stream/scene.hpp"
#include "stream/soak_reader.hpp"
#include "support/process_figures.hpp"

namespace geyser::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t slack_kib = 4096;
constexpr std::size_t momentary_descriptors = 2;
constexpr std::size_t momentary_mappings = 16;  // a driver's mapping is split while a part of it has other rights
std::uint64_t frames_wanted = memory_is_meaningful ? 100000 : 10000;
std::uint64_t samples_wanted = 100;
std::string publisher_end = "host";

struct Reader {
  std::string backend;
  std::string way;
  std::optional<Child> child;
  ProcessFigures warm;
  ProcessFigures most;  // since then, each by itself
  ProcessFigures last;
  SoakReport report;
  void sample(std::int64_t process) {
    last = ProcessFigures::of(process);
    most.resident_kib = std::max(most.resident_kib, last.resident_kib);
    most.descriptors = std::max(most.descriptors, last.descriptors);
  }
  void expect_flat() const {
    EXPECT_LE(most.descriptors, warm.descriptors + momentary_descriptors) << backend << " " << way;
    if (memory_is_meaningful) {
      EXPECT_LE(last.mappings, warm.mappings + momentary_mappings) << backend << " " << way;
      EXPECT_LE(last.resident_kib, warm.resident_kib + slack_kib) << backend << " " << way;
    }
  }
};

class Soak : public testing::Test {
 protected:
  void SetUp() override {
    auto made = make_end(publisher_end, Validation::off);
    ASSERT_TRUE(made) << made.error().to_string();
    end_ = *std::move(made);
    stream::PublisherOptions options;
    options.name = "soak";
    options.runtime_directory = directory_.path();
    options.ring_size = 8;
    options.back_pressure = true;
    options.diagnostics = [](const GeyserError& error) { ADD_FAILURE() << error.to_string(); };
    auto publisher = stream::Publisher::create(share(end_), coded_picture(), std::move(options));
    ASSERT_TRUE(publisher) << publisher.error().to_string();
    publisher_.emplace(*std::move(publisher));
  }
  void start(const std::string& backend, const std::string& way) {
    auto child =
        Child::start({"--role", "reader", "--backend", backend, "--way", way, "--directory", directory_.path()});
    ASSERT_TRUE(child) << child.error().to_string();
    readers_.push_back({backend, way, *std::move(child), {}, {}, {}, {}});
  }
  // A frame of the next number; nothing when the ring has run out, which is a subscriber's right for a while.
  void publish() {
    const std::uint64_t number = publisher_->statistics().frames_published + 1;
    auto frame = publisher_->begin_frame(20ms);
    if (!frame) {
      ASSERT_EQ(frame.error().code(), ErrorCode::timeout) << frame.error().to_string();
      return;
    }
    write_code(pixels_, number);
    ASSERT_TRUE(end_->fill(frame->texture(), pixels_));
    stream::FrameInfo info;
    // The words beside the picture have a length of their own for every frame.
    const auto words = std::span(user_bytes_).first(16 + number % 64 * 8);
    write_code(words, number);
    ASSERT_TRUE(info.set_user_bytes(words));
    const auto published = publisher_->publish(*std::move(frame), info);
    ASSERT_TRUE(published) << published.error().to_string();
    ASSERT_EQ(*published, number);
  }
  void publish_until_all_are_ready() {
    std::size_t ready = 0;
    const Clock::time_point end = Clock::now() + 3 * patience;
    std::vector<bool> said(readers_.size());
    while (ready < readers_.size() && !HasFailure()) {
      ASSERT_LT(Clock::now(), end) << ready << " are ready";
      publish();
      std::this_thread::sleep_for(1ms);
      for (std::size_t i = 0; i < readers_.size(); ++i) {
        std::array<std::byte, 64> buffer{};
        std::vector<OwnedHandle> none;
        if (said[i]) continue;
        const auto word = readers_[i].child->channel().receive(buffer, none, 0ns);
        if (!word && word.error().code() == ErrorCode::timeout) continue;
        ASSERT_TRUE(word) << readers_[i].backend << " does not start: " << readers_[i].child->join();
        said[i] = true;
        ++ready;
      }
    }
  }
  void sample_all(bool warm) {
    self_.sample(own_process());
    if (warm) self_.warm = self_.most = self_.last;
    for (Reader& reader : readers_) {
      reader.sample(reader.child->process());
      if (warm) reader.warm = reader.most = reader.last;
    }
  }
  void finish() {
    const std::uint64_t last = publisher_->statistics().frames_published;
    for (Reader& reader : readers_) ASSERT_TRUE(send_text(reader.child->channel(), "stop " + std::to_string(last)));
    for (Reader& reader : readers_) {
      std::string text(256, '\0');
      std::vector<OwnedHandle> none;
      const Clock::time_point end = Clock::now() + 2 * patience;
      for (;;) {
        // Releases come in, and nobody is served meanwhile but by this.
        publisher_->service();
        const auto size = reader.child->channel().receive(std::as_writable_bytes(std::span(text)), none, 10ms);
        if (size) {
          reader.report = SoakReport::parse(text);
          break;
        }
        ASSERT_EQ(size.error().code(), ErrorCode::timeout) << reader.backend << ": " << reader.child->join();
        ASSERT_LT(Clock::now(), end) << reader.backend << " does not answer";
      }
      EXPECT_EQ(reader.child->join(), "") << reader.backend;
    }
  }
  void print(double seconds) const {
    const stream::PublisherStatistics counts = publisher_->statistics();
    std::printf("%" PRIu64 " frames in %.1f s; begin_frame refused %" PRIu64 ", leases revoked %" PRIu64 "\n",
                counts.frames_published, seconds, counts.frames_refused, counts.leases_revoked);
    std::printf("%-20s %9s %9s %6s %5s %9s %17s %11s %11s\n", "process", "read", "missed", "lost", "wrong", "unordered",
                "RSS KiB", "descriptors", "mappings");
    const auto row = [](const std::string& name, const Reader& r) {
      std::printf("%-20s %9" PRIu64 " %9" PRIu64 " %6" PRIu64 " %5" PRIu64 " %9" PRIu64
                  " %8zu %8zu %5zu %5zu %5zu %5zu\n",
                  name.c_str(), r.report.read, r.report.missed, r.report.lost, r.report.wrong, r.report.backwards,
                  r.warm.resident_kib, r.last.resident_kib, r.warm.descriptors, r.last.descriptors, r.warm.mappings,
                  r.last.mappings);
    };
    for (const Reader& reader : readers_) row(reader.backend + " " + reader.way, reader);
    row(publisher_end + " publisher", self_);
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_;
  std::optional<stream::Publisher> publisher_;
  std::vector<std::byte> pixels_ = std::vector<std::byte>(coded_bytes);
  std::vector<std::byte> user_bytes_ = std::vector<std::byte>(1024);
  std::vector<Reader> readers_;
  Reader self_;
};

TEST_F(Soak, EveryFrameIsWhatItSaysAndNothingGrows) {
  const std::vector<std::string> ends = end_names();
  const auto or_host = [&](const std::string& name) {
    return std::find(ends.begin(), ends.end(), name) != ends.end() ? name : std::string("host");
  };
  start("host", "every");
  start(or_host("vulkan"), "latest");
  start(driver_manifest("swiftshader") != nullptr ? or_host("swiftshader") : or_host("vulkan"), "holder");
  start(or_host("opengl"), "poller");
  ASSERT_FALSE(HasFatalFailure());
  publish_until_all_are_ready();
  ASSERT_FALSE(HasFatalFailure());
  const Clock::time_point begin = Clock::now();
  const std::uint64_t first = publisher_->statistics().frames_published;
  const std::uint64_t warm_at = first + frames_wanted / 10;
  const std::uint64_t between = std::max<std::uint64_t>(1, frames_wanted / samples_wanted);
  std::uint64_t next_sample = warm_at;
  for (;;) {
    const std::uint64_t published = publisher_->statistics().frames_published;
    if (published >= first + frames_wanted || HasFailure()) break;
    if (published >= next_sample) {
      sample_all(published < warm_at + between);
      next_sample = published + between;
    }
    publish();
  }
  sample_all(false);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  EXPECT_EQ(publisher_->statistics().subscribers, readers_.size());
  finish();
  print(seconds);
  for (const Reader& reader : readers_) {
    const std::string name = reader.backend + " " + reader.way;
    EXPECT_GT(reader.report.read, 0U) << name;
    EXPECT_EQ(reader.report.wrong, 0U) << name;
    EXPECT_EQ(reader.report.backwards, 0U) << name;
    EXPECT_EQ(reader.report.uncounted, 0U) << name;
    EXPECT_EQ(reader.report.lacking, 0U) << name << " has not seen the last frame";
    reader.expect_flat();
  }
  self_.expect_flat();
  // With back-pressure it misses none, as long as it is given the processor within the lease time; a ring has 8.
  const SoakReport& every = readers_.front().report;
  EXPECT_LE(every.missed, publisher_->statistics().leases_revoked * 8);
  const Clock::time_point end = Clock::now() + patience;
  while (publisher_->has_subscribers() && Clock::now() < end) publisher_->service();
  EXPECT_EQ(publisher_->subscribers().size(), 0U);
  publisher_.reset();
  EXPECT_EQ(directory_.left_over(), 0U);
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    return run_soak_reader(*parent, *argument(count, values, "--backend"), *argument(count, values, "--way"),
                           *argument(count, values, "--directory"));
  }
  testing::InitGoogleTest(&count, values);
  if (const char* frames = std::getenv("GEYSER_SOAK_FRAMES")) frames_wanted = std::strtoull(frames, nullptr, 10);
  if (const auto frames = argument(count, values, "--frames"))
    frames_wanted = std::strtoull(frames->c_str(), nullptr, 10);
  if (const auto samples = argument(count, values, "--samples"))
    samples_wanted = std::strtoull(samples->c_str(), nullptr, 10);
  if (const auto name = argument(count, values, "--publisher")) publisher_end = *name;
  return RUN_ALL_TESTS();
}
