// This program once more, as another process: child.cpp, and what the system does of it in posix/child.cpp and
// win32/child.cpp.
#pragma once

#include <chrono>
#include <cstdint>
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
  // Ends it: terminate(), and after two seconds as nobody can refuse.
  ~Child();

  // Its exit status; on POSIX 128 and the signal that killed it. Nothing: it still runs when the time is over, or this
  // program was interrupted.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout);
  // Asks it to stop. One that does not look for that yet is ended.
  void terminate() noexcept;
  // Whether it has written a whole line before it ended or the time was over.
  [[nodiscard]] bool wait_for_line(std::chrono::milliseconds timeout);
  // What it has written, when it has ended.
  [[nodiscard]] std::string take_output();
  [[nodiscard]] std::intptr_t watched() const noexcept { return watched_; }  // readable when it has ended

 private:
  Child(std::int64_t process, std::intptr_t watched, std::intptr_t output) noexcept
      : process_(process), watched_(watched), output_(output) {}
  using Clock = std::chrono::steady_clock;
  // Wait until something may have changed, take what is there, and say false when `end` has come instead.
  bool look(Clock::time_point end);
  bool look_at_output(Clock::time_point end);
  void drain();
  friend std::optional<std::size_t> wait_for_any(const std::vector<Child*>&, std::chrono::milliseconds);

  std::int64_t process_ = 0;
  std::intptr_t watched_ = -1;
  std::intptr_t output_ = -1;
  std::optional<int> status_;
  std::string written_;
};

// Waits until one of them has ended, or the time is over, or this program is to stop. Gives its index.
[[nodiscard]] std::optional<std::size_t> wait_for_any(const std::vector<Child*>& children,
                                                      std::chrono::milliseconds timeout);

}  // namespace geyser::tool
