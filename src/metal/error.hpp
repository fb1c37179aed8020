// Metal's errors in Geyser's words.
#pragma once

#include <cstdint>
#include <string>

#include <geyser/error.hpp>

namespace geyser::metal {

// `code` is an MTLCommandBufferError.
GeyserError command_buffer_error(std::int64_t code, std::string message);
// What a call that gives an object or nil has answered.
GeyserError no_object(const char* call);

}  // namespace geyser::metal
