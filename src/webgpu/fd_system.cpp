#include "webgpu/fd_system.hpp"

#include <array>

#include "webgpu/error.hpp"

namespace geyser::webgpu {

std::span<const char* const> library_names() noexcept {
  static constexpr std::array<const char*, 2> names{"libwebgpu_dawn.so.0", "libwebgpu_dawn.so"};
  return names;
}

const char* feature_info_symbol() noexcept { return "_ZN4dawn6native14GetFeatureInfoEN4wgpu11FeatureNameE"; }

std::span<const NamedFeature> shared_features() noexcept {
  static constexpr std::array<NamedFeature, 7> features{{
      {WGPUFeatureName_AdapterPropertiesVk, "adapter-properties-vk"},
      {WGPUFeatureName_SharedTextureMemoryDmaBuf, "shared-texture-memory-dma-buf"},
      {WGPUFeatureName_SharedTextureMemoryOpaqueFD, "shared-texture-memory-opaque-fd"},
      {WGPUFeatureName_SharedFenceVkSemaphoreOpaqueFD, "shared-fence-vk-semaphore-opaque-fd"},
      {WGPUFeatureName_SharedFenceSyncFD, "shared-fence-sync-fd"},
      {WGPUFeatureName_AdapterPropertiesDrm, "adapter-properties-drm"},
      {WGPUFeatureName_DawnDrmFormatCapabilities, "dawn-drm-format-capabilities"},
  }};
  return features;
}

std::span<const NamedStructure> shared_structures() noexcept {
  static constexpr std::array<NamedStructure, 8> structures{{
      {WGPUSType_SharedTextureMemoryOpaqueFDDescriptor, "SharedTextureMemoryOpaqueFDDescriptor"},
      {WGPUSType_SharedTextureMemoryDmaBufDescriptor, "SharedTextureMemoryDmaBufDescriptor"},
      {WGPUSType_SharedTextureMemoryVkImageLayoutBeginState, "SharedTextureMemoryVkImageLayoutBeginState"},
      {WGPUSType_SharedTextureMemoryVkImageLayoutEndState, "SharedTextureMemoryVkImageLayoutEndState"},
      {WGPUSType_SharedFenceVkSemaphoreOpaqueFDExportInfo, "SharedFenceVkSemaphoreOpaqueFDExportInfo"},
      {WGPUSType_SharedFenceSyncFDExportInfo, "SharedFenceSyncFDExportInfo"},
      {WGPUSType_AdapterPropertiesVk, "AdapterPropertiesVk"},
      {WGPUSType_DawnDrmFormatCapabilities, "DawnDrmFormatCapabilities"},
  }};
  return structures;
}

std::span<const WGPUFeatureName> wanted_of_memory() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedTextureMemoryOpaqueFD,
                                       WGPUFeatureName_SharedTextureMemoryDmaBuf, WGPUFeatureName_AdapterPropertiesVk,
                                       WGPUFeatureName_DawnDrmFormatCapabilities};
  return features;
}

// Dawn ends accesses with sync files when both are enabled, and only opaque semaphores can be passed on to fences of
// other kinds by every allocator.
std::span<const WGPUFeatureName> wanted_of_fences() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedFenceVkSemaphoreOpaqueFD,
                                       WGPUFeatureName_SharedFenceSyncFD};
  return features;
}

const char* backend_name() noexcept { return "Vulkan"; }

bool shares_on(WGPUBackendType backend) noexcept { return backend == WGPUBackendType_Vulkan; }

std::vector<AdapterChoice> adapter_choices(const DeviceSelection&) {
  return {{WGPUBackendType_Vulkan, WGPUPowerPreference_HighPerformance, std::nullopt},
          {WGPUBackendType_Vulkan, WGPUPowerPreference_LowPower, std::nullopt}};
}

std::shared_ptr<System> ask_system(const Loader& loader, const NativeDevice& native, const WGPUAdapterInfo& info,
                                   const KnownDevice& known, DeviceIdentity& identity) {
  const Functions& wgpu = loader.functions;
  WGPUAdapterPropertiesVk vulkan = WGPU_ADAPTER_PROPERTIES_VK_INIT;
  if (wgpu.wgpuAdapterHasFeature(native.adapter, WGPUFeatureName_AdapterPropertiesVk)) {
    WGPUAdapterInfo more = WGPU_ADAPTER_INFO_INIT;
    more.nextInChain = &vulkan.chain;
    if (wgpu.wgpuAdapterGetInfo(native.adapter, &more) == WGPUStatus_Success) wgpu.wgpuAdapterInfoFreeMembers(more);
  }
  auto system = std::make_shared<System>();
  const VulkanDevice::Wanted wanted{info.vendorID, info.deviceID, vulkan.driverVersion, to_text(info.device)};
  system->vulkan = VulkanDevice::find(loader, native.device, wanted);
  if (system->vulkan.has_value()) system->vulkan.identify(identity);
  if (known.uuids) {
    identity.has_uuids = true;
    identity.device_uuid = known.uuids->device;
    identity.driver_uuid = known.uuids->driver;
  }
  return system;
}

}  // namespace geyser::webgpu
