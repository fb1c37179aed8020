// WaitOnAddress() sleeps on an address of its own process only: a WakeByAddressAll() in another process that maps the
// same section wakes nobody. So a waiter polls, giving its time slice away at first and sleeping a millisecond (up to
// a timer tick, 15.6 ms, where nobody raised the timer's resolution) between looks afterwards.
#include "platform/futex.hpp"

#include "platform/deadline.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                        std::chrono::nanoseconds timeout) {
  constexpr int yields = 64;
  const Deadline deadline = Deadline::after(timeout);
  for (int looks = 0; word.load() == expected && deadline.remaining().count() != 0; ++looks) {
    ::Sleep(looks < yields ? 0 : 1);
    if (looks == yields * 2) looks = yields;  // no overflow in a wait of a day
  }
  return {};
}

void futex_wake_all(const std::atomic<std::uint32_t>&) noexcept {}  // everybody polls

}  // namespace geyser::platform
