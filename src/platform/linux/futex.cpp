#include "platform/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

#include "platform/posix/error.hpp"

namespace geyser::platform {
namespace {

// Not FUTEX_*_PRIVATE: the word lies in memory that several processes map.
const std::uint32_t* address_of(const std::atomic<std::uint32_t>& word) noexcept {
  static_assert(sizeof(word) == sizeof(std::uint32_t));
  return reinterpret_cast<const std::uint32_t*>(&word);
}

}  // namespace

Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                        std::chrono::nanoseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  timespec relative{};
  relative.tv_sec = static_cast<decltype(relative.tv_sec)>(seconds.count());
  relative.tv_nsec = static_cast<decltype(relative.tv_nsec)>((timeout - seconds).count());
  if (::syscall(SYS_futex, address_of(word), FUTEX_WAIT, expected, &relative, nullptr, 0) == 0) return {};
  const int number = errno;
  if (number == EAGAIN || number == EINTR || number == ETIMEDOUT) return {};
  return fail(posix_error(ErrorCode::operating_system, "The kernel refuses to wait for a shared word.", number));
}

void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, address_of(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace geyser::platform
