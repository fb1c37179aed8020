// What the processes of one way say to each other beside the GPU: numbers of frames in shared memory, and futexes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bench {

inline constexpr std::size_t most_consumers = 16;
inline constexpr std::uint32_t most_depth = 32;
inline constexpr std::uint32_t remembered = 256;  // frames; more than can be under way

// A number that grows. Who sets it makes a system call only when somebody sleeps.
class alignas(64) Count {
 public:
  void set(std::uint32_t value) noexcept;
  std::uint32_t get() const noexcept { return value_; }
  // Sleeps until it is at least `value`. Throws when it does not come.
  void await(std::uint32_t value);

 private:
  std::atomic<std::uint32_t> value_;
  std::atomic<std::uint32_t> sleepers_;
};

struct Mail {
  struct End {
    Count joined;    // 1: has seen a frame (ways that need frames to begin with)
    Count taken;     // the last frame whose reading and giving back is queued
    Count finished;  // the last frame that was read
  };
  Count handed;                     // the last frame that is handed over
  Count started;                    // 1: `base` is set
  std::atomic<std::uint32_t> base;  // the last frame that was for starting
  std::array<End, most_consumers> ends;
  std::array<std::atomic<std::uint64_t>, remembered> sent_ns;  // by number
  std::array<std::atomic<std::uint32_t>, remembered> stamps;   // what the producer wrote
  std::atomic<std::uint32_t> unavailable;                      // `why` is no failure
  std::atomic<std::uint32_t> failed;
  std::array<char, 300> why;
};

// This machine, driver or set-up cannot do it, which is no failure of anybody's.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace bench
