// Where faults happen: a victim of one role beside healthy peers, which stay from one fault to the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stream/fault_table/feeder.hpp"
#include "stream/fault_table/healthy.hpp"
#include "stream/fault_table/row.hpp"
#include "stream/fault_table/victim_process.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

struct StageOptions {
  std::string backend;
  std::uint32_t ring_size = 4;
  std::chrono::milliseconds hold{400};  // how long a frame is held by a subscriber that holds one
};

// The whole of a row must be over in this time: more than any busy machine explains.
inline constexpr std::chrono::seconds longest_row{30};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual Row run(const Job& job) = 0;
  // Problems of the end, empty: none.
  virtual std::string close() = 0;
};

// Null: `why` says what is missing.
std::unique_ptr<Stage> make_subscriber_stage(const StageOptions& options, std::string& why);
std::unique_ptr<Stage> make_publisher_stage(const StageOptions& options, std::string& why);

// Calls `turn` until `done`. False: it was not in time.
template <typename Done, typename Turn>
bool go_on_until(Done done, Turn turn, std::chrono::nanoseconds longest = patience) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    turn();
  }
  return true;
}
template <typename Turn>
void go_on_for(std::chrono::nanoseconds time, Turn turn) {
  static_cast<void>(go_on_until([] { return false; }, turn, time));
}

// Adds what the healthy ones report, and what they have open beyond `before`.
void note_seen(Row& row, const Watcher::Seen& seen, const std::string& who);
void note_open(Row& row, const Census& before, const Census& after, const std::string& who);

// What a victim that lives on has open must be what one has to whom nothing happened: `usual`, or, when that is none
// yet, noted there.
template <typename Turn>
void compare_open(Row& row, VictimProcess& victim, Census& usual, Turn turn) {
  std::optional<Census> now;
  const auto as_usual = [&] {
    victim.ask_census();
    go_on_until([&] { return victim.census || victim.gone; }, turn);
    now = victim.census;
    return !now || usual == Census{} || *now == usual;
  };
  go_on_until(as_usual, turn, std::chrono::seconds(2));
  if (!now) {
    row.problems.push_back("The victim does not answer.");
  } else if (usual == Census{}) {
    usual = *now;
  } else if (*now != usual) {
    note_open(row, usual, *now, "The victim");
  }
}

}  // namespace geyser::test
