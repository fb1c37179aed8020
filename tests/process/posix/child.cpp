#include "process/child.hpp"

#include <spawn.h>
#include <unistd.h>

#include <cstring>
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
  return Child(process, 0, std::move(ends->first));
}

}  // namespace geyser::test
