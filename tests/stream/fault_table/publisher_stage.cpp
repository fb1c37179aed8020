// Publishers are the victims, one after the other under the same name: beside a healthy subscriber that is there all
// the time, one that comes when the fault happens, and a successor, in this process.
#include <algorithm>
#include <thread>
#include <vector>

#include "stream/fault_table/stage.hpp"
#include "stream/feed_note.hpp"

namespace geyser::test {

namespace {

constexpr std::uint64_t smooth_enough = 8;
constexpr std::uint64_t longest_takeover_us = 5'000'000;
constexpr std::uint64_t longest_block_us = 3'000'000;
constexpr std::chrono::milliseconds stopped_for{100};
constexpr std::size_t flood_connections = 24;  // more than a listening socket keeps
constexpr int flood_messages = 400;            // more than a socket takes

class PublisherStage final : public Stage {
 public:
  PublisherStage(const StageOptions& options, std::shared_ptr<End> end) : options_(options), end_(std::move(end)) {}

  std::string open() {
    auto healthy = Healthy::start({options_.backend, directory_.path(), options_.ring_size, {}});
    if (!healthy) return healthy.error().to_string();
    healthy_.emplace(*std::move(healthy));
    // One to whom nothing happens: what drivers make at first use is there then.
    for (int i = 0; i < 2; ++i) {
      const Row first =
          run({options_.backend, Victim::publisher, options_.ring_size, {"publisher.woken", FaultAction::none, 5}, 0});
      if (!first.problems.empty()) return first.problems.front();
    }
    census_ = last_census_;
    healthy_census_ = last_healthy_census_;
    return {};
  }

  Row run(const Job& job) override {
    Row row;
    row.job = job;
    const auto begun = std::chrono::steady_clock::now();
    healthy_->forget();
    const std::size_t files_before = directory_.left_over();
    waits_ = job.fault.point == "publisher.waits";
    // Who is to wait needs a ring that runs out, and somebody who holds frames for long.
    Job arranged = job;
    if (waits_) arranged.ring_size = 2;
    if (waits_ || job.fault.point == "timer") come(row);
    if (auto victim = VictimProcess::start(arranged, directory_.path())) {
      happen(job, *victim, row);
      victim->kill();
    } else {
      row.problems.push_back(victim.error().to_string());
    }
    succeed(row);
    newcomer_.reset();
    successor_.reset();
    // The next victim inherits what lingers of it: Dawn's copies of descriptors are not closed by exec.
    static_cast<void>(end_->settle());
    // On Windows a file is there as long as anybody has it open; who looks for feeds does for a moment.
    go_on_until([&] { return directory_.left_over() <= files_before; }, [&] { turn(nullptr); }, 1s);
    row.leaked_files = static_cast<std::int64_t>(directory_.left_over()) - static_cast<std::int64_t>(files_before);
    if (row.leaked_files != 0) row.problems.push_back("Files are left in the runtime directory.");
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return row;
  }

  std::string close() override {
    std::string problem = healthy_->stop();
    static_cast<void>(end_->settle());
    end_->close();
    for (const std::string& complaint : end_->complaints) problem += " " + complaint;
    return problem;
  }

 private:
  void come(Row& row) {
    if (newcomer_) return;
    stream::SubscriberOptions options;
    options.feed = table_feed;
    options.runtime_directory = directory_.path();
    auto watcher = Watcher::open(end_, std::move(options));
    if (watcher) {
      newcomer_.emplace(*std::move(watcher));
    } else {
      row.problems.push_back(watcher.error().to_string());
    }
  }

  void turn(VictimProcess* victim) {
    healthy_->listen();
    if (victim != nullptr) victim->listen();
    if (successor_) successor_->step();
    if (newcomer_) {
      newcomer_->step(successor_ ? 0ns : 1ms, waits_ && !successor_ ? 3ms : 0ns);
    } else if (!successor_) {
      std::this_thread::sleep_for(1ms);  // the others' processes do the work
    }
  }

  void happen(const Job& job, VictimProcess& victim, Row& row) {
    const auto turn_of_all = [&] { turn(&victim); };
    const FaultAction action = job.fault.action;
    const bool timed = job.fault.point == "timer";
    if (timed) {
      go_on_for(std::chrono::microseconds(job.strike_after_us), turn_of_all);
    } else if (!go_on_until([&] { return victim.reached || victim.gone; }, turn_of_all) || !victim.reached) {
      row.problems.push_back("The victim has not come to that point.");
      return;
    }
    died_ns_ = monotonic_ns();
    come(row);
    switch (action) {
      case FaultAction::kill:
      case FaultAction::exit:
        // An exit handler of a driver that never ends is not this library's; the victim is killed then.
        if (!timed && !go_on_until([&] { return victim.gone; }, turn_of_all, 3s)) died_ns_ = monotonic_ns();
        return;
      case FaultAction::stop:
        if (timed) victim.stop();
        go_on_for(stopped_for / 2, turn_of_all);
        if (!timed) refuse_second(row);
        go_on_for(stopped_for / 2, turn_of_all);
        victim.go_on();
        break;
      case FaultAction::deafen:
        flood(turn_of_all);
        victim.resume();
        break;
      case FaultAction::starve:
      case FaultAction::none:
      case FaultAction::hold:
      case FaultAction::keep:
        break;
    }
    if (!go_on_until([&] { return victim.recovered || victim.gone; }, turn_of_all) || !victim.recovered) {
      row.problems.push_back("The victim does not work again.");
      return;
    }
    // It is seen again, by those who saw it before and by those who came meanwhile.
    if (!newcomer_) return;
    const std::uint64_t frames = newcomer_->seen().frames;
    const auto all_see = [&] {
      return newcomer_->seen().frames > frames + 3 && newcomer_->seen().feed_id == healthy_->feed_id();
    };
    if (!go_on_until(all_see, turn_of_all)) row.problems.push_back("It is not seen again by everyone.");
    if (!waits_) compare_open(row, victim, victim_census_, turn_of_all);
    died_ns_ = monotonic_ns();
  }

  // A stopped publisher has its name still.
  void refuse_second(Row& row) {
    auto second = Feeder::open(end_, directory_.path(), options_.ring_size);
    if (second) {
      row.problems.push_back("The name of a stopped publisher was given to another.");
    } else if (second.error().code() != ErrorCode::busy) {
      row.problems.push_back("A second publisher is refused with: " + second.error().to_string());
    }
  }

  // Connections and messages that nobody takes.
  template <typename Turn>
  void flood(Turn turn_of_all) {
    std::vector<Channel> channels;
    const std::string path = stream::socket_path(directory_.path(), table_feed);
    constexpr std::array<std::byte, 1> byte{};
    for (std::size_t i = 0; i < flood_connections; ++i) {
      auto channel = Channel::connect(path, 0ns);
      if (!channel) break;
      for (int k = 0; k < flood_messages && channel->send(byte, {}, 0ns); ++k) continue;
      channels.push_back(*std::move(channel));
    }
    go_on_for(stopped_for, turn_of_all);
  }

  void succeed(Row& row) {
    auto made = Feeder::open(end_, directory_.path(), options_.ring_size);
    if (!made) {
      row.problems.push_back("The name of a dead publisher is not to be had: " + made.error().to_string());
      return;
    }
    row.create_us = (monotonic_ns() - died_ns_) / 1000;
    successor_.emplace(*std::move(made));
    const std::uint64_t id = successor_->publisher().feed().id;
    const auto all_see = [&] { return healthy_->feed_id() == id && (!newcomer_ || newcomer_->seen().feed_id == id); };
    if (!go_on_until(all_see, [&] { turn(nullptr); })) {
      row.problems.push_back("The successor is not seen.");
      return;
    }
    row.takeover_us = (healthy_->feed_since_ns() - died_ns_) / 1000;
    if (row.takeover_us > longest_takeover_us) row.problems.push_back("The successor was seen too late.");
    row.reclaimed = go_on_until([&] { return successor_->smooth_frames() >= smooth_enough; }, [&] { turn(nullptr); });
    if (!row.reclaimed) row.problems.push_back("Not every slot of the successor is free.");
    if (!successor_->problem().empty()) row.problems.push_back("The successor: " + successor_->problem());
    row.stall_us = successor_->longest_stall_us();
    if (!successor_->dropped().empty()) row.notes.push_back("The publisher: " + successor_->dropped());
    count(row);
  }

  void count(Row& row) {
    const bool has_baseline = census_ != Census{};
    std::optional<HealthyReport> report;
    go_on_until(
        [&] {
          static_cast<void>(end_->settle());
          last_census_ = take_census();
          report = healthy_->report([&] { turn(nullptr); });
          return !report || !has_baseline || (last_census_ == census_ && report->census == healthy_census_);
        },
        [&] { turn(nullptr); }, 3s);
    if (newcomer_) note_seen(row, newcomer_->seen(), "The subscriber that came during the fault");
    if (has_baseline) note_open(row, census_, last_census_, "This process");
    if (!report) {
      row.problems.push_back("The healthy subscriber does not answer.");
      return;
    }
    last_healthy_census_ = report->census;
    note_seen(row, report->seen, "The healthy subscriber");
    if (has_baseline) note_open(row, healthy_census_, report->census, "The healthy subscriber");
    if (row.block_us > longest_block_us) row.problems.push_back("A subscriber's call did not end in time.");
  }

  StageOptions options_;
  std::shared_ptr<End> end_;
  RuntimeDirectory directory_;
  std::optional<Healthy> healthy_;
  std::optional<Watcher> newcomer_;
  std::optional<Feeder> successor_;
  bool waits_ = false;
  std::uint64_t died_ns_ = 0;
  Census census_, last_census_;
  Census healthy_census_, last_healthy_census_;
  Census victim_census_;
};

}  // namespace

std::unique_ptr<Stage> make_publisher_stage(const StageOptions& options, std::string& why) {
  auto end = make_end(options.backend);
  if (!end) {
    why = end.error().to_string();
    return nullptr;
  }
  auto stage = std::make_unique<PublisherStage>(options, std::shared_ptr<End>(*std::move(end)));
  why = stage->open();
  return why.empty() ? std::move(stage) : nullptr;
}

}  // namespace geyser::test
