// How a CPU waits for an ID3D12Fence: by events that live as long as what waits, since a fence may set one long after
// whoever waited has given up.
#pragma once

#include <d3d12.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include <geyser/error.hpp>

#include "platform/event.hpp"

namespace geyser::d3d12 {

// Thread safety: any thread.
class FenceWait {
 public:
  // Errors: timeout, device_lost (a removed device's fences have the largest of all values), operating_system.
  Result<void> wait(ID3D12Fence& fence, std::uint64_t value, std::chrono::nanoseconds timeout);

 private:
  struct Armed {
    platform::Event event;
    std::uint64_t value = 0;  // at which the fence sets it
  };
  // One that is armed with `value`, or that the fence, which is at `now`, has no use for any more.
  Result<Armed> take(std::uint64_t value, std::uint64_t now);

  std::mutex mutex_;
  std::vector<Armed> idle_;
};

// What a removed device's fences are at.
inline constexpr std::uint64_t removed_value = ~std::uint64_t{0};

}  // namespace geyser::d3d12
