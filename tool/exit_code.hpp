// What the program's exit status says; the manual page has the same list.
#pragma once

namespace geyser::tool {

enum class ExitCode : int {
  ok = 0,
  usage = 1,         // a wrong command, option or value
  not_found = 2,     // no such feed, or nothing to list
  lost = 3,          // a time limit, or a feed that went away
  cannot_share = 4,  // no way of sharing is left
  bad_input = 5,     // a file that cannot be read or written
  no_device = 6,     // no driver, device, display or codec
  check_failed = 7,  // `check` has found something wrong
};

}  // namespace geyser::tool
