#include "platform/program.hpp"

#include <unistd.h>

#include <cerrno>

namespace geyser::platform {

std::string program_name() { return program_invocation_short_name; }
std::int64_t process_id() noexcept { return ::getpid(); }

}  // namespace geyser::platform
