// The double of Darwin's kernel on Linux, as far as src/platform/apple uses it. Of Mach ports: a port is a pair of
// sockets, a right a descriptor, a name an entry in this process' table. Names and user references count as the kernel
// counts them; who sends is the kernel's own word (SCM_CREDENTIALS).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <mach/mach.h>

namespace geyser::mach_double {

struct Held {
  std::size_t names = 0;            // of ports
  std::size_t send_references = 0;  // user references of send rights
  std::size_t receive_rights = 0;
  friend bool operator==(const Held&, const Held&) = default;
};
Held held();

// From now on the bootstrap server gives this process those names only that begin with this App Group ("App Groups
// Entitlement": com.apple.security.application-groups); empty: every name.
void sandbox(std::string app_group);

// A new send right of a port behind which the kernel has an object: what `descriptor`, which is taken over, is of.
mach_port_t add_object(int descriptor);
// Borrowed; -1: no such right, or one of a port that messages go to.
int object_behind(mach_port_t name);
// What is readable, or hung up, when a receive right has a message; empty: no such right.
struct Readiness {
  int descriptor;
  bool is_message;  // else the end of somebody whose death is told there
};
std::vector<Readiness> readiness_of(mach_port_t receive_right);

}  // namespace geyser::mach_double
