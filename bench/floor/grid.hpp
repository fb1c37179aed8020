// Scenes by ways: blocks in turns, and rows of figures.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chapter.hpp"
#include "crew.hpp"

namespace bench {

// One way in one scene.
struct Cell {
  const Way* way = nullptr;
  Scene scene;
  std::string why;  // not empty: not measured
  bool failed = false;
  std::string sync;
  std::vector<Block> slow;  // one frame at a time, of each turn
  std::vector<Block> fast;  // as fast as it goes

  std::vector<double> latencies() const;
  std::vector<double> median_latencies() const;  // of each turn
  std::vector<double> producer_us() const;       // medians of each turn, of the blocks at full speed
  std::vector<double> consumer_us() const;
  std::vector<double> rates() const;  // frames/s
};

struct Plan {
  const char* name;
  std::vector<Scene> scenes;
  std::vector<const Way*> ways;
  bool slow = true;
  bool fast = true;
};

// Runs all ways of a scene in turns, every second turn backwards; ratios are within a turn, to `base` of the same scene
// and consumer's API. Fills the chapter's table and figures; gives the cells, scene by scene.
std::vector<std::vector<Cell>> measure(const Plan& plan, const Settings& settings, const Way& base, Chapter& chapter);

std::string text(const Scene& scene);
std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under);

}  // namespace bench
