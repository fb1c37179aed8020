#include "platform/timer.hpp"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

#include "platform/posix/error.hpp"

namespace geyser::platform {

Result<Timer> Timer::create() {
  Timer timer;
  timer.handle_ = OwnedHandle::adopt(HandleKind::none, ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.handle_.has_value())
    return fail(posix_error(ErrorCode::operating_system, "timerfd_create failed.", errno));
  return timer;
}

// libstdc++'s and libc++'s steady_clock is CLOCK_MONOTONIC.
void Timer::set(std::chrono::steady_clock::time_point when) noexcept {
  using std::chrono::nanoseconds;
  // All zero would disarm it.
  const auto at = std::max<std::int64_t>(std::chrono::duration_cast<nanoseconds>(when.time_since_epoch()).count(), 1);
  itimerspec setting{};
  setting.it_value.tv_sec = at / 1000000000;
  setting.it_value.tv_nsec = at % 1000000000;
  ::timerfd_settime(descriptor_of(native()), TFD_TIMER_ABSTIME, &setting, nullptr);
}

void Timer::clear() noexcept {
  const itimerspec never{};
  ::timerfd_settime(descriptor_of(native()), 0, &never, nullptr);
}

}  // namespace geyser::platform
