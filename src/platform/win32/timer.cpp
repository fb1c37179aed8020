#include "platform/timer.hpp"

#include <algorithm>

#include "platform/win32/error.hpp"

namespace geyser::platform {

Result<Timer> Timer::create() {
  Timer timer;
  const HANDLE handle = ::CreateWaitableTimerW(nullptr, TRUE, nullptr);
  if (handle == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "CreateWaitableTimerW failed.", number));
  }
  timer.handle_ = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle));
  return timer;
}

// Negative: from now on, in units of 100 ns.
void Timer::set(std::chrono::steady_clock::time_point when) noexcept {
  using Ticks = std::chrono::duration<LONGLONG, std::ratio<1, 10'000'000>>;
  const auto left = std::chrono::ceil<Ticks>(when - std::chrono::steady_clock::now());
  LARGE_INTEGER due{};
  due.QuadPart = -std::max<LONGLONG>(left.count(), 0);
  ::SetWaitableTimer(handle_of(native()), &due, 0, nullptr, nullptr, FALSE);
}

// Cancelling leaves a timer signalled that is; setting it does not.
void Timer::clear() noexcept {
  set(std::chrono::steady_clock::now() + std::chrono::hours(24));
  ::CancelWaitableTimer(handle_of(native()));
}

}  // namespace geyser::platform
