#include "context.hpp"

#include <csignal>
#include <cstdio>

namespace geyser::tool {

namespace {

volatile std::sig_atomic_t stop = 0;

void on_signal(int number) {
  stop = 1;
  std::signal(number, SIG_DFL);  // the second one ends the program at once
}

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::busy:
      return ExitCode::usage;
    case ErrorCode::timeout:
    case ErrorCode::abandoned:
      return ExitCode::lost;
    case ErrorCode::not_available:
    case ErrorCode::device_lost:
      return ExitCode::no_device;
    case ErrorCode::operating_system:
      return ExitCode::bad_input;
    default:
      return ExitCode::cannot_share;
  }
}

}  // namespace

void Context::fail(const GeyserError& error) { fail(exit_code_of(error.code()), error.to_string()); }

void Context::fail(ExitCode code, std::string_view sentence) {
  std::fprintf(stderr, "geyser: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  exit_code = code;
}

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() noexcept { return stop != 0; }

}  // namespace geyser::tool
