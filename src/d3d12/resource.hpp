// Resources by descriptor, and the NT handles of resources, heaps and fences.
#pragma once

#include <d3d12.h>

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/texture.hpp>

#include "d3d12/context.hpp"
#include "dxgi/error.hpp"

namespace geyser::d3d12 {

// What a resource of `descriptor` is made as; one that is to be shared may be used by several queues at once.
D3D12_RESOURCE_DESC describe(const TextureDescriptor& descriptor, bool shared) noexcept;
// Errors: incompatible_layout (what differs, with both values).
Result<void> check(const D3D12_RESOURCE_DESC& found, const TextureDescriptor& descriptor);

// In the state COMMON. Errors: out_of_memory, unsupported, device_lost.
Result<Com<ID3D12Resource>> create_resource(const Context& context, const TextureDescriptor& descriptor, bool shared);
// What a parcel of d3d_nt has: a resource, or of Direct3D 12 a heap with the resource at its start (a layout that is
// not dedicated). Errors: unsupported (a keyed mutex), invalid_handle,
// incompatible_layout.
Result<Com<ID3D12Resource>> open_resource(const Context& context, const ApiTextureHandle& parcel);
// The layout that a parcel says of a resource.
MemoryLayout layout_of(const Context& context, const D3D12_RESOURCE_DESC& desc);

// A new NT handle, not inherited by child processes. Errors: unsupported (the device does not share, the object was not
// made for it), device_lost.
Result<OwnedHandle> export_object(const Context& context, ID3D12DeviceChild& object);

// Leaves the handle as it is. Errors: invalid_handle (no such object, or a handle without the right), unsupported.
template <typename Interface>
Result<Com<Interface>> open_object(const Context& context, const OwnedHandle& handle) {
  Com<Interface> object;
  if (const HRESULT result = context.device().OpenSharedHandle(reinterpret_cast<HANDLE>(handle.get()),
                                                               __uuidof(Interface), object.receive());
      result != S_OK) {
    return fail(context.error(result, "ID3D12Device::OpenSharedHandle", ErrorCode::invalid_handle));
  }
  if (!object) return fail(ErrorCode::invalid_handle, "ID3D12Device::OpenSharedHandle gives no object.");
  return object;
}

}  // namespace geyser::d3d12
