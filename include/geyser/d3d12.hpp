// Direct3D 12 (Windows 10 and later). d3d12.dll and dxgi.dll are loaded at run time: nothing links them.
//
// Handle kinds: d3d_nt (NT handles: committed resources, which this API makes; resources placed at the start of a
// shared heap and textures of Direct3D 11, which it opens), host_memory (packed; copied by the GPU and the CPU).
// Whether a device shares at all is tried when its manager is made; one that does not has no rows of d3d_nt, and a
// diagnostic says why. d3d_nt asks for the same adapter (LUID). Shapes: 2D, arrays, cubes and 3D with mips; no depth
// formats and no samples.
//
// Fence kinds: d3d12_fence (ID3D12Fence, also of Direct3D 11; waited for and signalled on the queue), host_timeline.
//
// State: between accesses, and when an access begins, a texture is in D3D12_RESOURCE_STATE_COMMON; the caller brings it
// back there before end_access. Textures that Geyser makes have D3D12_RESOURCE_FLAG_ALLOW_SIMULTANEOUS_ACCESS: they are
// promoted from COMMON by their first use in a command list and decay to it at its end, so that most callers need no
// barrier, and readers in several processes do not change each other's state. Adopted and imported ones have it where
// their maker gave it.
//
// Ownership: COM objects given are counted, and those of native() are borrowed. OpenSharedHandle borrows: Geyser closes
// a parcel's handles.
//
// Threads: a manager and its fences may be called from any thread, since queues and devices may be; a texture from one
// thread at a time. The caller's work on a texture goes to the manager's queue, inside an access, or to a queue that
// waits for it and that it waits for.
//
// Specification: Microsoft's "Shared Heaps" and "Using Resource Barriers to Synchronize Resource States" (common
// state).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

// <d3d12.h> is not included: its types are pointers here.
struct ID3D12CommandQueue;
struct ID3D12Device;
struct ID3D12Fence;
struct ID3D12Resource;

namespace geyser::d3d12 {

struct Options {
  std::optional<std::array<std::uint8_t, 8>> luid;  // of the adapter (DeviceIdentity::luid); none: the system's first
  DiagnosticHandler diagnostics;
};
// Makes a device and a queue of its own. Errors: not_available (no d3d12.dll, no such adapter: each one is named, no
// Direct3D 12 on it).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

struct WrapOptions {
  ID3D12Device* device = nullptr;
  // Of the type DIRECT or COMPUTE; null: Geyser makes one of type DIRECT. Its node is the one that resources are made
  // on.
  ID3D12CommandQueue* queue = nullptr;
  DiagnosticHandler diagnostics;
};
// Errors: invalid_argument (no device, a queue of another device or type), device_lost.
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options);

// A resource of the caller's, to be shared without a copy: committed with D3D12_HEAP_FLAG_SHARED on the manager's
// device, in the state COMMON. A reference is held. Errors: invalid_argument (null, another API, another device),
// unsupported (not made to be shared, no such format), incompatible_layout (it is not what the descriptor says).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_resource(TextureShareManager& manager,
                                                                               ID3D12Resource* resource,
                                                                               const TextureDescriptor& descriptor);

// Borrowed; valid as long as the manager, texture or fence.
struct NativeDevice {
  ID3D12Device* device = nullptr;
  ID3D12CommandQueue* queue = nullptr;
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<ID3D12Resource*> native(const SharedTexture& texture);
// Errors: invalid_argument (a fence that is none of this manager's d3d12_fence).
[[nodiscard]] GEYSER_API Result<ID3D12Fence*> native(const TextureShareManager& manager, const SharedFence& fence);

}  // namespace geyser::d3d12
