#include "posix/process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "system.hpp"

namespace geyser::tool {

std::string own_program() { return "/proc/self/exe"; }

// glibc 2.36 declares pidfd_open() for C only.
int watch_process(pid_t process) noexcept { return static_cast<int>(::syscall(SYS_pidfd_open, process, 0)); }

bool wait_readable(NativeHandle event, std::chrono::nanoseconds patience) noexcept {
  const timespec time{patience.count() / 1'000'000'000, patience.count() % 1'000'000'000};
  pollfd wait{static_cast<int>(event), POLLIN, 0};
  return ::ppoll(&wait, 1, &time, nullptr) > 0;
}

}  // namespace geyser::tool
