#include <utility>

#include "common/text.hpp"
#include "surface/shared_event.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/metal_system.hpp"

namespace geyser::webgpu {

using detail::text;
using surface::SharedEvent;

// Dawn ends no access to a surface without it.
bool ends_accesses(const Device& device) noexcept { return device.has(WGPUFeatureName_SharedFenceMTLSharedEvent); }

std::vector<FenceCapability> fence_capabilities(const Device&) {
  return {{FenceKind::host_timeline, true, true, false}};
}

// Without its Metal device there is no number by which an allocator could be of the same one.
bool relays_fences(const Device& device, FenceKind kind) noexcept {
  return kind == FenceKind::metal_shared_event && ends_accesses(device);
}

bool opens_fences(FenceKind kind) noexcept { return kind == FenceKind::metal_shared_event; }

std::uint64_t native_value(FenceKind, std::uint64_t value) noexcept { return value; }

Result<NativeFence> import_native(Device& device, const OwnedHandle& handle) {
  auto event = SharedEvent::open(device.system().device, handle);
  if (!event) return fail(std::move(event.error()));
  // Dawn retains it.
  WGPUSharedFenceMTLSharedEventDescriptor shared = WGPU_SHARED_FENCE_MTL_SHARED_EVENT_DESCRIPTOR_INIT;
  shared.sharedEvent = event->get();
  return NativeFence::import(device, shared.chain);
}

Result<OwnedHandle> export_native(const Device& device, WGPUSharedFence fence) {
  WGPUSharedFenceMTLSharedEventExportInfo shared = WGPU_SHARED_FENCE_MTL_SHARED_EVENT_EXPORT_INFO_INIT;
  WGPUSharedFenceExportInfo info = WGPU_SHARED_FENCE_EXPORT_INFO_INIT;
  info.nextInChain = &shared.chain;
  device.functions().wgpuSharedFenceExportInfo(fence, &info);
  if (info.type != WGPUSharedFenceType_MTLSharedEvent || shared.sharedEvent == nullptr) {
    return fail(ErrorCode::unsupported,
                text("Dawn ends the access with a fence of type [", static_cast<int>(info.type), "]."));
  }
  // Lent by Dawn.
  return SharedEvent::share(shared.sharedEvent).handle();
}

}  // namespace geyser::webgpu
