#include "system.hpp"

#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "context.hpp"

namespace geyser::tool {

namespace {

volatile std::sig_atomic_t stop = 0;

void on_signal(int number) {
  stop = 1;
  std::signal(number, SIG_DFL);  // the second one ends the program at once
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() noexcept { return stop != 0; }

std::int64_t own_process() noexcept { return ::getpid(); }
bool error_is_terminal() noexcept { return ::isatty(STDERR_FILENO) != 0; }

bool wait_readable(NativeHandle event, std::chrono::nanoseconds patience) noexcept {
  const auto whole = patience.count();
  const timespec time{whole / 1'000'000'000, whole % 1'000'000'000};
  pollfd wait{static_cast<int>(event), POLLIN, 0};
  return ::ppoll(&wait, 1, &time, nullptr) > 0;
}

}  // namespace geyser::tool
