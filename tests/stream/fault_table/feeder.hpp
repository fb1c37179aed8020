// A healthy publisher: a frame every two milliseconds, and how long it was kept from that.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <geyser/stream/publisher.hpp>

#include "support/end.hpp"

namespace geyser::test {

class Feeder {
 public:
  static constexpr std::chrono::milliseconds interval{2};

  // Errors: those of Publisher::create.
  static Result<Feeder> open(std::shared_ptr<End> end, const std::string& directory, std::uint32_t ring_size);
  // Waits for the next turn and publishes a frame.
  void step();
  // Publishes one at once.
  void publish();
  void forget();

  const stream::Publisher& publisher() const { return publisher_; }
  std::uint64_t longest_stall_us() const { return longest_stall_us_; }
  // How many frames in a row were published without one that was refused or a lease that was taken away.
  std::uint64_t smooth_frames() const { return smooth_frames_; }
  const std::string& problem() const { return problem_; }
  // The last subscriber that was dropped, and why.
  const std::string& dropped() const { return *dropped_; }

 private:
  Feeder(std::shared_ptr<End> end, stream::Publisher&& publisher, std::shared_ptr<std::string> dropped)
      : end_(std::move(end)), publisher_(std::move(publisher)), dropped_(std::move(dropped)) {}

  std::shared_ptr<End> end_;
  stream::Publisher publisher_;
  std::chrono::steady_clock::time_point next_{};
  std::uint64_t longest_stall_us_ = 0;
  std::uint64_t smooth_frames_ = 0;
  std::uint64_t revoked_ = 0;
  std::string problem_;
  std::shared_ptr<std::string> dropped_;
};

}  // namespace geyser::test
