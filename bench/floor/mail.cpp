#include "mail.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include "clock.hpp"

namespace bench {

namespace {
constexpr std::uint64_t patience_ns = 20'000'000'000;
}

void Count::set(std::uint32_t value) noexcept {
  value_ = value;
  if (sleepers_ != 0) ::syscall(SYS_futex, &value_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Count::await(std::uint32_t value) {
  std::uint32_t now = value_;
  if (now >= value) return;
  const std::uint64_t end = now_ns() + patience_ns;
  ++sleepers_;
  while ((now = value_) < value) {
    const timespec pause{0, 100'000'000};
    ::syscall(SYS_futex, &value_, FUTEX_WAIT, now, &pause, nullptr, 0);
    if (now_ns() > end) break;
  }
  --sleepers_;
  if (now < value) throw std::runtime_error("the other process does not answer");
}

}  // namespace bench
