// Memory that crosses by this system's handles, and the name of its Vulkan loader: fd_memory.cpp, win32_memory.cpp.
#pragma once

#include <span>

#include <vulkan/vulkan_core.h>

#include <geyser/handle.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Best first.
std::span<const char* const> loader_names() noexcept;
// Of the extensions that export and import memory and semaphores.
const char* external_memory_extension() noexcept;
const char* external_semaphore_extension() noexcept;
// The kinds that only the same driver on the same device opens, best first. Whether a driver has them it is asked.
std::span<const HandleKind> opaque_memory_kinds() noexcept;
[[nodiscard]] bool is_opaque_memory(HandleKind kind) noexcept;
// Whether the entry points that export memory are there: a device may be said to have an extension without them.
[[nodiscard]] bool has_memory_functions(const Device& device) noexcept;

// Errors: out_of_memory, operating_system.
Result<OwnedHandle> export_memory(const Device& device, VkDeviceMemory memory, HandleKind kind);
// Allocates `info` from the handle's memory. Consumes the handle on success, whoever the driver leaves to close it.
// Errors: those of vkAllocateMemory.
Result<VkDeviceMemory> import_memory(const Device& device, const VkMemoryAllocateInfo& info, OwnedHandle& handle);

}  // namespace geyser::vulkan
