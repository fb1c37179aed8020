#include "platform/apple/error.hpp"

#include <mach/mach_error.h>

#include <utility>

#include "common/text.hpp"

namespace geyser::platform {

// Mach has no domain of its own among Geyser's: its codes are the kernel's, as errno is.
GeyserError mach_error(ErrorCode code, std::string message, int number) {
  const char* name = ::mach_error_string(number);
  return GeyserError(code, std::move(message),
                     NativeError{NativeDomain::posix, number, detail::text("Mach: ", name != nullptr ? name : "?")});
}

}  // namespace geyser::platform
