#include "platform/event.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "platform/posix/error.hpp"

namespace geyser::platform {

Result<Event> Event::create() {
  Event event;
  event.handle_ = OwnedHandle::adopt(HandleKind::none, ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.handle_.has_value()) return fail(posix_error(ErrorCode::operating_system, "eventfd failed.", errno));
  return event;
}

void Event::signal() noexcept {
  const std::uint64_t one = 1;
  // A full counter is as readable as any other.
  static_cast<void>(!::write(descriptor_of(native()), &one, sizeof(one)));
}

void Event::clear() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(!::read(descriptor_of(native()), &count, sizeof(count)));
}

}  // namespace geyser::platform
