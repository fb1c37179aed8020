#include "system.hpp"

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

}  // namespace geyser::tool
