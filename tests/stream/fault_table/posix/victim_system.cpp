#include "stream/fault_table/victim_system.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace geyser::test {

namespace {

constexpr int longest_deafness_s = 15;

rlimit& fed() {
  static rlimit limit{};
  return limit;
}

sigset_t resume_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  return set;
}

// The limit under which `left` descriptors can still be had.
rlim_t limit_that_leaves(std::uint32_t left) {
  int limit = 3;
  for (std::uint32_t found = 0; found < left; ++limit) {
    if (::fcntl(limit, F_GETFD) < 0) ++found;
  }
  return static_cast<rlim_t>(limit);
}

}  // namespace

// It is waited for, never delivered.
void prepare_resume() {
  const sigset_t set = resume_signal();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_resume() {
  const sigset_t set = resume_signal();
  const timespec longest{longest_deafness_s, 0};
  ::sigtimedwait(&set, nullptr, &longest);
}

void resume(std::int64_t process) { ::kill(static_cast<pid_t>(process), SIGUSR1); }

void kill_self() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

void stop_self() { ::kill(::getpid(), SIGSTOP); }

bool starve_of_descriptors(std::uint32_t left) {
  ::getrlimit(RLIMIT_NOFILE, &fed());
  const rlimit hungry{limit_that_leaves(left), fed().rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &hungry) == 0;
}

void feed_again() { ::setrlimit(RLIMIT_NOFILE, &fed()); }

std::size_t unread_bytes(NativeHandle parent) {
  std::size_t most = 0;
  for (int descriptor = 3; descriptor < 512; ++descriptor) {
    int type = 0;
    socklen_t size = sizeof(type);
    int bytes = 0;
    if (descriptor == parent || ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    if (type != SOCK_SEQPACKET || ::ioctl(descriptor, FIONREAD, &bytes) != 0) continue;
    most = std::max(most, static_cast<std::size_t>(bytes));
  }
  return most;
}

}  // namespace geyser::test
