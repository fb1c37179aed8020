// A semaphore that crosses processes by opaque descriptor.
#pragma once

#include <memory>

#include <vulkan/vulkan_core.h>

#include <geyser/fence.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

class VulkanFence final : public SharedFence {
 public:
  // Takes `semaphore` over.
  VulkanFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value, VkSemaphore semaphore);
  ~VulkanFence() override;

  VkSemaphore semaphore() const noexcept { return semaphore_; }
  const Device& device() const noexcept { return *device_; }

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override;
  Result<FenceHandle> do_export() const override;
  Result<void> do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) override;
  Result<OwnedHandle> do_forward(std::uint64_t value) const override;

  std::shared_ptr<Device> device_;
  VkSemaphore semaphore_;
};

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Device>& device, FenceKind kind);
Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle);

// What the device can do with semaphores.
std::vector<FenceCapability> fence_capabilities(Device& device);

}  // namespace geyser::vulkan
