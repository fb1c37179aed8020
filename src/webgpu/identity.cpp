// Who the device is. Dawn says names and numbers of its adapter, no UUIDs: those come from its Vulkan instance.
#include <vulkan/vulkan_core.h>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "webgpu/device.hpp"
#include "webgpu/error.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

// Two free functions of dawn::native::vulkan, declared in <dawn/native/VulkanBackend.h> and exported by shared builds
// of Dawn: GetInstance(WGPUDevice) and GetInstanceProcAddr(WGPUDevice, const char*), by their names in the C++ ABI. A
// library without them leaves the UUIDs unknown.
constexpr const char* instance_symbol = "_ZN4dawn6native6vulkan11GetInstanceEP14WGPUDeviceImpl";
constexpr const char* procedure_symbol = "_ZN4dawn6native6vulkan19GetInstanceProcAddrEP14WGPUDeviceImplPKc";

struct Wanted {
  std::uint32_t vendor = 0;
  std::uint32_t device = 0;
  std::uint32_t driver_version = 0;  // 0: not known
  std::string name;
};

// Fills the UUIDs when exactly one of the instance's devices is the wanted one: of two alike nobody could say which.
void ask_vulkan(const Loader& loader, WGPUDevice device, const Wanted& wanted, DeviceIdentity& identity) {
  using GetInstance = VkInstance (*)(WGPUDevice);
  using GetProcedure = PFN_vkVoidFunction (*)(WGPUDevice, const char*);
  const auto get_instance = reinterpret_cast<GetInstance>(loader.library.symbol(instance_symbol));
  const auto get_procedure = reinterpret_cast<GetProcedure>(loader.library.symbol(procedure_symbol));
  if (get_instance == nullptr || get_procedure == nullptr) return;
  const auto enumerate =
      reinterpret_cast<PFN_vkEnumeratePhysicalDevices>(get_procedure(device, "vkEnumeratePhysicalDevices"));
  const auto properties_of =
      reinterpret_cast<PFN_vkGetPhysicalDeviceProperties2>(get_procedure(device, "vkGetPhysicalDeviceProperties2"));
  if (enumerate == nullptr || properties_of == nullptr) return;
  std::uint32_t count = 0;
  if (enumerate(get_instance(device), &count, nullptr) != VK_SUCCESS) return;
  std::vector<VkPhysicalDevice> devices(count);
  if (enumerate(get_instance(device), &count, devices.data()) != VK_SUCCESS) return;
  std::size_t matches = 0;
  for (const VkPhysicalDevice physical : devices) {
    VkPhysicalDeviceDriverProperties driver{
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES, nullptr, {}, {}, {}, {}};
    VkPhysicalDeviceIDProperties ids{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, &driver, {}, {}, {}, 0, VK_FALSE};
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &ids, {}};
    properties_of(physical, &properties);
    const VkPhysicalDeviceProperties& known = properties.properties;
    if (known.vendorID != wanted.vendor || known.deviceID != wanted.device || known.deviceName != wanted.name ||
        (wanted.driver_version != 0 && known.driverVersion != wanted.driver_version)) {
      continue;
    }
    ++matches;
    std::copy_n(ids.deviceUUID, identity.device_uuid.size(), identity.device_uuid.begin());
    std::copy_n(ids.driverUUID, identity.driver_uuid.size(), identity.driver_uuid.begin());
    identity.driver_name = static_cast<const char*>(driver.driverName);
    if (driver.driverInfo[0] != '\0') identity.driver_name += text(" ", static_cast<const char*>(driver.driverInfo));
  }
  identity.has_uuids = matches == 1;
  if (!identity.has_uuids) identity.device_uuid = identity.driver_uuid = {};
}

}  // namespace

Result<DeviceIdentity> identify(const Loader& loader, WGPUAdapter adapter, WGPUDevice device) {
  const Functions& wgpu = loader.functions;
  WGPUAdapterPropertiesVk vulkan = WGPU_ADAPTER_PROPERTIES_VK_INIT;
  WGPUAdapterInfo info = WGPU_ADAPTER_INFO_INIT;
  if (wgpu.wgpuAdapterHasFeature(adapter, WGPUFeatureName_AdapterPropertiesVk)) info.nextInChain = &vulkan.chain;
  if (wgpu.wgpuAdapterGetInfo(adapter, &info) != WGPUStatus_Success) {
    return fail(make_status_error("wgpuAdapterGetInfo"));
  }
  const bool is_vulkan = info.backendType == WGPUBackendType_Vulkan;
  const Wanted wanted{info.vendorID, info.deviceID, vulkan.driverVersion, to_text(info.device)};
  DeviceIdentity identity;
  identity.device_name = wanted.name;
  identity.driver_name = to_text(info.description);
  wgpu.wgpuAdapterInfoFreeMembers(info);
  if (!is_vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The device [", wanted.name, "] is not one of Dawn's Vulkan backend."));
  }
  ask_vulkan(loader, device, wanted, identity);
  return identity;
}

}  // namespace geyser::webgpu
