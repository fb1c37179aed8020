// Semaphores that cross by this system's handles: opaque_semaphore.cpp with fd_semaphore.cpp or win32_semaphore.cpp, or
// metal_semaphore.cpp.
#pragma once

#include <cstdint>
#include <span>

#include <vulkan/vulkan_core.h>

#include <geyser/capabilities.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// The kinds of fences whose semaphores have handles here, best first.
std::span<const FenceKind> semaphore_fence_kinds() noexcept;
// As has_memory_functions().
[[nodiscard]] bool has_semaphore_functions(const Device& device) noexcept;
// What semaphores of a kind can do on this device, which has the extension.
FenceCapability probe_semaphores(const Device& device, FenceKind kind);

// One that can be exported. Errors: those of vkCreateSemaphore, unsupported.
Result<VkSemaphore> create_external_semaphore(const Device& device, FenceKind kind);
// Errors: those of the export.
Result<OwnedHandle> export_semaphore(const Device& device, FenceKind kind, VkSemaphore semaphore);
// A new one. Consumes the handle on success, whoever the driver leaves to close it.
Result<VkSemaphore> import_semaphore(const Device& device, FenceKind kind, OwnedHandle& handle);

// What these are made with (fence.cpp). `value` is a timeline's first.
bool is_timeline(FenceKind kind) noexcept;
Result<VkSemaphore> make_semaphore(const Device& device, FenceKind kind, std::uint64_t value, const void* next);

// Of fd_semaphore.cpp and win32_semaphore.cpp, for opaque_semaphore.cpp: of a kind's handles, and into a new semaphore.
VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type(FenceKind kind) noexcept;
Result<void> import_semaphore_payload(const Device& device, FenceKind kind, VkSemaphore semaphore, OwnedHandle& handle);

}  // namespace geyser::vulkan
