// What every chapter of the benchmark is told, and how chapters run their blocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "block.hpp"
#include "report.hpp"

namespace bench {

struct Settings {
  double seconds = 2;   // of a block
  unsigned rounds = 5;  // turns of each block
  std::vector<std::uint32_t> rates{60, 240, 1000};
  std::vector<std::size_t> readers{1, 4, 16};
  std::vector<std::size_t> fan_out{0, 1, 2, 4, 8, 16, 32, 64};
  unsigned joins = 10;  // of a block
  std::uint32_t width = 1920;
  std::uint32_t height = 1080;
  bool pinned = false;
  bool smoke = false;  // as few frames as show that the program works
  std::string directory;
};

Chapter measure_latency(const Settings& settings);
Chapter measure_hand_off(const Settings& settings);
Chapter measure_fan_out(const Settings& settings);
Chapter measure_first_frame(const Settings& settings);

// One way under one plan, block after block.
struct Case {
  const NamedWay* way = nullptr;
  Plan plan;
  std::vector<Block> blocks;  // of each turn
  std::string why;            // not empty: it cannot be measured

  std::vector<double> latencies() const;
  std::uint64_t missed() const;
  // Of each turn.
  std::vector<double> medians() const;
};
// The frames of a block at `rate`.
std::uint32_t frames_of(const Settings& settings, std::uint32_t rate);
// Runs all cases in turns, every second turn backwards, so that whatever else the machine does hits all alike.
void run_in_turns(std::vector<Case>& cases, const Settings& settings, const char* chapter);
// Of the least of all turns to the least of all turns: noise only ever adds.
double quiet_ratio(const std::vector<double>& over, const std::vector<double>& under);
// Turn by turn.
std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under);

// How far a chapter is, to a terminal.
void show_progress(const char* chapter, std::size_t done, std::size_t all);

}  // namespace bench
