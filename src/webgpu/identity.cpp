// Who the device is. Dawn says names and numbers of its adapter, no UUIDs: those come from its Vulkan instance.
#include <utility>

#include "common/text.hpp"
#include "webgpu/device.hpp"
#include "webgpu/error.hpp"

namespace geyser::webgpu {

using detail::text;

Result<DeviceIdentity> identify(const Loader& loader, WGPUAdapter adapter, WGPUDevice device,
                                VulkanDevice& vulkan_device) {
  const Functions& wgpu = loader.functions;
  WGPUAdapterPropertiesVk vulkan = WGPU_ADAPTER_PROPERTIES_VK_INIT;
  WGPUAdapterInfo info = WGPU_ADAPTER_INFO_INIT;
  if (wgpu.wgpuAdapterHasFeature(adapter, WGPUFeatureName_AdapterPropertiesVk)) info.nextInChain = &vulkan.chain;
  if (wgpu.wgpuAdapterGetInfo(adapter, &info) != WGPUStatus_Success) {
    return fail(make_status_error("wgpuAdapterGetInfo"));
  }
  const bool is_vulkan = info.backendType == WGPUBackendType_Vulkan;
  const VulkanDevice::Wanted wanted{info.vendorID, info.deviceID, vulkan.driverVersion, to_text(info.device)};
  DeviceIdentity identity;
  identity.device_name = wanted.name;
  identity.driver_name = to_text(info.description);
  wgpu.wgpuAdapterInfoFreeMembers(info);
  if (!is_vulkan) {
    return fail(ErrorCode::invalid_argument,
                text("The device [", wanted.name, "] is not one of Dawn's Vulkan backend."));
  }
  vulkan_device = VulkanDevice::find(loader, device, wanted);
  if (vulkan_device.has_value()) vulkan_device.identify(identity);
  return identity;
}

}  // namespace geyser::webgpu
