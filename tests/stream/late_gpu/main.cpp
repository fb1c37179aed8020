// A publisher whose GPU is always late: a long shader runs before each picture, so that frames are announced before
// they exist. Every subscriber must have every frame whole all the same, and no CPU may wait for a GPU in
// begin_frame(), publish(), acquire() or release().
//
//   test_late_gpu [--frames N] [--delay-us N] [--readers END,END,...]
//
// N: 60 frames, 2000 us. END: vulkan,vulkan, and what else there is of opengl and cuda. Where the ends share no fence
// that GPUs wait for, frames are checked, and what is said of the calls does not apply: the test says so.
#include <cinttypes>
#include <cstdio>
#include <sstream>

#include "process/child.hpp"
#include "stream/late_gpu/late_reader.hpp"
#include "stream/late_gpu/late_vulkan.hpp"
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t frames_wanted = 60;
std::chrono::microseconds delay = 2000us;
std::string reader_ends;

struct Reader {
  std::string backend;
  Child child;
  bool ready = false;
  LateReport report;
};

class LateGpu : public testing::Test {
 protected:
  void SetUp() override {
    auto made = make_end("vulkan", Validation::off);
    ASSERT_TRUE(made) << made.error().to_string();
    end_ = *std::move(made);
    late_.emplace(end_->manager());
    late_->set_delay(delay);
    stream::PublisherOptions options;
    options.name = "late";
    options.runtime_directory = directory_.path();
    options.ring_size = 4;
    options.back_pressure = true;
    options.lease_time = 10s;  // nobody is hurried here
    options.diagnostics = [](const GeyserError& error) { ADD_FAILURE() << error.to_string(); };
    TextureDescriptor descriptor;
    descriptor.extent = {64, 64, 1};
    auto publisher = stream::Publisher::create(share(end_), descriptor, std::move(options));
    ASSERT_TRUE(publisher) << publisher.error().to_string();
    publisher_.emplace(*std::move(publisher));
  }
  void start(const std::string& backend) {
    auto child = Child::start({"--role", "reader", "--backend", backend, "--directory", directory_.path()});
    ASSERT_TRUE(child) << child.error().to_string();
    readers_.push_back({backend, *std::move(child), false, {}});
  }
  void publish() {
    late_->make_room();
    const Clock::time_point begin = Clock::now();
    auto frame = publisher_->begin_frame(0ns);
    const auto begin_ns = Clock::now() - begin;
    if (!frame) {
      ASSERT_EQ(frame.error().code(), ErrorCode::timeout) << frame.error().to_string();
      std::this_thread::sleep_for(100us);
      return;
    }
    const auto number = static_cast<std::uint32_t>(publisher_->statistics().frames_published + 1);
    const LateVulkan::Ticket ticket = late_->write(frame->texture(), number);
    const Clock::time_point publish = Clock::now();
    const auto published = publisher_->publish(*std::move(frame));
    const auto publish_ns = Clock::now() - publish;
    ASSERT_TRUE(published) << published.error().to_string();
    ASSERT_EQ(*published, number);
    if (!late_->is_done(ticket)) ++ahead_;
    begin_ns_.push_back(static_cast<std::uint32_t>(begin_ns / 1ns));
    publish_ns_.push_back(static_cast<std::uint32_t>(publish_ns / 1ns));
  }
  void publish_until_all_are_ready() {
    const Clock::time_point end = Clock::now() + 3 * patience;
    for (std::size_t ready = 0; ready < readers_.size() && !HasFailure();) {
      ASSERT_LT(Clock::now(), end) << ready << " are ready";
      publish();
      for (Reader& reader : readers_) {
        std::array<std::byte, 64> buffer{};
        std::vector<OwnedHandle> none;
        if (reader.ready) continue;
        const auto word = reader.child.channel().receive(buffer, none, 0ns);
        if (!word && word.error().code() == ErrorCode::timeout) continue;
        ASSERT_TRUE(word) << reader.backend << " does not start: " << reader.child.join();
        reader.ready = true;
        ++ready;
      }
    }
    begin_ns_.clear();
    publish_ns_.clear();
    ahead_ = 0;
  }
  void finish() {
    const std::uint64_t last = publisher_->statistics().frames_published;
    for (Reader& reader : readers_) ASSERT_TRUE(send_text(reader.child.channel(), "stop " + std::to_string(last)));
    for (Reader& reader : readers_) {
      std::string text(512, '\0');
      std::vector<OwnedHandle> none;
      const Clock::time_point end = Clock::now() + 2 * patience;
      for (;;) {
        publisher_->service();
        const auto size = reader.child.channel().receive(std::as_writable_bytes(std::span(text)), none, 10ms);
        if (size) {
          reader.report = LateReport::parse(text);
          break;
        }
        ASSERT_EQ(size.error().code(), ErrorCode::timeout) << reader.backend << ": " << reader.child.join();
        ASSERT_LT(Clock::now(), end) << reader.backend << " does not answer";
      }
      EXPECT_EQ(reader.child.join(), "") << reader.backend;
    }
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_;
  std::optional<LateVulkan> late_;
  std::optional<stream::Publisher> publisher_;
  std::vector<Reader> readers_;
  std::vector<std::uint32_t> begin_ns_, publish_ns_;
  std::uint64_t ahead_ = 0;  // frames that were announced before the GPU had drawn them
};

void print(const std::string& name, const char* call, const CallTimes& times) {
  std::printf("late_gpu: %-20s %-12s p50 %.1f us, p99.9 %.1f us, worst %.1f us\n", name.c_str(), call, times.median,
              times.most_of_1000, times.worst);
}

TEST_F(LateGpu, FramesAreWholeAndNoCpuWaits) {
  std::istringstream names(reader_ends);
  for (std::string name; std::getline(names, name, ',');) start(name);
  ASSERT_FALSE(HasFatalFailure());
  publish_until_all_are_ready();
  ASSERT_FALSE(HasFatalFailure());
  std::vector<stream::SubscriberInfo> subscribers = publisher_->subscribers();
  const std::uint64_t first = publisher_->statistics().frames_published;
  const Clock::time_point begin = Clock::now();
  while (publisher_->statistics().frames_published < first + frames_wanted && !HasFailure()) publish();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  finish();
  ASSERT_FALSE(HasFatalFailure());

  bool all_on_gpu = !subscribers.empty();
  for (const stream::SubscriberInfo& subscriber : subscribers) {
    std::printf("late_gpu: %s: %s, %s\n", subscriber.name.c_str(), std::string(to_string(subscriber.path)).c_str(),
                std::string(to_string(subscriber.sync_tier)).c_str());
    all_on_gpu = all_on_gpu && subscriber.sync_tier == SyncTier::shared_timeline;
  }
  const CallTimes begins = CallTimes::of(begin_ns_);
  const CallTimes publishes = CallTimes::of(publish_ns_);
  std::printf("late_gpu: %" PRIu64 " frames in %.1f s, each %lld us late; %" PRIu64
              " announced before they were drawn\n",
              frames_wanted, seconds, static_cast<long long>(delay.count()), ahead_);
  print("publisher", "begin_frame", begins);
  print("publisher", "publish", publishes);
  for (const Reader& reader : readers_) {
    const LateReport& report = reader.report;
    std::printf("late_gpu: %-20s %" PRIu64 " read, %" PRIu64 " missed, %" PRIu64 " wrong, %" PRIu64
                " given back before the GPU had read them\n",
                reader.backend.c_str(), report.read, report.missed, report.wrong, report.ahead);
    print(reader.backend, "acquire", report.acquire);
    print(reader.backend, "release", report.release);
    EXPECT_EQ(report.wrong, 0U) << reader.backend;
    EXPECT_EQ(report.backwards, 0U) << reader.backend;
    EXPECT_EQ(report.missed, 0U) << reader.backend;
    EXPECT_EQ(report.lacking, 0U) << reader.backend;
    EXPECT_GE(report.read, frames_wanted) << reader.backend;
  }
  // One GPU runs one shader after the other: else it was not late. (A software driver's clock is anybody's.)
  EXPECT_GE(seconds, 0.25 * static_cast<double>(frames_wanted) * std::chrono::duration<double>(delay).count());

  EXPECT_TRUE(all_on_gpu || !is_rig("gpu")) << "this rig's driver shares timelines";
  if (!all_on_gpu) {
    std::printf("NOT APPLICABLE: that no CPU waits in begin and end: these ends share no timeline of the GPU's\n");
    return;
  }
  const double far_below = static_cast<double>(delay.count()) / 2;
  EXPECT_GE(ahead_, frames_wanted * 9 / 10);
  EXPECT_LT(begins.most_of_1000, far_below);
  EXPECT_LT(publishes.most_of_1000, far_below);
  for (const Reader& reader : readers_) {
    if (reader.report.ahead != 0 || reader.backend == "vulkan") {
      EXPECT_GE(reader.report.ahead, frames_wanted * 9 / 10) << reader.backend;
    }
    EXPECT_LT(reader.report.acquire.most_of_1000, far_below) << reader.backend;
    EXPECT_LT(reader.report.release.most_of_1000, far_below) << reader.backend;
  }
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    return run_late_reader(*parent, *argument(count, values, "--backend"), *argument(count, values, "--directory"));
  }
  testing::InitGoogleTest(&count, values);
  reader_ends = "vulkan,vulkan";
  for (const std::string& name : end_names()) {
    if (name == "opengl" || name == "cuda") reader_ends += "," + name;
  }
  if (const auto frames = argument(count, values, "--frames"))
    frames_wanted = std::strtoull(frames->c_str(), nullptr, 10);
  if (const auto late = argument(count, values, "--delay-us")) {
    delay = std::chrono::microseconds(std::strtoll(late->c_str(), nullptr, 10));
  }
  if (const auto names = argument(count, values, "--readers")) reader_ends = *names;
  return RUN_ALL_TESTS();
}
