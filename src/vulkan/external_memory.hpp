// Memory that crosses by this system's handles, and the name of its Vulkan loader: fd_memory.cpp, win32_memory.cpp,
// metal_memory.cpp.
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
// Whether drivers here may be such (VK_KHR_portability_enumeration): a loader hides them from who does not ask.
[[nodiscard]] bool drivers_are_portable_subsets() noexcept;
// The kinds that only the same driver on the same device opens, best first. Whether a driver has them it is asked.
std::span<const HandleKind> opaque_memory_kinds() noexcept;
[[nodiscard]] bool is_opaque_memory(HandleKind kind) noexcept;
// Whether the entry points that export memory are there: a device may be said to have an extension without them.
[[nodiscard]] bool has_memory_functions(const Device& device) noexcept;

// Of textures and heaps of Direct3D's, which drivers open and do not make. Best first; none where there is no Direct3D.
std::span<const HandleKind> direct3d_memory_kinds() noexcept;
[[nodiscard]] constexpr bool is_direct3d_memory(HandleKind kind) noexcept {
  return kind == HandleKind::d3d_nt || kind == HandleKind::d3d_kmt;
}

// Errors: out_of_memory, operating_system.
Result<OwnedHandle> export_memory(const Device& device, VkDeviceMemory memory, HandleKind kind);
// Allocates `info` from the handle's memory. Consumes the handle on success, whoever the driver leaves to close it.
// Errors: those of vkAllocateMemory.
Result<VkDeviceMemory> import_memory(const Device& device, const VkMemoryAllocateInfo& info,
                                     VkExternalMemoryHandleTypeFlagBits type, OwnedHandle& handle);
// Of Direct3D's: the memory types that a handle can be imported as. Errors: invalid_handle and others of the driver's.
Result<std::uint32_t> memory_types_of(const Device& device, VkExternalMemoryHandleTypeFlagBits type,
                                      const OwnedHandle& handle);

// One that Vulkan acquires before a submission's commands and releases after them, both with key 0
// (VK_KHR_win32_keyed_mutex).
struct KeyedMutexUse {
  VkDeviceMemory memory = VK_NULL_HANDLE;
  bool acquire = false;
  bool release = false;
  std::uint32_t timeout_milliseconds = 0;
};
VkResult submit_with_mutex(const Device& device, const VkSubmitInfo& info, const KeyedMutexUse& mutex, VkFence fence);

}  // namespace geyser::vulkan
