#include "second_process.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace demo {

std::optional<std::intptr_t> start_consumer(int argc, char** argv, geyser::Channel its_end) {
  constexpr int inherited = 3;
  std::vector<std::string> words(argv, argv + argc);
  words.insert(words.begin() + 1, {"--consumer-channel", std::to_string(inherited)});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, static_cast<int>(its_end.native()), inherited);
  pid_t child = -1;
  const int error = posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return child;
  std::fprintf(stderr, "the consumer cannot be started: error %d\n", error);
  return std::nullopt;
}

int wait_for_consumer(std::intptr_t process) {
  int status = 0;
  waitpid(static_cast<pid_t>(process), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace demo
