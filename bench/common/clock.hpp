// The two clocks of the measurements.
#pragma once

#include <cstdint>
#include <ctime>

namespace bench {

inline std::uint64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// The same in every process.
inline std::uint64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }
// What this thread has cost, in the kernel too.
inline std::uint64_t thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

inline void sleep_until_ns(std::uint64_t due) {
  timespec end{};
  end.tv_sec = static_cast<decltype(end.tv_sec)>(due / 1'000'000'000U);
  end.tv_nsec = static_cast<decltype(end.tv_nsec)>(due % 1'000'000'000U);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) != 0) {
  }
}

}  // namespace bench
