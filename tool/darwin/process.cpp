#include "posix/process.hpp"

#include <fcntl.h>
#include <mach-o/dyld.h>
#include <poll.h>
#include <sys/event.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "system.hpp"

namespace geyser::tool {

std::string own_program() {
  std::uint32_t size = 0;
  ::_NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (::_NSGetExecutablePath(path.data(), &size) != 0) return {};
  return path.c_str();
}

// A queue is a descriptor that can be polled itself.
int watch_process(pid_t process) noexcept {
  const int queue = ::kqueue();
  if (queue < 0) return -1;
  ::fcntl(queue, F_SETFD, FD_CLOEXEC);
  struct kevent change {};
  EV_SET(&change, static_cast<std::uintptr_t>(process), EVFILT_PROC, EV_ADD, NOTE_EXIT, 0, nullptr);
  if (::kevent(queue, &change, 1, nullptr, 0, nullptr) == 0) return queue;
  // One that has ended already, and is still to be waited for: readable from the start.
  if (errno == ESRCH) {
    EV_SET(&change, 1, EVFILT_USER, EV_ADD, NOTE_TRIGGER, 0, nullptr);
    if (::kevent(queue, &change, 1, nullptr, 0, nullptr) == 0) return queue;
  }
  const int number = errno;
  ::close(queue);
  errno = number;
  return -1;
}

bool wait_readable(NativeHandle event, std::chrono::nanoseconds patience) noexcept {
  pollfd wait{static_cast<int>(event), POLLIN, 0};
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(patience);
  return ::poll(&wait, 1, static_cast<int>(whole.count())) > 0;
}

}  // namespace geyser::tool
