// What macOS 14.4 has to sleep on shared words, as a futex, and what the C library there has.
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

extern "C" {

const char* getprogname(void) { return program_invocation_short_name; }

int os_sync_wait_on_address_with_timeout(void* address, std::uint64_t value, std::size_t, std::uint32_t, std::uint32_t,
                                         std::uint64_t timeout) {
  const timespec limit{static_cast<time_t>(timeout / 1'000'000'000), static_cast<long>(timeout % 1'000'000'000)};
  return static_cast<int>(
      ::syscall(SYS_futex, address, FUTEX_WAIT, static_cast<std::uint32_t>(value), &limit, nullptr, 0));
}

int os_sync_wake_by_address_all(void* address, std::size_t, std::uint32_t) {
  return static_cast<int>(::syscall(SYS_futex, address, FUTEX_WAKE, 1 << 30, nullptr, nullptr, 0));
}

}  // extern "C"
