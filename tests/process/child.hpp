// A second process of this test program with a channel to it. It begins at main(): drivers do not survive a fork.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/channel.hpp>

namespace geyser::test {

// Longest wait for the other process, for anything.
inline constexpr std::chrono::seconds patience{20};

class Child {
 public:
  // Errors: operating_system.
  static Result<Child> start(std::vector<std::string> arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child() { kill(); }

  Channel& channel() noexcept { return channel_; }
  pid_t process() const noexcept { return process_; }
  // Waits for its end. Empty when it left with status 0, else what happened; one that stays is killed.
  std::string join();
  void send_signal(int number) const noexcept;
  // SIGKILL, and gone on return.
  void kill() noexcept;

 private:
  Child(pid_t process, Channel channel) noexcept : process_(process), channel_(std::move(channel)) {}
  pid_t process_;  // 0: reaped
  Channel channel_;
};

// In the child: what follows "--name" on the command line.
std::optional<std::string> argument(int count, char** values, std::string_view name);
// In the child: the channel to its parent.
Result<Channel> parent_channel(int count, char** values);

// A message that is plain text.
Result<void> send_text(Channel& channel, std::string_view text);
Result<std::string> receive_text(Channel& channel);

}  // namespace geyser::test
