#include "platform/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/text.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

Result<DirectoryWatch> DirectoryWatch::create(const std::string& path) {
  DirectoryWatch watch;
  watch.handle_ = OwnedHandle::adopt(HandleKind::none, ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch.handle_.has_value()) {
    return fail(posix_error(ErrorCode::operating_system, "inotify_init1 failed.", errno));
  }
  // No IN_CLOSE_NOWRITE: whoever looks whether a lock is held opens it for reading, and would wake itself.
  constexpr std::uint32_t mask =
      IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(descriptor_of(watch.native()), path.c_str(), mask) < 0) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be watched."), errno));
  }
  return watch;
}

Result<bool> DirectoryWatch::drain() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool any = false;
  for (;;) {
    const ssize_t size = ::read(descriptor_of(native()), buffer.data(), buffer.size());
    if (size > 0) {
      any = true;
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size == 0 || errno == EAGAIN) return any;
    return fail(posix_error(ErrorCode::operating_system, "A directory watch cannot be read.", errno));
  }
}

}  // namespace geyser::platform
