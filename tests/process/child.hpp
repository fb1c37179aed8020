// A second process of this test program with a channel to it. It begins at main(): drivers do not survive a fork.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <geyser/channel.hpp>

namespace geyser::test {

// Longest wait for the other process, for anything.
inline constexpr std::chrono::seconds patience{20};

// posix/child.cpp, win32/child.cpp
class Child {
 public:
  // Errors: operating_system.
  static Result<Child> start(std::vector<std::string> arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child() { kill(); }

  Channel& channel() noexcept { return channel_; }
  std::int64_t process() const noexcept { return process_; }
  // Waits for its end. Empty when it left with status 0, else what happened; one that stays is killed.
  std::string join();
  // No thread of it runs until go_on().
  void stop() const noexcept;
  void go_on() const noexcept;
  // As nobody can refuse, and gone on return.
  void kill() noexcept;

 private:
  Child(std::int64_t process, std::intptr_t handle, Channel channel) noexcept
      : process_(process), handle_(handle), channel_(std::move(channel)) {}
  std::int64_t process_;  // 0: gone
  std::intptr_t handle_;  // Windows: of the process
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
