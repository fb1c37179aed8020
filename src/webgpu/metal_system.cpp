#include "webgpu/metal_system.hpp"

#include <array>

#include "surface/shared_event.hpp"

namespace geyser::webgpu {

namespace {

// dawn::native::metal::GetMTLDevice(WGPUDevice), declared in <dawn/native/MetalBackend.h>, by its name in the C++ ABI.
constexpr const char* device_symbol = "_ZN4dawn6native5metal12GetMTLDeviceEP14WGPUDeviceImpl";

}  // namespace

std::span<const char* const> library_names() noexcept {
  static constexpr std::array<const char*, 2> names{"libwebgpu_dawn.dylib", "@rpath/libwebgpu_dawn.dylib"};
  return names;
}

const char* feature_info_symbol() noexcept { return "_ZN4dawn6native14GetFeatureInfoEN4wgpu11FeatureNameE"; }

std::span<const NamedFeature> shared_features() noexcept {
  static constexpr std::array<NamedFeature, 2> features{{
      {WGPUFeatureName_SharedTextureMemoryIOSurface, "shared-texture-memory-io-surface"},
      {WGPUFeatureName_SharedFenceMTLSharedEvent, "shared-fence-mtl-shared-event"},
  }};
  return features;
}

std::span<const NamedStructure> shared_structures() noexcept {
  static constexpr std::array<NamedStructure, 2> structures{{
      {WGPUSType_SharedTextureMemoryIOSurfaceDescriptor, "SharedTextureMemoryIOSurfaceDescriptor"},
      {WGPUSType_SharedFenceMTLSharedEventExportInfo, "SharedFenceMTLSharedEventExportInfo"},
  }};
  return structures;
}

std::span<const WGPUFeatureName> wanted_of_memory() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedTextureMemoryIOSurface};
  return features;
}

std::span<const WGPUFeatureName> wanted_of_fences() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedFenceMTLSharedEvent};
  return features;
}

const char* backend_name() noexcept { return "Metal"; }

bool shares_on(WGPUBackendType backend) noexcept { return backend == WGPUBackendType_Metal; }

std::vector<AdapterChoice> adapter_choices(const DeviceSelection&) {
  return {{WGPUBackendType_Metal, WGPUPowerPreference_HighPerformance, std::nullopt},
          {WGPUBackendType_Metal, WGPUPowerPreference_LowPower, std::nullopt}};
}

std::shared_ptr<System> ask_system(const Loader& loader, const NativeDevice& native, const WGPUAdapterInfo&,
                                   const KnownDevice& known, DeviceIdentity& identity) {
  using GetDevice = void* (*)(WGPUDevice);
  auto system = std::make_shared<System>();
  system->device = known.metal_device;
  const auto get_device = reinterpret_cast<GetDevice>(loader.library.symbol(device_symbol));
  if (system->device == nullptr && get_device != nullptr) system->device = get_device(native.device);
  if (system->device != nullptr) identity.metal_registry_id = surface::registry_id(system->device);
  return system;
}

}  // namespace geyser::webgpu
