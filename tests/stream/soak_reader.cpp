#include "stream/soak_reader.hpp"

#include <chrono>
#include <deque>
#include <random>
#include <sstream>

#include "stream/coded_picture.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

namespace {

using Clock = std::chrono::steady_clock;

class Reader {
 public:
  Reader(End& end, stream::Subscriber& subscriber, std::string way)
      : end_(end), subscriber_(subscriber), way_(std::move(way)) {}

  void turn() {
    if (way_ == "poller") {
      wait_readable(subscriber_.event(), 20ms);
    }
    auto frame = subscriber_.acquire(way_ == "poller" ? 0ms : 20ms);
    if (frame && !frame->is_repeated()) {
      const std::uint64_t number = frame->info().number;
      if (first_ == 0) first_ = number;
      if (number <= last_) ++report_.backwards;
      last_ = number;
      // Mostly for less than the lease time, at times for longer.
      if (way_ == "holder") {
        held_.push_back({*std::move(frame), Clock::now() + std::chrono::milliseconds(random_() % 60)});
      } else {
        check(*std::move(frame));
      }
    }
    while (!held_.empty() && (held_.size() > 2 || held_.front().until <= Clock::now())) {
      std::this_thread::sleep_until(held_.front().until);
      check(std::move(held_.front().frame));
      held_.pop_front();
    }
  }
  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  SoakReport finish() {
    while (!held_.empty()) {
      check(std::move(held_.front().frame));
      held_.pop_front();
    }
    const stream::SubscriberStatistics counts = subscriber_.statistics();
    report_.read = counts.frames_read;
    report_.missed = counts.frames_missed;
    report_.lost = counts.leases_lost;
    report_.uncounted = last_ - first_ + 1 - counts.frames_read - counts.frames_missed;
    return report_;
  }

 private:
  struct Held {
    stream::Frame frame;
    Clock::time_point until;
  };

  void check(stream::Frame&& frame) {
    const std::uint64_t number = frame.info().number;
    auto bytes = end_.read(frame.texture());
    const bool right = bytes && bytes->size() >= coded_bytes &&
                       read_code(std::span(*bytes).first(coded_bytes)) == number &&
                       read_code(frame.info().user_bytes()) == number;
    const std::vector<std::byte> user(frame.info().user_bytes().begin(), frame.info().user_bytes().end());
    auto intact = subscriber_.release(std::move(frame));
    // What was read of a frame that was lost meanwhile may be anything.
    if (intact && (right || !*intact)) return;
    ++report_.wrong;
    const auto says = [](std::span<const std::byte> some) {
      const auto code = read_code(some);
      return code ? std::to_string(*code) : std::string("nothing");
    };
    std::fprintf(stderr, "%s: frame %s says [%s] in pixels, [%s] beside them; release: [%s]\n", way_.c_str(),
                 std::to_string(number).c_str(), bytes ? says(*bytes).c_str() : bytes.error().to_string().c_str(),
                 says(user).c_str(), intact ? "intact" : intact.error().to_string().c_str());
  }

  End& end_;
  stream::Subscriber& subscriber_;
  std::string way_;
  std::deque<Held> held_;
  std::mt19937 random_{7};
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  SoakReport report_;
};

}  // namespace

std::string SoakReport::text() const {
  std::ostringstream out;
  for (const std::uint64_t count : {read, missed, lost, wrong, backwards, uncounted, lacking}) out << count << ' ';
  return out.str();
}

SoakReport SoakReport::parse(const std::string& text) {
  SoakReport report;
  std::istringstream in(text);
  in >> report.read >> report.missed >> report.lost >> report.wrong >> report.backwards >> report.uncounted >>
      report.lacking;
  // An answer that is none counts as one that has seen nothing right.
  if (!in) report.wrong = 1;
  return report;
}

int run_soak_reader(Channel& parent, const std::string& backend, const std::string& way, const std::string& directory) {
  auto made = make_end(backend, Validation::off);
  if (!made) return 2;
  const std::shared_ptr<End> end = *std::move(made);
  stream::SubscriberOptions options;
  options.feed = "soak";
  options.name = backend + " " + way;
  options.runtime_directory = directory;
  options.mode = way == "every" ? stream::FrameMode::every : stream::FrameMode::latest;
  options.max_leases = way == "holder" ? 3 : 1;
  auto subscriber = stream::Subscriber::create(share(end), std::move(options));
  if (!subscriber) return 3;
  Reader reader(*end, *subscriber, way);
  while (reader.last() == 0) {
    reader.turn();
    std::array<std::byte, 64> buffer{};
    std::vector<OwnedHandle> none;
    const auto word = parent.receive(buffer, none, 0ns);
    if (!word && word.error().code() != ErrorCode::timeout) return 4;
  }
  if (!send_text(parent, "ready")) return 5;
  // Only now and then: a look is a system call, and the frames are to come as fast as they can.
  std::optional<std::uint64_t> wanted;
  Clock::time_point give_up{};
  Clock::time_point looked{};
  for (;;) {
    reader.turn();
    const Clock::time_point now = Clock::now();
    if (wanted && (reader.last() >= *wanted || now > give_up)) break;
    if (wanted || now - looked < 50ms) continue;
    looked = now;
    std::array<std::byte, 64> buffer{};
    std::vector<OwnedHandle> none;
    const auto size = parent.receive(buffer, none, 0ns);
    if (!size && size.error().code() != ErrorCode::timeout) return 6;
    if (!size) continue;
    std::string verb;
    std::istringstream words(std::string(reinterpret_cast<const char*>(buffer.data()), *size));
    words >> verb >> wanted.emplace();
    give_up = now + patience;
  }
  SoakReport report = reader.finish();
  report.lacking = reader.last() >= *wanted ? 0 : 1;
  for (const std::string& complaint : end->complaints) std::fprintf(stderr, "%s\n", complaint.c_str());
  return send_text(parent, report.text()) ? 0 : 7;
}

}  // namespace geyser::test
