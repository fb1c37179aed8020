// A moment on the monotonic clock after which a wait gives up.
#pragma once

#include <algorithm>
#include <chrono>

namespace geyser::platform {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // Negative timeouts count as zero. Longer ones than a day are cut, so that the sum cannot overflow and every wait
  // ends.
  [[nodiscard]] static Deadline after(std::chrono::nanoseconds timeout) noexcept {
    using std::chrono::nanoseconds;
    return Deadline(Clock::now() + std::clamp(timeout, nanoseconds(0), nanoseconds(std::chrono::hours(24))));
  }
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept {
    return std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(end_ - Clock::now()));
  }
  // As poll() takes it: rounded up, so that a poll never spins through the last millisecond.
  [[nodiscard]] int remaining_milliseconds() const noexcept {
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(remaining()).count());
  }

 private:
  explicit Deadline(Clock::time_point end) noexcept : end_(end) {}
  Clock::time_point end_;
};

}  // namespace geyser::platform
