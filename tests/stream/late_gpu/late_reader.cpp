#include "stream/late_gpu/late_reader.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <sstream>

#include "stream/late_gpu/late_vulkan.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

namespace {

using Clock = std::chrono::steady_clock;

std::uint32_t nanoseconds_since(Clock::time_point begin) {
  return static_cast<std::uint32_t>(
      std::min<std::chrono::nanoseconds::rep>((Clock::now() - begin) / std::chrono::nanoseconds(1), UINT32_MAX));
}

class Reader {
 public:
  Reader(End& end, stream::Subscriber& subscriber) : end_(end), subscriber_(subscriber) {
    if (end.manager().capabilities().api == Api::vulkan) late_ = std::make_unique<LateVulkan>(end.manager());
  }

  void turn() {
    while (queued_.size() >= LateVulkan::most_queued) check_oldest();
    const Clock::time_point begin = Clock::now();
    auto frame = subscriber_.acquire(0ns);
    const std::uint32_t acquire_ns = nanoseconds_since(begin);
    if (!frame) {
      std::this_thread::sleep_for(100us);
      return;
    }
    acquire_ns_.push_back(acquire_ns);
    const auto number = static_cast<std::uint32_t>(frame->info().number);
    if (number <= last_) ++report_.backwards;
    last_ = number;
    ++report_.read;
    if (late_ == nullptr) {
      read_whole(*frame, number);
    } else {
      queued_.push_back({late_->read(frame->texture()), number});
    }
    gpu_waits_ = frame->texture().statistics().gpu_waits;
    const Clock::time_point released = Clock::now();
    const auto intact = subscriber_.release(*std::move(frame));
    release_ns_.push_back(nanoseconds_since(released));
    if (!intact || !*intact) ++report_.wrong;  // nobody is hurried here
    if (late_ != nullptr && !late_->is_done(queued_.back().ticket)) ++report_.ahead;
  }
  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }
  LateReport finish() {
    while (!queued_.empty()) check_oldest();
    report_.missed = subscriber_.statistics().frames_missed;
    report_.gpu_waits = gpu_waits_;
    report_.acquire = CallTimes::of(acquire_ns_);
    report_.release = CallTimes::of(release_ns_);
    return report_;
  }

 private:
  struct Queued {
    LateVulkan::Ticket ticket;
    std::uint32_t number;
  };
  void check_oldest() {
    const auto [ticket, number] = queued_.front();
    queued_.pop_front();
    for (const std::uint32_t texel : late_->wait(ticket)) expect(texel, number);
  }
  void read_whole(stream::Frame& frame, std::uint32_t number) {
    const auto bytes = end_.read(frame.texture());
    if (!bytes || bytes->size() < 8) {
      ++report_.wrong;
      return;
    }
    for (const std::size_t at : {std::size_t{0}, bytes->size() - 4}) {
      std::uint32_t texel = 0;
      std::memcpy(&texel, bytes->data() + at, 4);
      expect(texel, number);
    }
  }
  void expect(std::uint32_t texel, std::uint32_t number) {
    if (texel == number) return;
    if (report_.wrong++ < 10) std::fprintf(stderr, "%s: frame %u has [%u]\n", end_.name().c_str(), number, texel);
  }

  End& end_;
  stream::Subscriber& subscriber_;
  std::unique_ptr<LateVulkan> late_;  // null: another API's, whose reading is waited for
  std::deque<Queued> queued_;
  std::vector<std::uint32_t> acquire_ns_, release_ns_;
  std::uint64_t last_ = 0;
  std::uint64_t gpu_waits_ = 0;
  LateReport report_;
};

}  // namespace

CallTimes CallTimes::of(std::vector<std::uint32_t> nanoseconds) {
  if (nanoseconds.empty()) return {};
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto at = [&](std::size_t thousandths) {
    return nanoseconds[std::min(nanoseconds.size() - 1, nanoseconds.size() * thousandths / 1000)] / 1000.0;
  };
  return {at(500), at(999), nanoseconds.back() / 1000.0};
}

std::string LateReport::text() const {
  std::ostringstream out;
  for (const std::uint64_t count : {read, missed, wrong, backwards, lacking, ahead, gpu_waits}) out << count << ' ';
  for (const CallTimes& times : {acquire, release}) {
    out << times.median << ' ' << times.most_of_1000 << ' ' << times.worst << ' ';
  }
  return out.str();
}

LateReport LateReport::parse(const std::string& text) {
  LateReport report;
  std::istringstream in(text);
  in >> report.read >> report.missed >> report.wrong >> report.backwards >> report.lacking >> report.ahead >>
      report.gpu_waits;
  for (CallTimes* times : {&report.acquire, &report.release}) {
    in >> times->median >> times->most_of_1000 >> times->worst;
  }
  // An answer that is none counts as one that has seen nothing right.
  if (!in) report.wrong = 1;
  return report;
}

int run_late_reader(Channel& parent, const std::string& backend, const std::string& directory) {
  auto made = make_end(backend, Validation::off);
  if (!made) return 2;
  const std::shared_ptr<End> end = *std::move(made);
  stream::SubscriberOptions options;
  options.feed = "late";
  options.name = backend;
  options.runtime_directory = directory;
  options.mode = stream::FrameMode::every;
  options.max_leases = 1;
  auto subscriber = stream::Subscriber::create(share(end), std::move(options));
  if (!subscriber) return 3;
  Reader reader(*end, *subscriber);
  bool said = false;
  std::optional<std::uint64_t> wanted;
  Clock::time_point give_up{};
  Clock::time_point looked{};
  for (;;) {
    reader.turn();
    if (reader.last() == 0) continue;
    if (!said && !send_text(parent, "ready")) return 5;
    said = true;
    const Clock::time_point now = Clock::now();
    if (wanted && (reader.last() >= *wanted || now > give_up)) break;
    if (wanted || now - looked < 20ms) continue;
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
  LateReport report = reader.finish();
  report.lacking = reader.last() >= *wanted ? 0 : 1;
  for (const std::string& complaint : end->complaints) std::fprintf(stderr, "%s\n", complaint.c_str());
  return send_text(parent, report.text()) ? 0 : 7;
}

}  // namespace geyser::test
