// Linux sync files: descriptors of one-shot fences, readable when signalled.
#pragma once

#include <chrono>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

#ifdef __linux__
inline constexpr bool has_sync_files = true;
#else
inline constexpr bool has_sync_files = false;
#endif

// Sleeps until the sync file (borrowed) is signalled. A fence that ended with an error counts as signalled.
// Errors: timeout, invalid_handle (closed), unsupported (a system without sync files).
[[nodiscard]] GEYSER_API Result<void> wait_sync_file(NativeHandle sync_file, std::chrono::nanoseconds timeout);

}  // namespace geyser::platform
