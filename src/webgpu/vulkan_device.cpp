#include "webgpu/vulkan_device.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include "common/text.hpp"

namespace geyser::webgpu {

namespace {

// Two free functions of dawn::native::vulkan, declared in <dawn/native/VulkanBackend.h> and exported by shared builds
// of Dawn: GetInstance(WGPUDevice) and GetInstanceProcAddr(WGPUDevice, const char*), by their names in the C++ ABI.
constexpr const char* instance_symbol = "_ZN4dawn6native6vulkan11GetInstanceEP14WGPUDeviceImpl";
constexpr const char* procedure_symbol = "_ZN4dawn6native6vulkan19GetInstanceProcAddrEP14WGPUDeviceImplPKc";

bool is_wanted(const VkPhysicalDeviceProperties& known, const VulkanDevice::Wanted& wanted) {
  return known.vendorID == wanted.vendor && known.deviceID == wanted.device && known.deviceName == wanted.name &&
         (wanted.driver_version == 0 || known.driverVersion == wanted.driver_version);
}

}  // namespace

std::array<VkFormat, 2> view_formats(const WebGpuFormat& format) noexcept {
  if (format.vulkan == VK_FORMAT_G8_B8R8_2PLANE_420_UNORM) return {VK_FORMAT_R8_UNORM, VK_FORMAT_R8G8_UNORM};
  return {format.vulkan, VK_FORMAT_UNDEFINED};
}

VulkanDevice VulkanDevice::find(const Loader& loader, WGPUDevice device, const Wanted& wanted) {
  using GetInstance = VkInstance (*)(WGPUDevice);
  using GetProcedure = PFN_vkVoidFunction (*)(WGPUDevice, const char*);
  const auto get_instance = reinterpret_cast<GetInstance>(loader.library.symbol(instance_symbol));
  const auto get_procedure = reinterpret_cast<GetProcedure>(loader.library.symbol(procedure_symbol));
  if (get_instance == nullptr || get_procedure == nullptr) return {};
  PFN_vkEnumeratePhysicalDevices enumerate = nullptr;
  VulkanDevice found;
  const auto load = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(get_procedure(device, name));
    return function != nullptr;
  };
  if (!load(enumerate, "vkEnumeratePhysicalDevices") || !load(found.properties_, "vkGetPhysicalDeviceProperties2") ||
      !load(found.image_properties_, "vkGetPhysicalDeviceImageFormatProperties2") ||
      !load(found.create_device_, "vkCreateDevice") ||
      !load(found.extensions_, "vkEnumerateDeviceExtensionProperties") ||
      !load(found.get_device_procedure_, "vkGetDeviceProcAddr")) {
    return {};
  }
  std::uint32_t count = 0;
  if (enumerate(get_instance(device), &count, nullptr) != VK_SUCCESS) return {};
  std::vector<VkPhysicalDevice> devices(count);
  if (enumerate(get_instance(device), &count, devices.data()) != VK_SUCCESS) return {};
  std::size_t matches = 0;
  for (const VkPhysicalDevice physical : devices) {
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, nullptr, {}};
    found.properties_(physical, &properties);
    if (!is_wanted(properties.properties, wanted)) continue;
    ++matches;
    found.device_ = physical;
  }
  return matches == 1 ? found : VulkanDevice();
}

void VulkanDevice::identify(DeviceIdentity& identity) const {
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, nullptr, {}, {}, {}, {}};
  VkPhysicalDeviceIDProperties ids{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, &driver, {}, {}, {}, 0, VK_FALSE};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &ids, {}};
  properties_(device_, &properties);
  std::copy_n(ids.deviceUUID, identity.device_uuid.size(), identity.device_uuid.begin());
  std::copy_n(ids.driverUUID, identity.driver_uuid.size(), identity.driver_uuid.begin());
  identity.has_uuids = true;
  identity.driver_name = static_cast<const char*>(driver.driverName);
  if (driver.driverInfo[0] != '\0') {
    identity.driver_name += detail::text(" ", static_cast<const char*>(driver.driverInfo));
  }
}

std::optional<Extent3D> VulkanDevice::largest_dma_buf(const WebGpuFormat& format, VkImageUsageFlags usage,
                                                      std::uint64_t modifier) const {
  const auto views = view_formats(format);
  const VkImageFormatListCreateInfo list{VK_STRUCTURE_TYPE_IMAGE_FORMAT_LIST_CREATE_INFO, nullptr,
                                         views[1] != VK_FORMAT_UNDEFINED ? 2U : 1U, views.data()};
  const VkPhysicalDeviceImageDrmFormatModifierInfoEXT tiling{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_DRM_FORMAT_MODIFIER_INFO_EXT,
      &list,
      modifier,
      VK_SHARING_MODE_EXCLUSIVE,
      0,
      nullptr};
  const VkPhysicalDeviceExternalImageFormatInfo shared{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_IMAGE_FORMAT_INFO,
                                                       &tiling, VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT};
  const VkPhysicalDeviceImageFormatInfo2 question{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_IMAGE_FORMAT_INFO_2,
                                                  &shared,
                                                  format.vulkan,
                                                  VK_IMAGE_TYPE_2D,
                                                  VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
                                                  usage,
                                                  VK_IMAGE_CREATE_MUTABLE_FORMAT_BIT};
  VkExternalImageFormatProperties external{VK_STRUCTURE_TYPE_EXTERNAL_IMAGE_FORMAT_PROPERTIES, nullptr, {}};
  VkImageFormatProperties2 answer{VK_STRUCTURE_TYPE_IMAGE_FORMAT_PROPERTIES_2, &external, {}};
  if (image_properties_(device_, &question, &answer) != VK_SUCCESS) return std::nullopt;
  if ((external.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) == 0) {
    return std::nullopt;
  }
  const VkExtent3D& largest = answer.imageFormatProperties.maxExtent;
  return Extent3D{largest.width, largest.height, 1};
}

}  // namespace geyser::webgpu
