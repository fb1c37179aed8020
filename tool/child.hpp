// This program once more, as another process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <geyser/error.hpp>

namespace geyser::tool {

class Child {
 public:
  enum class Output { shared, captured, thrown_away };

  // Errors: operating_system.
  [[nodiscard]] static Result<Child> start(std::vector<std::string> words, Output output);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  // Ends it: SIGTERM, and after two seconds SIGKILL.
  ~Child();

  // Its exit status, or 128 and the signal that killed it. Nothing: it still runs when the time is over, or this
  // program was interrupted.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout);
  void terminate() noexcept;
  // Whether it has written a whole line before it ended or the time was over.
  [[nodiscard]] bool wait_for_line(std::chrono::milliseconds timeout);
  // What it has written, when it has ended.
  [[nodiscard]] std::string take_output();
  [[nodiscard]] int watched() const noexcept { return watched_; }  // readable when it has ended

 private:
  Child(pid_t process, int watched, int output) noexcept : process_(process), watched_(watched), output_(output) {}
  void drain();

  pid_t process_ = 0;
  int watched_ = -1;
  int output_ = -1;
  std::optional<int> status_;
  std::string written_;
};

// Waits until one of them has ended, or the time is over, or this program is to stop. Gives its index.
[[nodiscard]] std::optional<std::size_t> wait_for_any(const std::vector<Child*>& children,
                                                      std::chrono::milliseconds timeout);

}  // namespace geyser::tool
