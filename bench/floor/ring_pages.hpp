// What the hand-written protocol around Geyser's accesses keeps in shared memory: the state of each texture, as its
// last holder left it.
#pragma once

#include <array>

#include <geyser/wire.hpp>

#include "mail.hpp"

namespace bench {

struct RingPages {
  std::array<geyser::wire::Frame, most_depth> handed;
  std::array<std::array<geyser::wire::Frame, most_depth>, most_consumers> returned;
};

}  // namespace bench
