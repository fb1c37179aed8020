#include <windows.h>

#include <vulkan/vulkan_core.h>
#include <vulkan/vulkan_win32.h>

#include <array>

#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

std::span<const char* const> loader_names() noexcept {
  static constexpr std::array<const char*, 1> names{"vulkan-1.dll"};
  return names;
}

const char* external_memory_extension() noexcept { return VK_KHR_EXTERNAL_MEMORY_WIN32_EXTENSION_NAME; }
const char* external_semaphore_extension() noexcept { return VK_KHR_EXTERNAL_SEMAPHORE_WIN32_EXTENSION_NAME; }

bool drivers_are_portable_subsets() noexcept { return false; }

// An NT handle keeps the memory alive; a global number does not, and anybody of the session may guess it.
std::span<const HandleKind> opaque_memory_kinds() noexcept {
  static constexpr std::array<HandleKind, 2> kinds{HandleKind::opaque_win32, HandleKind::opaque_win32_kmt};
  return kinds;
}

std::span<const HandleKind> direct3d_memory_kinds() noexcept {
  static constexpr std::array<HandleKind, 2> kinds{HandleKind::d3d_nt, HandleKind::d3d_kmt};
  return kinds;
}

namespace {

PFN_vkGetMemoryWin32HandlePropertiesKHR properties_function(const Device& device) noexcept {
  return reinterpret_cast<PFN_vkGetMemoryWin32HandlePropertiesKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkGetMemoryWin32HandlePropertiesKHR"));
}

PFN_vkGetMemoryWin32HandleKHR get_handle_function(const Device& device) noexcept {
  return reinterpret_cast<PFN_vkGetMemoryWin32HandleKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkGetMemoryWin32HandleKHR"));
}

}  // namespace

bool has_memory_functions(const Device& device) noexcept {
  return get_handle_function(device) != nullptr && properties_function(device) != nullptr;
}

Result<OwnedHandle> export_memory(const Device& device, VkDeviceMemory memory, HandleKind kind) {
  const auto get = get_handle_function(device);
  const VkMemoryGetWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_MEMORY_GET_WIN32_HANDLE_INFO_KHR, nullptr, memory,
                                           to_vulkan(kind)};
  HANDLE handle = nullptr;
  if (const VkResult result = get(device.handle(), &info, &handle); result != VK_SUCCESS)
    return fail(make_error(result, "vkGetMemoryWin32HandleKHR"));
  return OwnedHandle::adopt(kind, reinterpret_cast<NativeHandle>(handle));
}

// The driver takes a reference of its own: the handle stays the application's, to be closed when it is an NT handle.
Result<VkDeviceMemory> import_memory(const Device& device, const VkMemoryAllocateInfo& info,
                                     VkExternalMemoryHandleTypeFlagBits type, OwnedHandle& handle) {
  const VkImportMemoryWin32HandleInfoKHR import_info{VK_STRUCTURE_TYPE_IMPORT_MEMORY_WIN32_HANDLE_INFO_KHR, info.pNext,
                                                     type, reinterpret_cast<HANDLE>(handle.get()), nullptr};
  VkMemoryAllocateInfo with_handle = info;
  with_handle.pNext = &import_info;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (const VkResult result = device.functions().vkAllocateMemory(device.handle(), &with_handle, nullptr, &memory);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkAllocateMemory"));
  }
  handle.reset();
  return memory;
}

Result<std::uint32_t> memory_types_of(const Device& device, VkExternalMemoryHandleTypeFlagBits type,
                                      const OwnedHandle& handle) {
  VkMemoryWin32HandlePropertiesKHR properties{VK_STRUCTURE_TYPE_MEMORY_WIN32_HANDLE_PROPERTIES_KHR, nullptr, 0};
  if (const VkResult result =
          properties_function(device)(device.handle(), type, reinterpret_cast<HANDLE>(handle.get()), &properties);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetMemoryWin32HandlePropertiesKHR"));
  }
  return properties.memoryTypeBits;
}

VkResult submit_with_mutex(const Device& device, const VkSubmitInfo& info, const KeyedMutexUse& mutex, VkFence fence) {
  const std::uint64_t key = 0;
  const VkWin32KeyedMutexAcquireReleaseInfoKHR keyed{VK_STRUCTURE_TYPE_WIN32_KEYED_MUTEX_ACQUIRE_RELEASE_INFO_KHR,
                                                     info.pNext,
                                                     mutex.acquire ? 1U : 0U,
                                                     &mutex.memory,
                                                     &key,
                                                     &mutex.timeout_milliseconds,
                                                     mutex.release ? 1U : 0U,
                                                     &mutex.memory,
                                                     &key};
  VkSubmitInfo chained = info;
  chained.pNext = &keyed;
  return device.functions().vkQueueSubmit(device.native().queue, 1, &chained, fence);
}

}  // namespace geyser::vulkan
