#include "webgpu/fence.hpp"

#include "common/text.hpp"
#include "webgpu/external_fence.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

tl::unexpected<GeyserError> refuse(const SharedFence& fence, const char* what) {
  return fail(GeyserError(ErrorCode::unsupported, text("WebGPU cannot ", what, " a fence of kind [",
                                                       to_string(fence.kind()), "] without an allocator."))
                  .suggest("fence kind [host_timeline]"));
}

}  // namespace

Result<NativeFence> NativeFence::import(const Device& device, WGPUChainedStruct& chain) {
  WGPUSharedFenceDescriptor descriptor = WGPU_SHARED_FENCE_DESCRIPTOR_INIT;
  descriptor.nextInChain = &chain;
  WGPUSharedFence native = nullptr;
  auto imported = device.check("wgpuDeviceImportSharedFence", [&] {
    native = device.functions().wgpuDeviceImportSharedFence(device.handle(), &descriptor);
  });
  NativeFence fence(device, native);
  if (!imported) return fail(std::move(imported.error()));
  return fence;
}

WebGpuFence::WebGpuFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value,
                         WGPUSharedFence native)
    : SharedFence(kind, id, value), device_(std::move(device)), native_(native) {
  device_->add_fence(*this);
}

WebGpuFence::~WebGpuFence() {
  device_->remove_fence(*this);
  if (native_ != nullptr) device_->functions().wgpuSharedFenceRelease(native_);
}

Result<NativeWait> WebGpuFence::wait_for(std::uint64_t value) const {
  if (native_ != nullptr) {
    device_->functions().wgpuSharedFenceAddRef(native_);
    return NativeWait{NativeFence(*device_, native_), native_value(kind(), value)};
  }
  auto handle = relay_wait(value);
  if (!handle) return fail(std::move(handle.error()));
  auto semaphore = import_native(*device_, *handle);
  if (!semaphore) return fail(std::move(semaphore.error()));
  return NativeWait{*std::move(semaphore), native_value(kind(), value)};
}

Result<void> WebGpuFence::signal_after(std::uint64_t value, LastUse&& after) {
  own_value_ = value;
  return relay_signal(value, std::move(after.fence), after.value);
}

Result<std::uint64_t> WebGpuFence::do_completed_value() const { return refuse(*this, "read"); }
Result<void> WebGpuFence::do_wait(std::uint64_t, std::chrono::nanoseconds) const { return refuse(*this, "wait for"); }
Result<void> WebGpuFence::do_signal(std::uint64_t) { return refuse(*this, "signal"); }
Result<FenceHandle> WebGpuFence::do_export() const { return refuse(*this, "export"); }

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle) {
  WGPUSharedFence native = nullptr;
  if (opens_fences(handle.kind)) {
    auto opened = import_native(*device, handle.handle);
    if (!opened) return fail(std::move(opened.error()));
    native = std::move(*opened).detach();
  }
  auto fence = std::make_shared<WebGpuFence>(device, handle.kind, handle.id, handle.value, native);
  handle.handle.reset();  // Dawn has its own; of what it does not open the allocator has
  return fence;
}

}  // namespace geyser::webgpu
