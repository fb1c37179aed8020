// What fences of Direct3D 11 and 12 have in common for a CPU: the value of removed devices, and waits by events that
// live as long as what waits, since a fence may set one long after whoever waited has given up. Such an event must not
// be closed before: its number may be another event's by then, and that one's sleeper would be woken.
#pragma once

#include <windows.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

#include "platform/event.hpp"

namespace geyser::dxgi {

// What a removed device's fences are at.
inline constexpr std::uint64_t removed_value = ~std::uint64_t{0};

// The value that a fence says it is at. Errors: device_lost (that of a removed device).
[[nodiscard]] GEYSER_API Result<std::uint64_t> checked_value(std::uint64_t completed);
// Whether a fence at `completed` may be signalled with `value`; a smaller one would be taken, and take it back.
// Errors: device_lost, invalid_argument.
[[nodiscard]] GEYSER_API Result<void> check_growth(std::uint64_t completed, std::uint64_t value);

// Belongs to one fence, and lives longer than the reference by which it waits. Thread safety: any thread.
class GEYSER_API FenceWait {
 public:
  // `Fence`: ID3D11Fence or ID3D12Fence. Errors: timeout, device_lost, operating_system.
  template <typename Fence>
  Result<void> wait(Fence& fence, std::uint64_t value, std::chrono::nanoseconds timeout) {
    return wait_by({[&fence] { return fence.GetCompletedValue(); },
                    [&fence](std::uint64_t at, HANDLE event) { return fence.SetEventOnCompletion(at, event); }},
                   value, timeout);
  }

 private:
  struct Calls {
    std::function<std::uint64_t()> completed;
    std::function<HRESULT(std::uint64_t, HANDLE)> set_event;
  };
  struct Armed {
    platform::Event event;
    std::uint64_t value = 0;  // at which the fence sets it
  };
  Result<void> wait_by(const Calls& fence, std::uint64_t value, std::chrono::nanoseconds timeout);
  // One that is armed with `value`, or that the fence, which is at `now`, has no use for any more.
  Result<Armed> take(std::uint64_t value, std::uint64_t now);
  void put_back(Armed&& armed);

  std::mutex mutex_;
  std::vector<Armed> idle_;
};

}  // namespace geyser::dxgi
