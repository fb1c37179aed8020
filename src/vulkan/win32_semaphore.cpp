#include <windows.h>

#include <vulkan/vulkan_core.h>
#include <vulkan/vulkan_win32.h>

#include <array>

#include "vulkan/error.hpp"
#include "vulkan/external_semaphore.hpp"

namespace geyser::vulkan {

// Binary semaphores have no kind of their own on Windows: nothing there lacks timelines that could use them.
std::span<const FenceKind> opaque_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 1> kinds{FenceKind::opaque_win32_timeline};
  return kinds;
}

VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type() noexcept {
  return VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_BIT;
}

Result<OwnedHandle> export_semaphore(const Device& device, VkSemaphore semaphore) {
  const auto get = reinterpret_cast<PFN_vkGetSemaphoreWin32HandleKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkGetSemaphoreWin32HandleKHR"));
  const VkSemaphoreGetWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_SEMAPHORE_GET_WIN32_HANDLE_INFO_KHR, nullptr, semaphore,
                                              semaphore_handle_type()};
  HANDLE handle = nullptr;
  const VkResult result = get != nullptr ? get(device.handle(), &info, &handle) : VK_ERROR_EXTENSION_NOT_PRESENT;
  if (result != VK_SUCCESS) return fail(make_error(result, "vkGetSemaphoreWin32HandleKHR"));
  return OwnedHandle::adopt(HandleKind::opaque_win32, reinterpret_cast<NativeHandle>(handle));
}

// As with memory, the driver does not take the handle over.
Result<void> import_semaphore_payload(const Device& device, VkSemaphore semaphore, OwnedHandle& handle) {
  const auto import_handle = reinterpret_cast<PFN_vkImportSemaphoreWin32HandleKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkImportSemaphoreWin32HandleKHR"));
  const VkImportSemaphoreWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_WIN32_HANDLE_INFO_KHR,
                                                 nullptr,
                                                 semaphore,
                                                 0,
                                                 semaphore_handle_type(),
                                                 reinterpret_cast<HANDLE>(handle.get()),
                                                 nullptr};
  const VkResult result =
      import_handle != nullptr ? import_handle(device.handle(), &info) : VK_ERROR_EXTENSION_NOT_PRESENT;
  if (result != VK_SUCCESS) return fail(make_error(result, "vkImportSemaphoreWin32HandleKHR"));
  handle.reset();
  return {};
}

}  // namespace geyser::vulkan
