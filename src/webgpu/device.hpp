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
#include "webgpu/system.hpp"

namespace geyser::webgpu {

class WebGpuFence;

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
  System& system() noexcept { return *system_; }
  const System& system() const noexcept { return *system_; }
  const WGPULimits& limits() const noexcept { return limits_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }
  bool has(WGPUFeatureName feature) const noexcept;

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
  Result<void> initialize(const KnownDevice& known);
  Result<void> identify(const KnownDevice& known);
  Result<void> request(WGPUAdapter adapter);
  Result<void> check_structures() const;

  Loader loader_;
  NativeDevice native_;
  WGPULimits limits_ = WGPU_LIMITS_INIT;
  DeviceIdentity identity_;
  std::shared_ptr<System> system_;
  DiagnosticHandler diagnostics_;
  WGPUFuture lost_ = WGPU_FUTURE_INIT;
  mutable bool is_lost_ = false;
  bool timed_waits_ = false;  // the instance has TimedWaitAny; otherwise futures are asked again and again
  std::unordered_map<FenceId, WebGpuFence*> fences_;
};

// Of Geyser's list of features, those that the adapter has.
std::vector<WGPUFeatureName> wanted_features(const Functions& functions, WGPUAdapter adapter);

}  // namespace geyser::webgpu
