// Waiting in a publisher's loop: it serves who joins meanwhile.
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>

#include <geyser/stream/publisher.hpp>

#include "context.hpp"

namespace geyser::tool {

using PaceClock = std::chrono::steady_clock;

// Until then, or until `done` says so (asked after everything that happens), or until the program is to stop.
template <typename Done>
void serve_until(stream::Publisher& publisher, PaceClock::time_point until, Done done) {
  for (;;) {
    publisher.service();
    const auto left = until - PaceClock::now();
    if (left.count() <= 0 || interrupted() || done()) return;
    // A subscriber that died is noticed by looking; signals end the wait.
    const auto slice = std::min<PaceClock::duration>(left, std::chrono::milliseconds(20));
    const auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(slice).count();
    const timespec patience{whole / 1'000'000'000, whole % 1'000'000'000};
    pollfd event{static_cast<int>(publisher.event()), POLLIN, 0};
    static_cast<void>(::ppoll(&event, 1, &patience, nullptr));
  }
}

}  // namespace geyser::tool
