#include "webgpu/win32_system.hpp"

#include <array>
#include <utility>

#include "webgpu/error.hpp"

namespace geyser::webgpu {

std::span<const char* const> library_names() noexcept {
  static constexpr std::array<const char*, 2> names{"webgpu_dawn.dll", "libwebgpu_dawn.dll"};
  return names;
}

// Microsoft's compilers' name, whose ABI Dawn's builds are of.
const char* feature_info_symbol() noexcept {
  return "?GetFeatureInfo@native@dawn@@YAPEBUFeatureInfo@12@W4FeatureName@wgpu@@@Z";
}

std::span<const NamedFeature> shared_features() noexcept {
  static constexpr std::array<NamedFeature, 2> features{{
      {WGPUFeatureName_SharedTextureMemoryDXGISharedHandle, "shared-texture-memory-dxgi-shared-handle"},
      {WGPUFeatureName_SharedFenceDXGISharedHandle, "shared-fence-dxgi-shared-handle"},
  }};
  return features;
}

std::span<const NamedStructure> shared_structures() noexcept {
  static constexpr std::array<NamedStructure, 2> structures{{
      {WGPUSType_SharedTextureMemoryDXGISharedHandleDescriptor, "SharedTextureMemoryDXGISharedHandleDescriptor"},
      {WGPUSType_SharedFenceDXGISharedHandleExportInfo, "SharedFenceDXGISharedHandleExportInfo"},
  }};
  return structures;
}

std::span<const WGPUFeatureName> wanted_of_memory() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedTextureMemoryDXGISharedHandle};
  return features;
}

std::span<const WGPUFeatureName> wanted_of_fences() noexcept {
  static constexpr std::array features{WGPUFeatureName_SharedFenceDXGISharedHandle};
  return features;
}

const char* backend_name() noexcept { return "Direct3D"; }

bool shares_on(WGPUBackendType backend) noexcept {
  return backend == WGPUBackendType_D3D12 || backend == WGPUBackendType_D3D11;
}

// By its LUID, so that who the adapter is needs no guess.
std::vector<AdapterChoice> adapter_choices(const DeviceSelection& selection) {
  std::vector<AdapterChoice> choices;
  for (const Direct3dAdapter& adapter : direct3d_adapters()) {
    if (selection.luid && *selection.luid != adapter.luid) continue;
    choices.push_back({WGPUBackendType_D3D12, WGPUPowerPreference_Undefined, adapter.luid});
  }
  return choices;
}

namespace {

// Dawn does not say the LUID of a device that somebody else made. Of two adapters alike nobody could say which it is.
std::optional<Luid> find_luid(const WGPUAdapterInfo& info) {
  std::optional<Luid> found;
  for (const Direct3dAdapter& adapter : direct3d_adapters()) {
    if (adapter.vendor != info.vendorID || adapter.device != info.deviceID || adapter.name != to_text(info.device)) {
      continue;
    }
    if (found) return std::nullopt;
    found = adapter.luid;
  }
  return found;
}

}  // namespace

std::shared_ptr<System> ask_system(const Loader&, const NativeDevice&, const WGPUAdapterInfo& info,
                                   const KnownDevice& known, DeviceIdentity& identity) {
  auto system = std::make_shared<System>();
  system->direct3d12 = info.backendType == WGPUBackendType_D3D12;
  const std::optional<Luid> luid = known.luid ? known.luid : find_luid(info);
  if (!luid) return system;
  identity.has_luid = true;
  identity.luid = *luid;
  identity.node_mask = 1;
  if (auto scout = open_direct3d_scout(*luid)) system->scout = *std::move(scout);
  return system;
}

}  // namespace geyser::webgpu
