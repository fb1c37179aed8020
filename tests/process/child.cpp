#include "process/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

namespace geyser::test {

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
  return Child(process, std::move(ends->first));
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)), channel_(std::move(other.channel_)) {}

std::string Child::join() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (process_ != 0) {
    if (waitpid(process_, &status, WNOHANG) == process_) {
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

void Child::send_signal(int number) const noexcept {
  if (process_ != 0) ::kill(process_, number);
}

void Child::kill() noexcept {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) continue;
  process_ = 0;
}

std::optional<std::string> argument(int count, char** values, std::string_view name) {
  for (int i = 1; i + 1 < count; ++i) {
    if (values[i] == name) return values[i + 1];
  }
  return std::nullopt;
}

Result<Channel> parent_channel(int count, char** values) {
  const auto socket = argument(count, values, "--socket");
  if (!socket) return fail(ErrorCode::invalid_argument, "No [--socket] is given.");
  const int descriptor = std::atoi(socket->c_str());
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return Channel::adopt(descriptor);
}

Result<void> send_text(Channel& channel, std::string_view text) {
  // A message without bytes would read as the end of the stream.
  const std::string message = std::string(text.substr(0, wire::max_message_bytes - 1)) + '\n';
  return channel.send(std::as_bytes(std::span(message)), {}, patience);
}

Result<std::string> receive_text(Channel& channel) {
  std::string text(wire::max_message_bytes, '\0');
  std::vector<OwnedHandle> none;
  auto size = channel.receive(std::as_writable_bytes(std::span(text)), none, patience);
  if (!size) return fail(std::move(size.error()));
  if (*size == 0 || !none.empty()) return fail(ErrorCode::protocol, "The message is no text.");
  text.resize(*size - 1);
  return text;
}

}  // namespace geyser::test
