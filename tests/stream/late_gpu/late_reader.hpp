// A subscriber of the late publisher, in a process of its own: checks every frame and times its own calls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <geyser/channel.hpp>

namespace geyser::test {

// How long calls took, in microseconds.
struct CallTimes {
  double median = 0;
  double most_of_1000 = 0;  // p99.9
  double worst = 0;
  static CallTimes of(std::vector<std::uint32_t> nanoseconds);
};

struct LateReport {
  std::uint64_t read = 0, missed = 0;
  std::uint64_t wrong = 0;      // frames with another number in a texel than the one that they have
  std::uint64_t backwards = 0;  // numbers that are not larger than the one before
  std::uint64_t lacking = 0;    // the last frame never came
  std::uint64_t ahead = 0;      // frames that were given back before the GPU had read them
  std::uint64_t gpu_waits = 0;  // 0: this pair waits on the CPU
  CallTimes acquire, release;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static LateReport parse(const std::string& text);
};

// Says "ready" when frames come; ends at the text "stop <last number>", when it has had that frame, and answers with
// its report. Gives the exit status.
int run_late_reader(Channel& parent, const std::string& backend, const std::string& directory);

}  // namespace geyser::test
