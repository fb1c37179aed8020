// The victim's end of a fault: what the stream library's fault_point() does in this program.
#include <atomic>
#include <chrono>
#include <cstdlib>

#include "process/child.hpp"
#include "stream/fault_point.hpp"
#include "stream/fault_table/fault.hpp"
#include "stream/fault_table/victim_system.hpp"

namespace geyser::test {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds famine{150};

// The point that is armed in this process, and what became of it.
struct Armed {
  Fault fault;
  Channel* parent = nullptr;  // null: nothing is armed
  std::atomic<bool> on{false};
  std::atomic<std::uint32_t> hits{0};
  std::atomic<bool> over{false};
  std::atomic<bool> starving{false};
  Clock::time_point fed_again{};
};

Armed& armed() {
  static Armed& one = *new Armed;  // for good: threads go on while exit() destroys
  return one;
}

// None, one or two are left: a message with more arrives cut.
void starve(Armed& at) {
  at.fed_again = Clock::now() + famine;
  at.starving.store(starve_of_descriptors(at.fault.nth % 3));
}

void strike(Armed& at) {
  static_cast<void>(send_text(*at.parent, "reached"));
  switch (at.fault.action) {
    case FaultAction::kill:
      kill_self();
    case FaultAction::exit:
      std::exit(0);
    case FaultAction::stop:
      stop_self();
      break;
    case FaultAction::starve:
      return starve(at);
    case FaultAction::deafen:
      wait_for_resume();
      static_cast<void>(send_text(*at.parent, "unread " + std::to_string(unread_bytes(at.parent->native()))));
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
    feed_again();
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
