#include "platform/apple/kernel_queue.hpp"

#include <fcntl.h>

#include <cerrno>

#include "platform/posix/error.hpp"

namespace geyser::platform {

Result<OwnedHandle> create_kernel_queue() {
  OwnedHandle queue = OwnedHandle::adopt(HandleKind::none, ::kqueue());
  if (!queue.has_value()) return fail(posix_error(ErrorCode::operating_system, "kqueue failed.", errno));
  ::fcntl(descriptor_of(queue.get()), F_SETFD, FD_CLOEXEC);
  return queue;
}

int change(NativeHandle queue, std::uintptr_t ident, std::int16_t filter, std::uint16_t flags,
           std::uint32_t filter_flags, std::int64_t data, std::uint64_t key) noexcept {
  struct kevent64_s event {};
  event.ident = ident;
  event.filter = filter;
  event.flags = flags;
  event.fflags = filter_flags;
  event.data = data;
  event.udata = key;
  const timespec at_once{};
  for (;;) {
    if (::kevent64(descriptor_of(queue), &event, 1, nullptr, 0, 0, &at_once) == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace geyser::platform
