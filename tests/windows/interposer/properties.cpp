// What the driver is said to do.
#include <algorithm>
#include <iterator>

#include "windows/interposer/interposer.hpp"

namespace geyser::test::interposer {

namespace {

VKAPI_ATTR VkResult VKAPI_CALL image_format_properties(VkPhysicalDevice device,
                                                       const VkPhysicalDeviceImageFormatInfo2* info,
                                                       VkImageFormatProperties2* properties) {
  const auto next = GEYSER_NEXT(state(), vkGetPhysicalDeviceImageFormatProperties2);
  const auto* asked = find<VkPhysicalDeviceExternalImageFormatInfo>(
      info->pNext, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO);
  if (asked == nullptr || (static_cast<VkFlags>(asked->handleType) & memory_types) == 0)
    return next(device, info, properties);
  // The driver's answer for an image of its own, and this file's for the handles.
  VkPhysicalDeviceImageFormatInfo2 alone = *info;
  alone.pNext = nullptr;
  VkImageFormatProperties2 own{VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, nullptr, {}};
  const VkResult result = next(device, &alone, &own);
  if (result != VK_SUCCESS) return result;
  properties->imageFormatProperties = own.imageFormatProperties;
  for (auto* one = static_cast<VkBaseOutStructure*>(properties->pNext); one != nullptr; one = one->pNext) {
    if (one->sType != VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES) continue;
    VkExternalMemoryProperties& external =
        reinterpret_cast<VkExternalImageFormatProperties*>(one)->externalMemoryProperties;
    const VkFlags asked_type = asked->handleType;
    external = {0, asked_type, asked_type};
    if ((asked_type & direct3d_types) != 0) {
      const bool none =
          is_spoilt("no_direct3d") || (is_spoilt("no_direct3d12") && (asked_type & direct3d12_types) != 0);
      if (!none) external.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
      if ((asked_type & direct3d_textures) != 0) {
        external.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT;
      }
      continue;
    }
    if (!is_spoilt("no_export")) external.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_EXPORTABLE_BIT;
    if (!is_spoilt("no_import")) external.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT;
    if (is_spoilt("dedicated_only")) external.externalMemoryFeatures |= VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT;
  }
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL semaphore_properties(VkPhysicalDevice device,
                                                const VkPhysicalDeviceExternalSemaphoreInfo* info,
                                                VkExternalSemaphoreProperties* properties) {
  const bool fence = info->handleType == VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_D3D12_FENCE_BIT;
  if (!fence && info->handleType != VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_BIT) {
    GEYSER_NEXT(state(), vkGetPhysicalDeviceExternalSemaphoreProperties)(device, info, properties);
    return;
  }
  const auto* type = find<VkSemaphoreTypeCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
  const bool timeline = type != nullptr && type->semaphoreType == VK_SEMAPHORE_TYPE_TIMELINE;
  // Direct3D's fences have values.
  const bool offered = !is_spoilt("no_semaphores") && (timeline ? !is_spoilt("no_timelines") : !fence);
  const VkFlags types = offered ? static_cast<VkFlags>(info->handleType) : VkFlags{0};
  properties->exportFromImportedHandleTypes = types;
  properties->compatibleHandleTypes = types;
  properties->externalSemaphoreFeatures =
      offered ? VkFlags{VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT}
              : VkFlags{0};
  if (offered && fence) properties->externalSemaphoreFeatures = VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
}

// On Windows a device has a LUID, which Wine 8 does not give lavapipe's.
VKAPI_ATTR void VKAPI_CALL device_properties(VkPhysicalDevice device, VkPhysicalDeviceProperties2* properties) {
  GEYSER_NEXT(state(), vkGetPhysicalDeviceProperties2)(device, properties);
  for (auto* one = static_cast<VkBaseOutStructure*>(properties->pNext); one != nullptr; one = one->pNext) {
    if (one->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES) continue;
    auto& id = *reinterpret_cast<VkPhysicalDeviceIDProperties*>(one);
    id.deviceLUIDValid = VK_TRUE;
    std::fill(std::begin(id.deviceLUID), std::end(id.deviceLUID), std::uint8_t{0});
    id.deviceLUID[0] = is_spoilt("other_luid") ? 2 : 1;
    id.deviceNodeMask = is_spoilt("other_node") ? 2 : 1;
  }
}

}  // namespace

PFN_vkVoidFunction property_function(std::string_view name) noexcept {
  const auto plain = [](auto function) { return reinterpret_cast<PFN_vkVoidFunction>(function); };
  if (name == "vkGetPhysicalDeviceImageFormatProperties2") return plain(&image_format_properties);
  if (name == "vkGetPhysicalDeviceExternalSemaphoreProperties") return plain(&semaphore_properties);
  if (name == "vkGetPhysicalDeviceProperties2") return plain(&device_properties);
  return nullptr;
}

}  // namespace geyser::test::interposer
