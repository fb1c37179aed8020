// What the program asks of the operating system itself: posix/system.cpp, win32/system.cpp; POSIX has no word for
// everything: linux/process.cpp, darwin/process.cpp.
#pragma once

#include <chrono>
#include <cstdint>

#include <geyser/handle.hpp>

namespace geyser::tool {

[[nodiscard]] std::int64_t own_process() noexcept;
// Whether someone looks at standard error; then it understands what moves the cursor.
[[nodiscard]] bool error_is_terminal() noexcept;
// Until one of Geyser's events is readable, or the time is over, or this program is to stop. Whether it is readable.
bool wait_readable(NativeHandle event, std::chrono::nanoseconds patience) noexcept;

}  // namespace geyser::tool
