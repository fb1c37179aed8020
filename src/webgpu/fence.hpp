// A semaphore of another API as Dawn sees it. Dawn's own semaphores are of one signal and one wait: a new one comes out
// of each access, and what goes in is waited for once. So a binary semaphore is waited for as it is, and everything
// else goes through the allocator's device (SharedFence::relay_signal, relay_wait).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

// Owns a reference to one of Dawn's semaphores.
class Semaphore {
 public:
  // Takes the reference over.
  Semaphore(const Device& device, WGPUSharedFence fence) : device_(&device), fence_(fence) {}
  Semaphore(Semaphore&& other) noexcept : device_(other.device_), fence_(std::exchange(other.fence_, nullptr)) {}
  Semaphore& operator=(Semaphore&&) = delete;
  ~Semaphore() {
    if (fence_ != nullptr) device_->functions().wgpuSharedFenceRelease(fence_);
  }
  WGPUSharedFence get() const noexcept { return fence_; }

 private:
  const Device* device_;
  WGPUSharedFence fence_;
};

// Of kind opaque_fd or sync_file; `handle` stays the caller's.
Result<Semaphore> import_semaphore(const Device& device, const OwnedHandle& handle);
// The handle of what an access ended with: a duplicate, of kind opaque_fd or sync_file; empty when it is signalled.
Result<OwnedHandle> export_semaphore(const Device& device, WGPUSharedFence fence);

class WebGpuFence final : public SharedFence {
 public:
  // `semaphore`: a binary semaphore's; null for a timeline.
  WebGpuFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value,
              WGPUSharedFence semaphore);
  ~WebGpuFence() override;

  // What an access that begins has to wait for.
  Result<Semaphore> wait_for(std::uint64_t value) const;
  // Whether `value` is one that this device has signalled, and a wait for it takes it from whoever is to wait next.
  bool takes_own(std::uint64_t value) const noexcept {
    return kind() == FenceKind::opaque_fd_binary && value != 0 && value == own_value_;
  }
  // The fence reaches `value` when `after` is signalled.
  Result<void> signal_after(std::uint64_t value, OwnedHandle&& after);

 private:
  // A CPU uses the allocator's object (TextureShareManager::use_allocator).
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;

  std::shared_ptr<Device> device_;
  WGPUSharedFence semaphore_;
  std::uint64_t own_value_ = 0;  // the last one signalled by this device
};

// Consumes the handle on success.
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle);

std::vector<FenceCapability> fence_capabilities(const Device& device);

}  // namespace geyser::webgpu
