#include "dxgi/fence_wait.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "dxgi/error.hpp"
#include "platform/deadline.hpp"
#include "platform/poller.hpp"

namespace geyser::dxgi {

using detail::text;

Result<std::uint64_t> checked_value(std::uint64_t completed) {
  if (completed != removed_value) return completed;
  return fail(ErrorCode::device_lost, "The device is gone: its fences have the largest of all values.");
}

Result<void> check_growth(std::uint64_t completed, std::uint64_t value) {
  auto now = checked_value(completed);
  if (!now) return fail(std::move(now.error()));
  if (value > *now) return {};
  return fail(ErrorCode::invalid_argument,
              text("Fence value [", value, "] is not larger than the current value [", *now, "]."));
}

Result<FenceWait::Armed> FenceWait::take(std::uint64_t value, std::uint64_t now) {
  {
    const std::scoped_lock lock(mutex_);
    auto found = std::find_if(idle_.begin(), idle_.end(), [&](const Armed& one) { return one.value == value; });
    if (found == idle_.end()) {
      found = std::find_if(idle_.begin(), idle_.end(), [&](const Armed& one) { return one.value <= now; });
    }
    if (found != idle_.end()) {
      Armed armed = std::move(*found);
      idle_.erase(found);
      return armed;
    }
  }
  auto event = platform::Event::create();
  if (!event) return fail(std::move(event.error()));
  return Armed{*std::move(event), 0};
}

void FenceWait::put_back(Armed&& armed) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(armed));
}

Result<void> FenceWait::wait_by(const Calls& fence, std::uint64_t value, std::chrono::nanoseconds timeout) {
  const auto deadline = platform::Deadline::after(timeout);
  const auto reached = [&] { return fence.completed() >= value; };
  if (!reached() && timeout.count() > 0) {
    auto poller = platform::Poller::create();
    if (!poller) return fail(std::move(poller.error()));
    auto armed = take(value, fence.completed());
    if (!armed) return fail(std::move(armed.error()));
    Result<void> waited = poller->add(armed->event.native(), 1);
    if (waited && armed->value != value) {
      armed->event.clear();
      const HRESULT result = fence.set_event(value, reinterpret_cast<HANDLE>(armed->event.native()));
      if (result == S_OK) {
        armed->value = value;
      } else {
        waited = fail(make_error(result, "SetEventOnCompletion"));
      }
    }
    std::array<std::uint64_t, 1> keys{};
    while (waited && !reached() && deadline.remaining().count() > 0) {
      auto ready = poller->wait(keys, deadline.remaining());
      if (!ready) {
        waited = fail(std::move(ready.error()));
      } else if (*ready != 0) {
        armed->event.clear();  // the fence may have set it for a value that it was armed with before
      }
    }
    poller->remove(armed->event.native());
    put_back(*std::move(armed));
    if (!waited) return waited;
  }
  auto now = checked_value(fence.completed());
  if (!now) return fail(std::move(now.error()));
  if (*now >= value) return {};
  return fail(ErrorCode::timeout, text("Fence value [", value, "] is not reached after [",
                                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(),
                                       "] ms; it is at [", *now, "]."));
}

}  // namespace geyser::dxgi
