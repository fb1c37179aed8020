// What every command has: how it speaks, and when it has to stop.
#pragma once

#include <string>
#include <string_view>

#include <geyser/error.hpp>

#include "exit_code.hpp"

namespace geyser::tool {

struct Context {
  bool json = false;
  ExitCode exit_code = ExitCode::ok;

  // "geyser: sentence" on standard error, and the exit code that belongs to the error.
  void fail(const GeyserError& error);
  void fail(ExitCode code, std::string_view sentence);
};

// Ctrl-C or SIGTERM has come (on Windows what Child::terminate() does): the command finishes what it does, and cleans
// up. True from then on. posix/system.cpp, win32/system.cpp
void catch_interrupts();
[[nodiscard]] bool interrupted() noexcept;

}  // namespace geyser::tool
