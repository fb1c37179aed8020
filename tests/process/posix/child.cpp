#include "process/child.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

namespace geyser::test {

namespace {

pid_t pid_of(std::int64_t process) { return static_cast<pid_t>(process); }

}  // namespace

Result<Child> Child::start(std::vector<std::string> arguments) {
  auto ends = Channel::make_pair();
  if (!ends) return fail(std::move(ends.error()));
  const int socket = static_cast<int>(ends->second.native());
  arguments.insert(arguments.begin(), "test");
  arguments.insert(arguments.end(), {"--socket", std::to_string(socket)});
  std::vector<char*> values;
  for (std::string& value : arguments) values.push_back(value.data());
  values.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Onto itself: the one descriptor that the child keeps.
  posix_spawn_file_actions_adddup2(&actions, socket, socket);
  pid_t process = 0;
  const int number = posix_spawn(&process, "/proc/self/exe", &actions, nullptr, values.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (number != 0) {
    return fail(ErrorCode::operating_system, std::string("The child does not start: ") + std::strerror(number));
  }
  return Child(process, 0, std::move(ends->first));
}

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
