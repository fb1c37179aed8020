// A fence of another API as Dawn sees it. Dawn opens fences and waits for them, but signals only its own: each access
// ends with one of those, and a value. The allocator's device passes it on (SharedFence::relay_signal), and turns what
// Dawn does not open into what it does (relay_wait).
#pragma once

#include <memory>
#include <utility>

#include <geyser/fence.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

// Owns a reference to one of Dawn's fences.
class NativeFence {
 public:
  // Takes the reference over.
  NativeFence(const Device& device, WGPUSharedFence fence) : device_(&device), fence_(fence) {}
  NativeFence(NativeFence&& other) noexcept : device_(other.device_), fence_(std::exchange(other.fence_, nullptr)) {}
  NativeFence& operator=(NativeFence&&) = delete;
  ~NativeFence() {
    if (fence_ != nullptr) device_->functions().wgpuSharedFenceRelease(fence_);
  }
  // Of a handle that `chain` names. Errors: Dawn's, in its own words.
  static Result<NativeFence> import(const Device& device, WGPUChainedStruct& chain);

  WGPUSharedFence get() const noexcept { return fence_; }
  // Gives the reference away.
  WGPUSharedFence detach() && noexcept { return std::exchange(fence_, nullptr); }

 private:
  const Device* device_;
  WGPUSharedFence fence_;
};

// What an access of Dawn's begins after, or is over at.
struct NativeWait {
  NativeFence fence;
  std::uint64_t value = 0;
};
struct LastUse {
  OwnedHandle fence;  // empty: the CPU has to wait for the device
  std::uint64_t value = 0;
};

class WebGpuFence final : public SharedFence {
 public:
  // `native`: a reference that is taken over; null for kinds that Dawn does not open.
  WebGpuFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value, WGPUSharedFence native);
  ~WebGpuFence() override;

  // What an access that begins has to wait for.
  Result<NativeWait> wait_for(std::uint64_t value) const;
  // Whether `value` is one that this device has signalled, and a wait for it takes it from whoever is to wait next.
  bool takes_own(std::uint64_t value) const noexcept {
    return kind() == FenceKind::opaque_fd_binary && value != 0 && value == own_value_;
  }
  // The fence reaches `value` after that.
  Result<void> signal_after(std::uint64_t value, LastUse&& after);

 private:
  // A CPU uses the allocator's object (TextureShareManager::use_allocator).
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;

  std::shared_ptr<Device> device_;
  WGPUSharedFence native_;
  std::uint64_t own_value_ = 0;  // the last one signalled by this device
};

// Consumes the handle on success.
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle);

}  // namespace geyser::webgpu
