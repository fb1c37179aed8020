#include "common/text.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/win32_system.hpp"

namespace geyser::webgpu {

using detail::text;

// Without its feature an access of Dawn's ends, too, but says no fence: the CPU waits.
bool ends_accesses(const Device&) noexcept { return true; }

std::vector<FenceCapability> fence_capabilities(const Device&) {
  return {{FenceKind::host_timeline, true, true, false}};
}

bool relays_fences(const Device& device, FenceKind kind) noexcept {
  return kind == FenceKind::d3d12_fence && device.has(WGPUFeatureName_SharedFenceDXGISharedHandle) &&
         device.system().scout != nullptr;
}

bool opens_fences(FenceKind kind) noexcept { return kind == FenceKind::d3d12_fence; }

std::uint64_t native_value(FenceKind, std::uint64_t value) noexcept { return value; }

Result<NativeFence> import_native(Device& device, const OwnedHandle& handle) {
  if (auto takes = device.system().scout->try_fence(handle); !takes) return fail(std::move(takes.error()));
  // Dawn duplicates it.
  WGPUSharedFenceDXGISharedHandleDescriptor shared = WGPU_SHARED_FENCE_DXGI_SHARED_HANDLE_DESCRIPTOR_INIT;
  shared.handle = reinterpret_cast<void*>(handle.get());
  return NativeFence::import(device, shared.chain);
}

Result<OwnedHandle> export_native(const Device& device, WGPUSharedFence fence) {
  WGPUSharedFenceDXGISharedHandleExportInfo shared = WGPU_SHARED_FENCE_DXGI_SHARED_HANDLE_EXPORT_INFO_INIT;
  WGPUSharedFenceExportInfo info = WGPU_SHARED_FENCE_EXPORT_INFO_INIT;
  info.nextInChain = &shared.chain;
  device.functions().wgpuSharedFenceExportInfo(fence, &info);
  if (info.type != WGPUSharedFenceType_DXGISharedHandle) {
    return fail(ErrorCode::unsupported,
                text("Dawn ends the access with a fence of type [", static_cast<int>(info.type), "]."));
  }
  // Lent by Dawn.
  return OwnedHandle::duplicate(HandleKind::d3d_nt, reinterpret_cast<NativeHandle>(shared.handle));
}

}  // namespace geyser::webgpu
