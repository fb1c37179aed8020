#include <windows.h>

#include <vulkan/vulkan_core.h>
#include <vulkan/vulkan_win32.h>

#include <array>

#include "vulkan/error.hpp"
#include "vulkan/external_semaphore.hpp"

namespace geyser::vulkan {

std::span<const FenceKind> semaphore_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 3> kinds{FenceKind::opaque_win32_timeline, FenceKind::d3d12_fence,
                                                  FenceKind::opaque_win32_binary};
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

// A Direct3D 12 fence is a timeline semaphore: the fence's values are the semaphore's.
VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type(FenceKind kind) noexcept {
  return kind == FenceKind::d3d12_fence ? VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT
                                        : VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_BIT;
}

Result<OwnedHandle> export_semaphore(const Device& device, FenceKind kind, VkSemaphore semaphore) {
  const auto get = get_handle_function(device);
  const VkSemaphoreGetWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_SEMAPHORE_GET_WIN32_HANDLE_INFO_KHR, nullptr, semaphore,
                                              semaphore_handle_type(kind)};
  HANDLE handle = nullptr;
  if (const VkResult result = get(device.handle(), &info, &handle); result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetSemaphoreWin32HandleKHR"));
  }
  const HandleKind handle_kind = kind == FenceKind::d3d12_fence ? HandleKind::d3d_nt : HandleKind::opaque_win32;
  return OwnedHandle::adopt(handle_kind, reinterpret_cast<NativeHandle>(handle));
}

// As with memory, the driver does not take the handle over.
Result<void> import_semaphore_payload(const Device& device, FenceKind kind, VkSemaphore semaphore,
                                      OwnedHandle& handle) {
  const auto import_handle = import_handle_function(device);
  const VkImportSemaphoreWin32HandleInfoKHR info{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_WIN32_HANDLE_INFO_KHR,
                                                 nullptr,
                                                 semaphore,
                                                 0,
                                                 semaphore_handle_type(kind),
                                                 reinterpret_cast<HANDLE>(handle.get()),
                                                 nullptr};
  if (const VkResult result = import_handle(device.handle(), &info); result != VK_SUCCESS) {
    return fail(make_error(result, "vkImportSemaphoreWin32HandleKHR"));
  }
  handle.reset();
  return {};
}

}  // namespace geyser::vulkan
