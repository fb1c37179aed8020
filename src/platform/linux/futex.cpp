#include "platform/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

constexpr std::size_t max_futex_words = 128;
constexpr long number_of_futex_waitv = 449;  // on every architecture

}  // namespace

void futex_prepare(const MappedMemory& /*memory*/) noexcept {}

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

Result<void> futex_wait_any(std::span<const FutexWord> words, std::chrono::nanoseconds timeout) {
  // As struct futex_waitv of <linux/futex.h>, which older headers lack.
  struct Entry {
    std::uint64_t value;
    std::uint64_t address;
    std::uint32_t flags;
    std::uint32_t reserved;
  };
  constexpr std::uint32_t size_u32 = 2;
  std::array<Entry, max_futex_words> entries{};
  const std::size_t count = std::min(words.size(), entries.size());
  for (std::size_t i = 0; i < count; ++i) {
    entries[i] = {words[i].expected, reinterpret_cast<std::uintptr_t>(address_of(*words[i].word)), size_u32, 0};
  }
  timespec end{};
  ::clock_gettime(CLOCK_MONOTONIC, &end);
  const auto total = std::chrono::nanoseconds(end.tv_nsec) + timeout;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(total);
  end.tv_sec += static_cast<decltype(end.tv_sec)>(seconds.count());
  end.tv_nsec = static_cast<decltype(end.tv_nsec)>((total - seconds).count());
  if (count != 0) {
    if (::syscall(number_of_futex_waitv, entries.data(), count, 0, &end, CLOCK_MONOTONIC) >= 0) return {};
    const int number = errno;
    if (number == EAGAIN || number == EINTR || number == ETIMEDOUT) return {};
    if (number != ENOSYS) {
      return fail(posix_error(ErrorCode::operating_system, "The kernel refuses to wait for shared words.", number));
    }
  }
  // Nothing that could wake it, or a kernel before 5.16: a short sleep.
  const timespec nap{0, static_cast<long>(std::min<std::int64_t>(timeout.count(), 1'000'000))};
  ::nanosleep(&nap, nullptr);
  return {};
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, address_of(word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace geyser::platform
