// errno in Geyser's words.
#pragma once

#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// `number` is the errno of the call that failed, read before anything else can change it.
[[nodiscard]] GEYSER_API GeyserError posix_error(ErrorCode code, std::string message, int number);
// "ENOENT"
[[nodiscard]] GEYSER_API std::string errno_name(int number);
// -1 for whatever cannot be a descriptor.
[[nodiscard]] GEYSER_API int descriptor_of(NativeHandle handle) noexcept;

}  // namespace geyser::platform
