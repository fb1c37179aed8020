// The double of Mach ports: a port is a pair of sockets, a right a descriptor, a name an entry in this process' table.
// Names and user references count as the kernel counts them; who sends is the kernel's own word (SCM_CREDENTIALS).
#pragma once

#include <cstddef>

namespace geyser::mach_double {

struct Held {
  std::size_t names = 0;            // of ports
  std::size_t send_references = 0;  // user references of send rights
  std::size_t receive_rights = 0;
  int objects = 0;  // references of Objective-C objects: retained less released
  friend bool operator==(const Held&, const Held&) = default;
};
Held held();

}  // namespace geyser::mach_double
