// A block: a writer and its readers, in processes started for it, and so many frames at a steady rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "way.hpp"

namespace bench {

struct Plan {
  Ground ground;
  std::uint32_t rate = 60;  // frames each second
  std::uint32_t frames = 60;
  bool pinned = false;  // the writer on the first processor, the readers on the others
};

struct Block {
  std::string why;                   // not empty: it could not be measured, and why not
  std::vector<double> latencies_us;  // of all readers: from before the writer's send() to after receive()
  std::vector<double> wall_us;       // of each frame: prepare() and send()
  std::vector<double> cpu_us;
  std::uint64_t missed = 0;  // frames that readers did not see because they were late
};

Block run_block(const NamedWay& way, const Plan& plan);

}  // namespace bench
