#include "stream/fault_table/plan.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <tuple>

namespace geyser::test {

namespace {

constexpr std::array every_action = {FaultAction::kill, FaultAction::exit, FaultAction::stop, FaultAction::starve,
                                     FaultAction::deafen};
constexpr std::array at_any_time = {FaultAction::kill, FaultAction::stop};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t end) { return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_); }

 private:
  std::mt19937 random_;
};

Job at_point(const std::string& backend, const FaultPoint& point, FaultAction action) {
  return {backend, point.victim, 4, {point.name, action, point.nth}, 0};
}

Job holding(const std::string& backend, std::uint32_t ring_size, FaultAction action) {
  const std::uint32_t nth = action == FaultAction::keep ? 1 : 5;
  return {backend, Victim::subscriber, ring_size, {"subscriber.holding", action, nth}, 0};
}

// At a time that its parent chooses: drivers take theirs to load, and the time must reach into each step.
Job timed(const std::string& backend, Dice& dice) {
  Job job{backend, dice.below(2) == 0 ? Victim::subscriber : Victim::publisher, 4, {}, 0};
  if (job.victim == Victim::subscriber && dice.below(3) == 0) job.ring_size = 2;
  job.fault = {"timer", at_any_time[dice.below(at_any_time.size())], 1 + dice.below(2)};
  job.strike_after_us = dice.below(backend == "host" ? 60'000 : 600'000);
  return job;
}

// At the nth step of all that there are.
Job stepped(const std::string& backend, Dice& dice) {
  Job job{backend, dice.below(2) == 0 ? Victim::subscriber : Victim::publisher, 4, {}, 0};
  if (job.victim == Victim::subscriber && dice.below(3) == 0) job.ring_size = 2;
  job.fault = {"*", every_action[dice.below(every_action.size())], 1 + dice.below(200)};
  return job;
}

// Those who need the same scene follow each other.
void arrange(std::vector<Job>& plan) {
  std::stable_sort(plan.begin(), plan.end(), [](const Job& a, const Job& b) {
    return std::tie(a.backend, a.victim, a.ring_size) < std::tie(b.backend, b.victim, b.ring_size);
  });
}

}  // namespace

std::vector<Job> sample_plan(const std::vector<std::string>& backends, unsigned seed) {
  std::vector<Job> plan;
  Dice dice(seed);
  std::uint32_t turn = dice.below(every_action.size());
  for (const std::string& backend : backends) {
    if (backend == "host") {
      for (const FaultPoint& point : fault_points()) {
        plan.push_back(at_point(backend, point, every_action[turn++ % every_action.size()]));
      }
      plan.push_back(holding(backend, 4, FaultAction::hold));
      plan.push_back(holding(backend, 4, FaultAction::keep));
      plan.push_back(holding(backend, 2, FaultAction::kill));
      for (int i = 0; i < 4; ++i) plan.push_back(timed(backend, dice));
      continue;
    }
    for (const Victim victim : {Victim::subscriber, Victim::publisher}) {
      std::vector<FaultPoint> points;
      std::copy_if(fault_points().begin(), fault_points().end(), std::back_inserter(points),
                   [victim](const FaultPoint& point) { return point.victim == victim; });
      plan.push_back(at_point(backend, points[dice.below(static_cast<std::uint32_t>(points.size()))],
                              every_action[turn++ % every_action.size()]));
    }
  }
  arrange(plan);
  return plan;
}

std::vector<Job> whole_plan(const std::vector<std::string>& backends, std::size_t runs, unsigned seed) {
  std::vector<Job> plan;
  Dice dice(seed);
  for (const std::string& backend : backends) {
    for (const FaultPoint& point : fault_points()) {
      for (const FaultAction action : every_action) plan.push_back(at_point(backend, point, action));
    }
    for (const std::uint32_t ring_size : {2U, 4U}) {
      for (const FaultAction action : {FaultAction::kill, FaultAction::stop, FaultAction::keep}) {
        plan.push_back(holding(backend, ring_size, action));
      }
    }
    plan.push_back(holding(backend, 4, FaultAction::hold));
    // To compare with.
    for (int i = 0; i < 5; ++i) {
      plan.push_back({backend, Victim::subscriber, 4, {"subscriber.frame_open", FaultAction::none, 5}, 0});
      plan.push_back({backend, Victim::publisher, 4, {"publisher.woken", FaultAction::none, 40}, 0});
    }
  }
  for (std::size_t i = 0; plan.size() < runs; ++i) {
    const std::string& backend = backends[i % backends.size()];
    plan.push_back(dice.below(2) == 0 ? timed(backend, dice) : stepped(backend, dice));
  }
  arrange(plan);
  return plan;
}

}  // namespace geyser::test
