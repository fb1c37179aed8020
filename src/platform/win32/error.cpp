#include "platform/win32/error.hpp"

#include <utility>

#include "common/text.hpp"

namespace geyser::platform {

std::string win32_error_name(DWORD number) {
  switch (number) {
#define GEYSER_NAME(name) \
  case name:              \
    return #name;
    GEYSER_NAME(ERROR_FILE_NOT_FOUND)
    GEYSER_NAME(ERROR_PATH_NOT_FOUND)
    GEYSER_NAME(ERROR_TOO_MANY_OPEN_FILES)
    GEYSER_NAME(ERROR_ACCESS_DENIED)
    GEYSER_NAME(ERROR_INVALID_HANDLE)
    GEYSER_NAME(ERROR_NOT_ENOUGH_MEMORY)
    GEYSER_NAME(ERROR_OUTOFMEMORY)
    GEYSER_NAME(ERROR_NOT_SUPPORTED)
    GEYSER_NAME(ERROR_INVALID_PARAMETER)
    GEYSER_NAME(ERROR_DISK_FULL)
    GEYSER_NAME(ERROR_MOD_NOT_FOUND)
    GEYSER_NAME(ERROR_PROC_NOT_FOUND)
    GEYSER_NAME(ERROR_BAD_EXE_FORMAT)
    GEYSER_NAME(ERROR_INVALID_ADDRESS)
    GEYSER_NAME(ERROR_NO_SYSTEM_RESOURCES)
    GEYSER_NAME(ERROR_COMMITMENT_LIMIT)
    GEYSER_NAME(ERROR_OPEN_FAILED)
    GEYSER_NAME(ERROR_INVALID_DATA)
    GEYSER_NAME(ERROR_NOT_LOCKED)
    GEYSER_NAME(ERROR_LOCK_FAILED)
    GEYSER_NAME(ERROR_BUSY)
#undef GEYSER_NAME
    default:
      return detail::text("error ", number);
  }
}

GeyserError win32_error(ErrorCode code, std::string message, DWORD number) {
  return GeyserError(code, std::move(message),
                     NativeError{NativeDomain::win32, static_cast<std::int64_t>(number), win32_error_name(number)});
}

HANDLE handle_of(NativeHandle handle) noexcept { return handle > 0 ? reinterpret_cast<HANDLE>(handle) : nullptr; }

}  // namespace geyser::platform
