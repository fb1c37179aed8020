#include "platform/timer.hpp"

#include <algorithm>

#include "platform/apple/kernel_queue.hpp"

namespace geyser::platform {

namespace {
constexpr std::uintptr_t clock_number = 1;
}  // namespace

Result<Timer> Timer::create() {
  auto queue = create_kernel_queue();
  if (!queue) return fail(std::move(queue.error()));
  Timer timer;
  timer.handle_ = *std::move(queue);
  return timer;
}

// Nobody takes the event out of the queue: it stays readable until the next call.
void Timer::set(std::chrono::steady_clock::time_point when) noexcept {
  clear();
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(when - std::chrono::steady_clock::now());
  static_cast<void>(change(native(), clock_number, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_NSECONDS,
                           std::max<std::int64_t>(left.count(), 1)));
}

void Timer::clear() noexcept { static_cast<void>(change(native(), clock_number, EVFILT_TIMER, EV_DELETE)); }

}  // namespace geyser::platform
