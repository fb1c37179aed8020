#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "context.hpp"
#include "posix/process.hpp"

// Where <unistd.h> does not declare it.
extern "C" char** environ;

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return left < 0 ? 0 : static_cast<int>(left);
}

// The header holds what Windows needs, too.
int number(std::intptr_t descriptor) { return static_cast<int>(descriptor); }

template <typename Number>
void close_if_open(Number& descriptor) {
  if (descriptor >= 0) ::close(number(descriptor));
  descriptor = -1;
}

}  // namespace

Result<Child> Child::start(std::vector<std::string> words, Output output) {
  const auto refuse = [](int error) {
    return fail(ErrorCode::operating_system, std::string("A second process does not start: ") + std::strerror(error));
  };
  words.insert(words.begin(), "geyser");
  std::vector<char*> values;
  for (std::string& word : words) values.push_back(word.data());
  values.push_back(nullptr);
  std::array<int, 2> ends{-1, -1};
  if (output == Output::captured) {
    if (::pipe(ends.data()) != 0) return refuse(errno);
    for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output == Output::captured) posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (output == Output::thrown_away) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t process = 0;
  const int error = ::posix_spawn(&process, own_program().c_str(), &actions, nullptr, values.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close_if_open(ends[1]);
  if (error != 0) {
    close_if_open(ends[0]);
    return refuse(error);
  }
  const int watched = watch_process(process);
  Child child(process, watched, ends[0]);
  if (watched < 0) return refuse(errno);
  return child;
}

Child::~Child() {
  if (process_ != 0 && !status_) {
    terminate();
    pollfd end{number(watched_), POLLIN, 0};
    if (watched_ < 0 || ::poll(&end, 1, 2000) <= 0) ::kill(static_cast<pid_t>(process_), SIGKILL);
    ::waitpid(static_cast<pid_t>(process_), nullptr, 0);
  }
  close_if_open(watched_);
  close_if_open(output_);
}

void Child::terminate() noexcept {
  if (process_ != 0 && !status_) ::kill(static_cast<pid_t>(process_), SIGTERM);
}

bool Child::look(Clock::time_point end) {
  std::array<pollfd, 2> events{pollfd{number(watched_), POLLIN, 0}, pollfd{number(output_), POLLIN, 0}};
  const int ready = ::poll(events.data(), static_cast<nfds_t>(events.size()), milliseconds_until(end));
  if (ready <= 0) return ready != 0;
  if (events[0].revents != 0) {
    int status = 0;
    ::waitpid(static_cast<pid_t>(process_), &status, 0);
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  if (events[1].revents != 0) drain();
  return true;
}

bool Child::look_at_output(Clock::time_point end) {
  pollfd event{number(output_), POLLIN, 0};
  const int ready = ::poll(&event, 1, milliseconds_until(end));
  if (ready > 0) drain();
  return ready != 0;
}

// What the pipe has now, or all when nobody can write to it any more.
void Child::drain() {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(number(output_), buffer.data(), buffer.size());
  if (count > 0) {
    written_.append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0) {
    close_if_open(output_);
  }
}

std::string Child::take_output() {
  while (output_ >= 0 && status_) drain();
  return std::move(written_);
}

std::optional<std::size_t> wait_for_any(const std::vector<Child*>& children, std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  std::vector<pollfd> events;
  for (const Child* child : children) events.push_back({number(child->watched()), POLLIN, 0});
  while (!interrupted()) {
    const int ready = ::poll(events.data(), static_cast<nfds_t>(events.size()), milliseconds_until(end));
    if (ready == 0) break;
    for (std::size_t i = 0; ready > 0 && i < events.size(); ++i) {
      if (events[i].revents != 0) return i;
    }
  }
  return std::nullopt;
}

}  // namespace geyser::tool
