// A producer and a consumer of one method in two processes of their own, idle until told to run.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "method.hpp"

namespace bench {

using MakeSide = std::unique_ptr<Side> (*)(const Settings&, int, Role);

class Pair {
 public:
  // Forks both before this process has touched a driver. `frames` is how many frames the pair will run in all.
  Pair(MakeSide make, const Settings& settings, std::uint32_t frames);
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair();

  // How the two wait for each other, once both are ready; empty when one failed (it says why on stderr).
  std::string await_ready() const;
  // Hands `frames` frames over: the round trips in microseconds, from before the write of frame n to when the producer
  // knows that the consumer has read it. Empty when a process failed.
  std::vector<double> run(std::uint32_t frames) const;
  // Whether both ended well, every frame being the one that was written. Call once, after the last run.
  bool finish();

 private:
  pid_t producer_ = -1;
  pid_t consumer_ = -1;
  int control_ = -1;
};

}  // namespace bench
