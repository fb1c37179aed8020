#include "webgpu/fence.hpp"

#include "common/text.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

tl::unexpected<GeyserError> refuse(const SharedFence& fence, const char* what) {
  return fail(GeyserError(ErrorCode::unsupported, text("WebGPU cannot ", what, " a fence of kind [",
                                                       to_string(fence.kind()), "] without an allocator."))
                  .suggest("fence kind [host_timeline]"));
}

}  // namespace

std::vector<FenceCapability> fence_capabilities(const Device& device) {
  std::vector<FenceCapability> capabilities;
  if (device.has(WGPUFeatureName_SharedFenceSyncFD)) capabilities.push_back({FenceKind::sync_file, true, true, true});
  capabilities.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

Result<Semaphore> import_semaphore(const Device& device, const OwnedHandle& handle) {
  WGPUSharedFenceVkSemaphoreOpaqueFDDescriptor opaque = WGPU_SHARED_FENCE_VK_SEMAPHORE_OPAQUE_FD_DESCRIPTOR_INIT;
  opaque.handle = static_cast<int>(handle.get());
  WGPUSharedFenceSyncFDDescriptor sync_file = WGPU_SHARED_FENCE_SYNC_FD_DESCRIPTOR_INIT;
  sync_file.handle = static_cast<int>(handle.get());
  WGPUSharedFenceDescriptor descriptor = WGPU_SHARED_FENCE_DESCRIPTOR_INIT;
  descriptor.nextInChain = handle.kind() == HandleKind::sync_file ? &sync_file.chain : &opaque.chain;
  WGPUSharedFence fence = nullptr;
  auto imported = device.check("wgpuDeviceImportSharedFence", [&] {
    fence = device.functions().wgpuDeviceImportSharedFence(device.handle(), &descriptor);
  });
  Semaphore semaphore(device, fence);
  if (!imported) return fail(std::move(imported.error()));
  return semaphore;
}

Result<OwnedHandle> export_semaphore(const Device& device, WGPUSharedFence fence) {
  WGPUSharedFenceExportInfo info = WGPU_SHARED_FENCE_EXPORT_INFO_INIT;
  device.functions().wgpuSharedFenceExportInfo(fence, &info);
  WGPUSharedFenceVkSemaphoreOpaqueFDExportInfo opaque = WGPU_SHARED_FENCE_VK_SEMAPHORE_OPAQUE_FD_EXPORT_INFO_INIT;
  WGPUSharedFenceSyncFDExportInfo sync_file = WGPU_SHARED_FENCE_SYNC_FD_EXPORT_INFO_INIT;
  const bool is_sync_file = info.type == WGPUSharedFenceType_SyncFD;
  if (!is_sync_file && info.type != WGPUSharedFenceType_VkSemaphoreOpaqueFD) {
    return fail(ErrorCode::unsupported,
                text("Dawn ends the access with a fence of type [", static_cast<int>(info.type), "]."));
  }
  info.nextInChain = is_sync_file ? &sync_file.chain : &opaque.chain;
  device.functions().wgpuSharedFenceExportInfo(fence, &info);
  if (is_sync_file && sync_file.handle < 0) return OwnedHandle();  // Vulkan's word for one that is signalled already
  // Lent by Dawn.
  return is_sync_file ? OwnedHandle::duplicate(HandleKind::sync_file, sync_file.handle)
                      : OwnedHandle::duplicate(HandleKind::opaque_fd, opaque.handle);
}

WebGpuFence::WebGpuFence(std::shared_ptr<Device> device, FenceKind kind, FenceId id, std::uint64_t value,
                         WGPUSharedFence semaphore)
    : SharedFence(kind, id, value), device_(std::move(device)), semaphore_(semaphore) {
  device_->add_fence(*this);
}

WebGpuFence::~WebGpuFence() {
  device_->remove_fence(*this);
  if (semaphore_ != nullptr) device_->functions().wgpuSharedFenceRelease(semaphore_);
}

Result<Semaphore> WebGpuFence::wait_for(std::uint64_t value) const {
  if (semaphore_ != nullptr) {
    device_->functions().wgpuSharedFenceAddRef(semaphore_);
    return Semaphore(*device_, semaphore_);
  }
  auto handle = relay_wait(value);
  if (!handle) return fail(std::move(handle.error()));
  return import_semaphore(*device_, *handle);
}

Result<void> WebGpuFence::signal_after(std::uint64_t value, OwnedHandle&& after) {
  own_value_ = value;
  return relay_signal(value, std::move(after));
}

Result<std::uint64_t> WebGpuFence::do_completed_value() const { return refuse(*this, "read"); }
Result<void> WebGpuFence::do_wait(std::uint64_t, std::chrono::nanoseconds) const { return refuse(*this, "wait for"); }
Result<void> WebGpuFence::do_signal(std::uint64_t) { return refuse(*this, "signal"); }
Result<FenceHandle> WebGpuFence::do_export() const { return refuse(*this, "export"); }

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Device>& device, FenceHandle&& handle) {
  WGPUSharedFence native = nullptr;
  if (handle.kind == FenceKind::opaque_fd_binary) {
    auto semaphore = import_semaphore(*device, handle.handle);
    if (!semaphore) return fail(std::move(semaphore.error()));
    native = semaphore->get();
    device->functions().wgpuSharedFenceAddRef(native);
  }
  auto fence = std::make_shared<WebGpuFence>(device, handle.kind, handle.id, handle.value, native);
  handle.handle.reset();  // Dawn has its own; a timeline is the allocator's
  return fence;
}

}  // namespace geyser::webgpu
