#include "platform/event.hpp"

#include "platform/apple/kernel_queue.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

namespace {
constexpr std::uintptr_t flag = 1;
}  // namespace

Result<Event> Event::create() {
  auto queue = create_kernel_queue();
  if (!queue) return fail(std::move(queue.error()));
  Event event;
  event.handle_ = *std::move(queue);
  if (const int number = change(event.native(), flag, EVFILT_USER, EV_ADD); number != 0) {
    return fail(posix_error(ErrorCode::operating_system, "kevent64 failed.", number));
  }
  return event;
}

void Event::signal() noexcept { static_cast<void>(change(native(), flag, EVFILT_USER, EV_ENABLE, NOTE_TRIGGER)); }

// Nobody takes the event out of the queue, so it is pending until it is there anew.
void Event::clear() noexcept {
  static_cast<void>(change(native(), flag, EVFILT_USER, EV_DELETE));
  static_cast<void>(change(native(), flag, EVFILT_USER, EV_ADD));
}

}  // namespace geyser::platform
