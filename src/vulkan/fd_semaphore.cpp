#include <array>

#include "vulkan/error.hpp"
#include "vulkan/external_semaphore.hpp"

namespace geyser::vulkan {

std::span<const FenceKind> semaphore_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 2> kinds{FenceKind::opaque_fd_timeline, FenceKind::opaque_fd_binary};
  return kinds;
}

bool has_semaphore_functions(const Device& device) noexcept {
  return device.functions().vkGetSemaphoreFdKHR != nullptr && device.functions().vkImportSemaphoreFdKHR != nullptr;
}

VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type(FenceKind) noexcept {
  return VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT;
}

Result<OwnedHandle> export_semaphore(const Device& device, FenceKind, VkSemaphore semaphore) {
  const VkSemaphoreGetFdInfoKHR info{VK_STRUCTURE_TYPE_SEMAPHORE_GET_FD_INFO_KHR, nullptr, semaphore,
                                     VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
  int fd = -1;
  if (const VkResult result = device.functions().vkGetSemaphoreFdKHR(device.handle(), &info, &fd);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetSemaphoreFdKHR"));
  }
  return OwnedHandle::adopt(HandleKind::opaque_fd, fd);
}

Result<void> import_semaphore_payload(const Device& device, FenceKind, VkSemaphore semaphore, OwnedHandle& handle) {
  const VkImportSemaphoreFdInfoKHR info{VK_STRUCTURE_TYPE_IMPORT_SEMAPHORE_FD_INFO_KHR,
                                        nullptr,
                                        semaphore,
                                        0,
                                        VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT,
                                        static_cast<int>(handle.get())};
  if (const VkResult result = device.functions().vkImportSemaphoreFdKHR(device.handle(), &info); result != VK_SUCCESS) {
    return fail(make_error(result, "vkImportSemaphoreFdKHR"));
  }
  static_cast<void>(handle.detach());  // the driver's now
  return {};
}

}  // namespace geyser::vulkan
