// MTLSharedEvent as a timeline. Objective-C++ only.
#pragma once

#import <Metal/Metal.h>

#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "metal/context.hpp"

namespace geyser::metal {

std::vector<FenceCapability> fence_capabilities();

class MetalFence final : public SharedFence {
 public:
  // id 0: draw a new one.
  MetalFence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Reference<EventObject> event);
  ~MetalFence() override;
  const Reference<EventObject>& event() const noexcept { return event_; }

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;
  Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) override;

  std::shared_ptr<Context> context_;
  Reference<EventObject> event_;
};

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context);
// Errors: invalid_handle (no MTLSharedEventHandle, or one that this device does not open).
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle);

}  // namespace geyser::metal
