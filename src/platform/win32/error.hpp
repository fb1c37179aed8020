// GetLastError() in Geyser's words, and the one place that includes <windows.h>.
#pragma once

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// `number` is the GetLastError() of the call that failed, read before anything else can change it.
[[nodiscard]] GEYSER_API GeyserError win32_error(ErrorCode code, std::string message, DWORD number);
// "ERROR_ACCESS_DENIED"; "error 1234" for those without a name here.
[[nodiscard]] GEYSER_API std::string win32_error_name(DWORD number);
// Null for whatever cannot be a handle. Negative numbers are pseudo-handles (the current process, thread, token):
// they are never taken for objects that somebody shares.
[[nodiscard]] GEYSER_API HANDLE handle_of(NativeHandle handle) noexcept;

}  // namespace geyser::platform
