// Waiting in a publisher's loop: it serves who joins meanwhile.
#pragma once

#include <algorithm>
#include <chrono>

#include <geyser/stream/publisher.hpp>

#include "context.hpp"
#include "system.hpp"

namespace geyser::tool {

using PaceClock = std::chrono::steady_clock;

// Until then, or until `done` says so (asked after everything that happens), or until the program is to stop.
template <typename Done>
void serve_until(stream::Publisher& publisher, PaceClock::time_point until, Done done) {
  for (;;) {
    publisher.service();
    const auto left = until - PaceClock::now();
    if (left.count() <= 0 || interrupted() || done()) return;
    // A subscriber that died is noticed by looking.
    wait_readable(publisher.event(), std::min<PaceClock::duration>(left, std::chrono::milliseconds(20)));
  }
}

}  // namespace geyser::tool
