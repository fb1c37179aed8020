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

namespace {

PFN_vkGetSemaphoreWin32HandleKHR get_handle_function(const Device& device) noexcept {
  return reinterpret_cast<PFN_vkGetSemaphoreWin32HandleKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkGetSemaphoreWin32HandleKHR"));
}

PFN_vkImportSemaphoreWin32HandleKHR import_handle_function(const Device& device) noexcept {
  return reinterpret_cast<PFN_vkImportSemaphoreWin32HandleKHR>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkImportSemaphoreWin32HandleKHR"));
}

}  // namespace

bool has_semaphore_functions(const Device& device) noexcept {
  return get_handle_function(device) != nullptr && import_handle_function(device) != nullptr;
}

VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type() noexcept {
  return VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_BIT;
}

Result<OwnedHandle> export_semaphore(const Device& device, VkSemaphore semaphore) {
  const auto get = get_handle_function(device);
  const VkSemaphoreGetWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_SEMAPHORE_GET_WIN32_HANDLE_INFO_KHR, nullptr, semaphore,
                                              semaphore_handle_type()};
  HANDLE handle = nullptr;
  if (const VkResult result = get(device.handle(), &info, &handle); result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetSemaphoreWin32HandleKHR"));
  }
  return OwnedHandle::adopt(HandleKind::opaque_win32, reinterpret_cast<NativeHandle>(handle));
}

// As with memory, the driver does not take the handle over.
Result<void> import_semaphore_payload(const Device& device, VkSemaphore semaphore, OwnedHandle& handle) {
  const auto import_handle = import_handle_function(device);
  const VkImportSemaphoreWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_WIN32_HANDLE_INFO_KHR,
                                                 nullptr,
                                                 semaphore,
                                                 0,
                                                 semaphore_handle_type(),
                                                 reinterpret_cast<HANDLE>(handle.get()),
                                                 nullptr};
  if (const VkResult result = import_handle(device.handle(), &info); result != VK_SUCCESS) {
    return fail(make_error(result, "vkImportSemaphoreWin32HandleKHR"));
  }
  handle.reset();
  return {};
}

}  // namespace geyser::vulkan
