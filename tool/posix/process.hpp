// What the program asks of a POSIX system and POSIX has no word for: linux/process.cpp, darwin/process.cpp.
#pragma once

#include <sys/types.h>

#include <string>

namespace geyser::tool {

// The file that runs, to be started once more.
[[nodiscard]] std::string own_program();
// A descriptor that is readable when the process has ended. -1, and errno.
[[nodiscard]] int watch_process(pid_t process) noexcept;

}  // namespace geyser::tool
