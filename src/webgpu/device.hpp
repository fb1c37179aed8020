// The wrapped (or own) WebGPU device, shared by a manager and everything made from it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include <geyser/webgpu.hpp>

#include "webgpu/loader.hpp"
#include "webgpu/scout.hpp"
#include "webgpu/vulkan_device.hpp"

namespace geyser::webgpu {

class WebGpuFence;

// How Dawn gives out the end of an access, by the features that the device was made with: one kind for a device.
enum class EndOfAccess { none, opaque_fd, sync_file };

class Device {
 public:
  static Result<std::shared_ptr<Device>> create(const Options& options);
  static Result<std::shared_ptr<Device>> wrap(const WrapOptions& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Functions& functions() const noexcept { return loader_.functions; }
  GetProcAddress get_proc_address() const noexcept { return loader_.get_proc_address; }
  const NativeDevice& native() const noexcept { return native_; }
  WGPUDevice handle() const noexcept { return native_.device; }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  // Empty where the library does not let us ask it.
  const VulkanDevice& vulkan_device() const noexcept { return vulkan_device_; }
  Scout& scout() noexcept { return scout_; }
  const WGPULimits& limits() const noexcept { return limits_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }
  bool has(WGPUFeatureName feature) const noexcept;
  EndOfAccess end_of_access() const noexcept;

  // Runs `call`, named `what`, and gives what Dawn said of it. A lost device is device_lost.
  Result<void> check(const char* what, const std::function<void()>& call) const;
  bool is_lost() const;

  // Errors: timeout, device_lost.
  Result<void> wait(WGPUFuture future, std::chrono::nanoseconds timeout) const;
  // For everything that was submitted.
  Result<void> wait_idle(std::chrono::nanoseconds timeout) const;
  // Encodes by `record` and submits.
  Result<void> submit(const char* what, const std::function<void(WGPUCommandEncoder)>& record) const;

  // This device's own object for a fence, whichever API's object names it; null when there is none.
  WebGpuFence* find_fence(const SharedFence& fence) const;
  void add_fence(WebGpuFence& fence);
  void remove_fence(const WebGpuFence& fence) noexcept;

 private:
  explicit Device(Loader loader);
  // Everything after the native objects are known.
  Result<void> initialize(const std::optional<DeviceUuids>& uuids);
  Result<void> request(WGPUAdapter adapter);
  Result<void> check_structures() const;

  Loader loader_;
  NativeDevice native_;
  WGPULimits limits_ = WGPU_LIMITS_INIT;
  DeviceIdentity identity_;
  VulkanDevice vulkan_device_;
  Scout scout_;
  DiagnosticHandler diagnostics_;
  WGPUFuture lost_ = WGPU_FUTURE_INIT;
  mutable bool is_lost_ = false;
  bool timed_waits_ = false;  // the instance has TimedWaitAny; otherwise futures are asked again and again
  std::unordered_map<FenceId, WebGpuFence*> fences_;
};

// In Geyser's words: names, driver; UUIDs where `vulkan_device` is found, or the caller said them.
Result<DeviceIdentity> identify(const Loader& loader, WGPUAdapter adapter, WGPUDevice device,
                                VulkanDevice& vulkan_device);

// Of Geyser's list of features, those that the adapter has.
std::vector<WGPUFeatureName> wanted_features(const Functions& functions, WGPUAdapter adapter);

}  // namespace geyser::webgpu
