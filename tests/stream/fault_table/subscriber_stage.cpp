// Subscribers are the victims: beside the publisher, in this process, and a healthy subscriber.
#include <algorithm>

#include "stream/fault_table/stage.hpp"

namespace geyser::test {

namespace {

constexpr std::uint64_t smooth_enough = 8;  // frames: twice around the ring
constexpr std::uint64_t longest_gap_us = 4'000'000;
constexpr std::chrono::milliseconds stopped_for{100};
// Until a socket that nobody reads is full, and for some time longer.
constexpr std::uint64_t fills_a_socket = 600;
constexpr std::size_t full_socket = 200;  // messages, at the least

class SubscriberStage final : public Stage {
 public:
  SubscriberStage(const StageOptions& options, std::shared_ptr<End> end) : options_(options), end_(std::move(end)) {}

  std::string open() {
    auto feeder = Feeder::open(end_, directory_.path(), options_.ring_size);
    if (!feeder) return feeder.error().to_string();
    feeder_.emplace(*std::move(feeder));
    auto healthy = Healthy::start({options_.backend, directory_.path(), options_.ring_size, {}});
    if (!healthy) return healthy.error().to_string();
    healthy_.emplace(*std::move(healthy));
    const std::uint64_t id = feeder_->publisher().feed().id;
    if (!go_on_until([&] { return healthy_->feed_id() == id; }, [&] { turn(); })) {
      return "The healthy subscriber sees no frame.";
    }
    // One to whom nothing happens: what drivers make at first use is there then.
    const Row first = run(
        {options_.backend, Victim::subscriber, options_.ring_size, {"subscriber.frame_open", FaultAction::none, 5}, 0});
    if (!first.problems.empty()) return first.problems.front();
    const auto report = healthy_->report([&] { turn(); });
    if (!report) return "The healthy subscriber does not answer.";
    healthy_census_ = report->census;
    census_ = settled_census();
    return {};
  }

  Row run(const Job& job) override {
    Row row;
    row.job = job;
    const auto begun = std::chrono::steady_clock::now();
    feeder_->forget();
    healthy_->forget();
    files_before_ = directory_.left_over();
    if (auto victim = VictimProcess::start(job, directory_.path())) {
      happen(job, *victim, row);
      victim->kill();
      row.unread = victim->unread;
      row.wrong += victim->wrong;
      if (victim->wrong != 0) row.problems.push_back("The victim saw wrong pixels.");
    } else {
      row.problems.push_back(victim.error().to_string());
    }
    finish(row);
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    return row;
  }

  std::string close() override {
    std::string problem = healthy_->stop();
    feeder_.reset();
    if (directory_.left_over() != 0) problem += " Files are left in the runtime directory.";
    static_cast<void>(end_->settle());
    end_->close();
    for (const std::string& complaint : end_->complaints) problem += " " + complaint;
    return problem;
  }

 private:
  void turn() {
    feeder_->step();
    healthy_->listen();
  }

  void happen(const Job& job, VictimProcess& victim, Row& row) {
    const auto turn_of_all = [&] {
      turn();
      victim.listen();
    };
    const FaultAction action = job.fault.action;
    if (job.fault.point == "timer") {
      go_on_for(std::chrono::microseconds(job.strike_after_us), turn_of_all);
      if (action == FaultAction::stop) victim.stop();
    } else if (!go_on_until([&] { return victim.reached || victim.gone; }, turn_of_all) || !victim.reached) {
      row.problems.push_back("The victim has not come to that point.");
      return;
    }
    switch (action) {
      case FaultAction::kill:
      case FaultAction::exit:
        // An exit handler of a driver that never ends is not this library's; the victim is killed then.
        if (job.fault.point != "timer") go_on_until([&] { return victim.gone; }, turn_of_all, 3s);
        return;
      case FaultAction::stop:
        go_on_for(stopped_for, turn_of_all);
        victim.go_on();
        break;
      case FaultAction::deafen:
        fill_socket(job, turn_of_all);
        victim.resume();
        break;
      case FaultAction::hold:
        go_on_for(options_.hold, turn_of_all);
        if (feeder_->publisher().statistics().leases_revoked != revoked_before_) {
          row.problems.push_back("A lease was taken away though the ring had not run out.");
        }
        victim.resume();
        break;
      case FaultAction::keep:
        go_on_for(options_.hold, turn_of_all);
        return;
      case FaultAction::starve:
      case FaultAction::none:
        break;
    }
    if (!go_on_until([&] { return victim.recovered || victim.gone; }, turn_of_all) || !victim.recovered) {
      row.problems.push_back("The victim does not work again.");
      return;
    }
    compare_open(row, victim, victim_census_, turn_of_all);
    if (action == FaultAction::hold && victim.lost != 0) {
      row.problems.push_back("A frame was overwritten while it was held.");
    }
    if (action == FaultAction::deafen && is_belled(job) && victim.unread < full_socket) {
      row.problems.push_back("The victim's socket was not full: " + std::to_string(victim.unread) + " messages.");
    }
  }

  // It has asked to be written to for every frame.
  static bool is_belled(const Job& job) {
    return job.fault.nth > 2 && job.fault.point != "subscriber.sleeping" && job.fault.point != "*";
  }

  template <typename Turn>
  void fill_socket(const Job& job, Turn turn_of_all) {
    if (!is_belled(job)) return go_on_for(stopped_for, turn_of_all);
    const std::uint64_t enough = feeder_->publisher().statistics().wake_calls + fills_a_socket;
    go_on_until([&] { return feeder_->publisher().statistics().wake_calls >= enough; }, [&] { feeder_->publish(); });
  }

  // The ring is as it was before the victim came, and so is everything that the healthy ones have open.
  void finish(Row& row) {
    const auto alone = [&] { return feeder_->publisher().statistics().subscribers == 1; };
    row.reclaimed = go_on_until([&] { return alone() && feeder_->smooth_frames() >= smooth_enough && holds_little(); },
                                [&] { turn(); });
    if (!row.reclaimed) row.problems.push_back("Not every slot is free again.");
    row.stall_us = feeder_->longest_stall_us();
    if (!feeder_->dropped().empty()) row.notes.push_back("The publisher: " + feeder_->dropped());
    if (!feeder_->problem().empty()) row.problems.push_back("The publisher: " + feeder_->problem());
    std::optional<HealthyReport> report;
    const bool has_baseline = census_ != Census{};
    Census mine;
    go_on_until(
        [&] {
          mine = settled_census();
          report = healthy_->report([&] { turn(); });
          return !report || !has_baseline || (mine == census_ && report->census == healthy_census_);
        },
        [&] { turn(); }, 3s);
    if (report) {
      note_seen(row, report->seen, "The healthy subscriber");
      if (has_baseline) note_open(row, healthy_census_, report->census, "The healthy subscriber");
    } else {
      row.problems.push_back("The healthy subscriber does not answer.");
    }
    if (has_baseline) note_open(row, census_, mine, "The publisher");
    if (row.gap_us > longest_gap_us) row.problems.push_back("The healthy subscriber had no frames for too long.");
    row.leaked_files = static_cast<std::int64_t>(directory_.left_over()) - static_cast<std::int64_t>(files_before_);
    if (row.leaked_files != 0) row.problems.push_back("Files are left in the runtime directory.");
    revoked_before_ = feeder_->publisher().statistics().leases_revoked;
  }

  bool holds_little() const {
    const auto subscribers = feeder_->publisher().subscribers();
    return std::all_of(subscribers.begin(), subscribers.end(), [](const auto& one) { return one.leases_held <= 1; });
  }

  Census settled_census() const {
    static_cast<void>(end_->settle());
    return take_census();
  }

  StageOptions options_;
  std::shared_ptr<End> end_;
  RuntimeDirectory directory_;
  std::optional<Feeder> feeder_;
  std::optional<Healthy> healthy_;
  Census census_;
  Census healthy_census_;
  Census victim_census_;
  std::uint64_t revoked_before_ = 0;
  std::size_t files_before_ = 0;
};

}  // namespace

std::unique_ptr<Stage> make_subscriber_stage(const StageOptions& options, std::string& why) {
  auto end = make_end(options.backend);
  if (!end) {
    why = end.error().to_string();
    return nullptr;
  }
  auto stage = std::make_unique<SubscriberStage>(options, std::shared_ptr<End>(*std::move(end)));
  why = stage->open();
  return why.empty() ? std::move(stage) : nullptr;
}

}  // namespace geyser::test
