// No right outlives exec(): a child connects to a name.
#include <spawn.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "process/child.hpp"
#include "support/system.hpp"

namespace geyser::test {

Result<Child> Child::start(std::vector<std::string> arguments) {
  static int count = 0;
  const std::string path = "/tmp/geyser-child-" + std::to_string(own_process()) + "-" + std::to_string(++count);
  auto listener = Listener::create(path);
  if (!listener) return fail(std::move(listener.error()));
  arguments.insert(arguments.begin(), "test");
  arguments.insert(arguments.end(), {"--connect", path});
  std::vector<char*> values;
  for (std::string& value : arguments) values.push_back(value.data());
  values.push_back(nullptr);
  pid_t process = 0;
  const int number = posix_spawn(&process, "/proc/self/exe", nullptr, nullptr, values.data(), environ);
  if (number != 0) {
    return fail(ErrorCode::operating_system, std::string("The child does not start: ") + std::strerror(number));
  }
  auto channel = listener->accept(patience);
  if (!channel) return fail(std::move(channel.error()));
  return Child(process, 0, *std::move(channel));
}

}  // namespace geyser::test
