// A child as a process: posix/child.cpp and apple/child.cpp start it.
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "process/child.hpp"

namespace geyser::test {

namespace {

pid_t pid_of(std::int64_t process) { return static_cast<pid_t>(process); }

}  // namespace

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      handle_(std::exchange(other.handle_, 0)),
      channel_(std::move(other.channel_)) {}

std::string Child::join() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (process_ != 0) {
    if (waitpid(pid_of(process_), &status, WNOHANG) == pid_of(process_)) {
      process_ = 0;
      if (WIFSIGNALED(status)) return std::string("The child died: ") + strsignal(WTERMSIG(status));
      if (WEXITSTATUS(status) != 0) return "The child left with status " + std::to_string(WEXITSTATUS(status));
      return {};
    }
    if (std::chrono::steady_clock::now() > deadline) {
      kill();
      return "The child did not end.";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return "The child is gone already.";
}

void Child::stop() const noexcept {
  if (process_ != 0) ::kill(pid_of(process_), SIGSTOP);
}

void Child::go_on() const noexcept {
  if (process_ != 0) ::kill(pid_of(process_), SIGCONT);
}

void Child::kill() noexcept {
  if (process_ == 0) return;
  ::kill(pid_of(process_), SIGKILL);
  while (waitpid(pid_of(process_), nullptr, 0) < 0 && errno == EINTR) continue;
  process_ = 0;
}

}  // namespace geyser::test
