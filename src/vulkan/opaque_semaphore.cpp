// Semaphores whose handles Vulkan knows by a type: of descriptors and Win32 handles.
#include "vulkan/external_semaphore.hpp"

#include <utility>

namespace geyser::vulkan {

FenceCapability probe_semaphores(const Device& device, FenceKind kind) {
  const VkSemaphoreTypeCreateInfo type{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr,
                                       is_timeline(kind) ? VK_SEMAPHORE_TYPE_TIMELINE : VK_SEMAPHORE_TYPE_BINARY, 0};
  const VkPhysicalDeviceExternalSemaphoreInfo info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO, &type,
                                                   semaphore_handle_type(kind)};
  VkExternalSemaphoreProperties properties{VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES, nullptr, 0, 0, 0};
  device.instance_functions().vkGetPhysicalDeviceExternalSemaphoreProperties(device.native().physical_device, &info,
                                                                             &properties);
  const auto features = properties.externalSemaphoreFeatures;
  return {kind, (features & VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT) != 0,
          (features & VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT) != 0, true};
}

Result<VkSemaphore> create_external_semaphore(const Device& device, FenceKind kind) {
  const VkExportSemaphoreCreateInfo info{VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO, nullptr,
                                         static_cast<VkFlags>(semaphore_handle_type(kind))};
  return make_semaphore(device, kind, 0, &info);
}

Result<VkSemaphore> import_semaphore(const Device& device, FenceKind kind, OwnedHandle& handle) {
  auto semaphore = make_semaphore(device, kind, 0, nullptr);
  if (!semaphore) return semaphore;
  if (auto done = import_semaphore_payload(device, kind, *semaphore, handle); !done) {
    device.functions().vkDestroySemaphore(device.handle(), *semaphore, nullptr);
    return fail(std::move(done.error()));
  }
  return semaphore;
}

}  // namespace geyser::vulkan
