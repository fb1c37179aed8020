// The victim's end of a fault: what the stream library's fault_point() does in this program.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "process/child.hpp"
#include "stream/fault_point.hpp"
#include "stream/fault_table/fault.hpp"

namespace geyser::test {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds famine{150};
constexpr int longest_deafness_s = 15;

// The point that is armed in this process, and what became of it.
struct Armed {
  Fault fault;
  Channel* parent = nullptr;  // null: nothing is armed
  std::atomic<bool> on{false};
  std::atomic<std::uint32_t> hits{0};
  std::atomic<bool> over{false};
  std::atomic<bool> starving{false};
  Clock::time_point fed_again{};
  rlimit fed{};
};

Armed& armed() {
  static Armed& one = *new Armed;  // for good: threads go on while exit() destroys
  return one;
}

// The limit under which `left` descriptors can still be had.
rlim_t limit_that_leaves(std::uint32_t left) {
  int limit = 3;
  for (std::uint32_t found = 0; found < left; ++limit) {
    if (::fcntl(limit, F_GETFD) < 0) ++found;
  }
  return static_cast<rlim_t>(limit);
}

// None, one or two are left: a message with more arrives cut.
void starve(Armed& at) {
  ::getrlimit(RLIMIT_NOFILE, &at.fed);
  const rlimit hungry{limit_that_leaves(at.fault.nth % 3), at.fed.rlim_max};
  at.fed_again = Clock::now() + famine;
  ::setrlimit(RLIMIT_NOFILE, &hungry);
  at.starving.store(true);
}

// How many messages of one byte the stream's socket keeps.
std::size_t unread_messages() {
  const int parent = static_cast<int>(armed().parent->native());
  std::size_t most = 0;
  for (int descriptor = 3; descriptor < 512; ++descriptor) {
    int type = 0;
    socklen_t size = sizeof(type);
    int bytes = 0;
    if (descriptor == parent || ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    if (type != SOCK_SEQPACKET || ::ioctl(descriptor, FIONREAD, &bytes) != 0) continue;
    most = std::max(most, static_cast<std::size_t>(bytes));
  }
  return most;
}

void strike(Armed& at) {
  static_cast<void>(send_text(*at.parent, "reached"));
  switch (at.fault.action) {
    case FaultAction::kill:
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();
    case FaultAction::exit:
      std::exit(0);
    case FaultAction::stop:
      ::kill(::getpid(), SIGSTOP);
      break;
    case FaultAction::starve:
      return starve(at);
    case FaultAction::deafen:
      wait_for_resume();
      static_cast<void>(send_text(*at.parent, "unread " + std::to_string(unread_messages())));
      break;
    case FaultAction::hold:
    case FaultAction::keep:
      wait_for_resume();
      break;
    case FaultAction::none:
      break;
  }
  at.over.store(true);
}

}  // namespace

void prepare_victim() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_resume() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  const timespec longest{longest_deafness_s, 0};
  ::sigtimedwait(&set, nullptr, &longest);
}

void arm(const Fault& fault, Channel& parent) {
  Armed& at = armed();
  at.fault = fault;
  at.parent = &parent;
  at.over.store(fault.point == "timer");
  at.on.store(true);
}

bool fault_is_over() {
  Armed& at = armed();
  if (at.starving.load() && Clock::now() >= at.fed_again) {
    ::setrlimit(RLIMIT_NOFILE, &at.fed);
    at.starving.store(false);
    at.over.store(true);
  }
  return at.over.load();
}

}  // namespace geyser::test

namespace geyser::stream {

void fault_point(const char* name) noexcept {
  auto& at = test::armed();
  if (!at.on.load() || at.over.load() || at.starving.load()) return;
  if (at.fault.point != "*" && at.fault.point != name) return;
  if (at.hits.fetch_add(1) + 1 == at.fault.nth) test::strike(at);
}

}  // namespace geyser::stream
