// Mach's return codes in Geyser's words.
#pragma once

#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::platform {

// `code` is a kern_return_t or a mach_msg_return_t.
[[nodiscard]] GEYSER_API GeyserError mach_error(ErrorCode code, std::string message, int number);

}  // namespace geyser::platform
