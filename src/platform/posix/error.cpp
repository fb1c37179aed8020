#include "platform/posix/error.hpp"

#include <climits>
#include <cstring>
#include <utility>

#include "common/text.hpp"

namespace geyser::platform {

using detail::text;

std::string errno_name(int number) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 32))
  if (const char* name = ::strerrorname_np(number)) return name;
#endif
  return text("errno ", number);
}

GeyserError posix_error(ErrorCode code, std::string message, int number) {
  return GeyserError(code, std::move(message), NativeError{NativeDomain::posix, number, errno_name(number)});
}

int descriptor_of(NativeHandle handle) noexcept {
  return handle >= 0 && handle <= INT_MAX ? static_cast<int>(handle) : -1;
}

}  // namespace geyser::platform
