// A healthy subscriber: reads every frame that it can get, and looks at every pixel.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <geyser/stream/subscriber.hpp>

#include "support/end.hpp"

namespace geyser::test {

// What is drawn into frame `number` of a feed.
inline std::uint32_t seed_of(std::uint64_t feed_id, std::uint64_t number) {
  return static_cast<std::uint32_t>(feed_id ^ (feed_id >> 32U)) + static_cast<std::uint32_t>(number) * 2654435761U;
}

std::uint64_t monotonic_ns();

class Watcher {
 public:
  struct Seen {
    std::uint64_t frames = 0;
    std::uint64_t repeated = 0;
    std::uint64_t wrong = 0;
    std::uint64_t lost = 0;              // leases that were taken away
    std::uint64_t longest_gap_us = 0;    // between two new frames
    std::uint64_t longest_block_us = 0;  // how much longer than it was allowed to a call took
    std::uint64_t feed_id = 0;           // of the newest frame
    std::uint64_t feed_since_ns = 0;     // when its first frame was read
    std::string first_wrong;
    std::string trouble;  // the last that the subscriber reported, but for publishers that were gone
  };

  // Errors: those of Subscriber::create.
  static Result<Watcher> open(std::shared_ptr<End> end, stream::SubscriberOptions options);
  // One acquire(), and what it gives checked and returned. A frame is kept open for `hold`.
  void step(std::chrono::nanoseconds timeout, std::chrono::nanoseconds hold = {});
  const Seen& seen() const { return seen_; }
  // The feed is remembered, what was counted is not.
  void forget();
  stream::Subscriber& subscriber() { return subscriber_; }

 private:
  Watcher(std::shared_ptr<End> end, stream::Subscriber&& subscriber, std::shared_ptr<std::string> trouble)
      : end_(std::move(end)), subscriber_(std::move(subscriber)), trouble_(std::move(trouble)) {}
  void check(stream::Frame&& frame, std::chrono::nanoseconds hold);

  std::shared_ptr<End> end_;
  stream::Subscriber subscriber_;
  std::shared_ptr<std::string> trouble_;
  Seen seen_;
  std::uint64_t last_ns_ = 0;
};

}  // namespace geyser::test
