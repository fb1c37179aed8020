// Semaphores that cross by this system's handles: fd_semaphore.cpp, win32_semaphore.cpp, metal_semaphore.cpp.
#pragma once

#include <span>

#include <vulkan/vulkan_core.h>

#include <geyser/fence.hpp>
#include <geyser/handle.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// The kinds of fences whose semaphores have handles here, best first.
std::span<const FenceKind> semaphore_fence_kinds() noexcept;
// As has_memory_functions().
[[nodiscard]] bool has_semaphore_functions(const Device& device) noexcept;
// Of a kind's handles.
VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type(FenceKind kind) noexcept;

// Errors: those of the export.
Result<OwnedHandle> export_semaphore(const Device& device, FenceKind kind, VkSemaphore semaphore);
// Into a new semaphore. Consumes the handle on success, whoever the driver leaves to close it.
Result<void> import_semaphore_payload(const Device& device, FenceKind kind, VkSemaphore semaphore, OwnedHandle& handle);

}  // namespace geyser::vulkan
