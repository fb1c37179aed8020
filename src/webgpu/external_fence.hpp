// What this system's fences are to Dawn: fd_fence.cpp, win32_fence.cpp, metal_fence.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

class NativeFence;

// Whether Dawn gives a fence at the end of an access, and ends one at all.
bool ends_accesses(const Device& device) noexcept;
std::vector<FenceCapability> fence_capabilities(const Device& device);
// Whether an allocator's device can pass Dawn's fences on to fences of `kind`, or those to Dawn.
bool relays_fences(const Device& device, FenceKind kind) noexcept;
// Whether Dawn waits for values of such a fence itself; the others come as one-shot semaphores (relay_wait).
bool opens_fences(FenceKind kind) noexcept;
// The value that Dawn is told to wait for: that of the fence, or of a semaphore of one signal.
std::uint64_t native_value(FenceKind kind, std::uint64_t value) noexcept;

// `handle` stays the caller's. Errors: invalid_handle; Dawn's, in its own words.
Result<NativeFence> import_native(Device& device, const OwnedHandle& handle);
// A handle of what an access ended with, the caller's; empty when it is signalled. Errors: unsupported (another type).
Result<OwnedHandle> export_native(const Device& device, WGPUSharedFence fence);

}  // namespace geyser::webgpu
