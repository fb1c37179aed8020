#include "process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>
#include <vector>

#include "clock.hpp"

namespace bench {

pid_t Process::fork_child() {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  return 0;
}

void Process::settle(Place place, std::size_t index) noexcept {
  if (place == Place::anywhere) return;
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  std::vector<std::size_t> all;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) all.push_back(cpu);
  }
  if (all.size() < 2) return;
  const std::size_t at = place == Place::first ? 0 : 1 + index % (all.size() - 1);
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  CPU_SET(all[at], &chosen);
  ::sched_setaffinity(0, sizeof(chosen), &chosen);
}

// Without the parent's exit handlers and unwritten output.
void Process::leave(bool good) noexcept { ::_exit(good ? 0 : 1); }

bool Process::wait() noexcept {
  int status = 1;
  if (id_ > 0) ::waitpid(id_, &status, 0);
  id_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Process::wait_until(std::uint64_t end_ns) noexcept {
  int status = 1;
  while (id_ > 0 && ::waitpid(id_, &status, WNOHANG) == 0) {
    if (now_ns() > end_ns) {
      kill();
      return false;
    }
    sleep_until_ns(now_ns() + 1'000'000);
  }
  id_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void Process::kill() noexcept {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  wait();
}

}  // namespace bench
