// os_sync_wait_on_address() sleeps on a word that processes share, from macOS 14.4 on. Before, a waiter looks again and
// again: it gives its time slice away at first, and sleeps a millisecond between looks afterwards.
#include "platform/futex.hpp"

#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "platform/deadline.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::platform {

namespace {

// <os/os_sync_wait_on_address.h>, which older systems' headers lack.
using WaitFunction = int (*)(void* address, std::uint64_t value, std::size_t size, std::uint32_t flags,
                             std::uint32_t clock, std::uint64_t timeout);
using WakeFunction = int (*)(void* address, std::size_t size, std::uint32_t flags);
constexpr std::uint32_t shared_between_processes = 1;
constexpr std::uint32_t mach_absolute_time_clock = 32;

void* find(const char* name) noexcept { return ::dlsym(RTLD_DEFAULT, name); }
WaitFunction wait_function() noexcept {
  static const auto function = reinterpret_cast<WaitFunction>(find("os_sync_wait_on_address_with_timeout"));
  return function;
}
WakeFunction wake_function() noexcept {
  static const auto function = reinterpret_cast<WakeFunction>(find("os_sync_wake_by_address_all"));
  return function;
}

// The calls do not write; their parameters only say so since macOS 14.4's are not const.
void* address_of(const std::atomic<std::uint32_t>& word) noexcept {
  return const_cast<std::atomic<std::uint32_t>*>(&word);
}

constexpr int yields = 64;

void rest(int looks) noexcept {
  if (looks < yields) {
    ::sched_yield();
    return;
  }
  const timespec nap{0, 1'000'000};
  ::nanosleep(&nap, nullptr);
}

}  // namespace

void futex_prepare(const MappedMemory& /*memory*/) noexcept {}

Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                        std::chrono::nanoseconds timeout) {
  if (timeout.count() <= 0) return {};
  if (const WaitFunction wait = wait_function()) {
    // Whatever it returns (woken, timed out, another value, a signal): the caller looks again.
    wait(address_of(word), expected, sizeof(word), shared_between_processes, mach_absolute_time_clock,
         static_cast<std::uint64_t>(timeout.count()));
    return {};
  }
  const Deadline deadline = Deadline::after(timeout);
  for (int looks = 0; word.load() == expected && deadline.remaining().count() != 0; looks = std::min(looks + 1, yields))
    rest(looks);
  return {};
}

Result<void> futex_wait_any(std::span<const FutexWord> words, std::chrono::nanoseconds timeout) {
  if (words.empty()) return {};
  if (words.size() == 1) return futex_wait(*words[0].word, words[0].expected, timeout);
  const Deadline deadline = Deadline::after(timeout);
  const auto unchanged = [&] {
    return std::all_of(words.begin(), words.end(), [](const FutexWord& w) { return w.word->load() == w.expected; });
  };
  for (int looks = 0; unchanged() && deadline.remaining().count() != 0; looks = std::min(looks + 1, yields))
    rest(looks);
  return {};
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  if (const WakeFunction wake = wake_function()) wake(address_of(word), sizeof(word), shared_between_processes);
}

}  // namespace geyser::platform
