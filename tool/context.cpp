#include "context.hpp"

#include <cstdio>

namespace geyser::tool {

namespace {

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

}  // namespace geyser::tool
