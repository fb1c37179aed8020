#include "common/text.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/fence.hpp"

namespace geyser::webgpu {

using detail::text;

bool ends_accesses(const Device& device) noexcept {
  return device.has(WGPUFeatureName_SharedFenceSyncFD) || device.has(WGPUFeatureName_SharedFenceVkSemaphoreOpaqueFD);
}

std::vector<FenceCapability> fence_capabilities(const Device& device) {
  std::vector<FenceCapability> capabilities;
  if (device.has(WGPUFeatureName_SharedFenceSyncFD)) capabilities.push_back({FenceKind::sync_file, true, true, true});
  capabilities.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

// Dawn ends accesses with sync files where it has both kinds.
bool relays_fences(const Device& device, FenceKind kind) noexcept {
  const bool opaque = kind == FenceKind::opaque_fd_binary || kind == FenceKind::opaque_fd_timeline;
  return opaque && device.has(WGPUFeatureName_SharedFenceVkSemaphoreOpaqueFD) &&
         !device.has(WGPUFeatureName_SharedFenceSyncFD);
}

bool opens_fences(FenceKind kind) noexcept { return kind == FenceKind::opaque_fd_binary; }

// Dawn's semaphores are binary.
std::uint64_t native_value(FenceKind, std::uint64_t) noexcept { return 1; }

Result<NativeFence> import_native(Device& device, const OwnedHandle& handle) {
  WGPUSharedFenceVkSemaphoreOpaqueFDDescriptor opaque = WGPU_SHARED_FENCE_VK_SEMAPHORE_OPAQUE_FD_DESCRIPTOR_INIT;
  opaque.handle = static_cast<int>(handle.get());
  WGPUSharedFenceSyncFDDescriptor sync_file = WGPU_SHARED_FENCE_SYNC_FD_DESCRIPTOR_INIT;
  sync_file.handle = static_cast<int>(handle.get());
  return NativeFence::import(device, handle.kind() == HandleKind::sync_file ? sync_file.chain : opaque.chain);
}

Result<OwnedHandle> export_native(const Device& device, WGPUSharedFence fence) {
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

}  // namespace geyser::webgpu
