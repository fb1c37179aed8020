// What differs between the systems that Dawn runs on, in one file for each: fd_system.cpp (Linux, on Vulkan),
// win32_system.cpp (Windows, on Direct3D), metal_system.cpp (Apple's, on Metal). external_memory.hpp and
// external_fence.hpp are divided in the same way.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <webgpu/webgpu.h>

#include <geyser/webgpu.hpp>

#include "webgpu/loader.hpp"

namespace geyser::webgpu {

// What is kept of the device behind Dawn's; complete in <system>_system.hpp.
struct System;

struct NamedFeature {
  WGPUFeatureName feature;
  std::string_view name;
};
struct NamedStructure {
  WGPUSType type;
  std::string_view name;
};

// Dawn's library, best name first.
std::span<const char* const> library_names() noexcept;
// dawn::native::GetFeatureInfo(wgpu::FeatureName) by its name in the C++ ABI of this system's builds.
const char* feature_info_symbol() noexcept;
// Features and structures of this system's sharing, whose numbers are compared with the library's. Structures are asked
// about where they do not belong: none of them may describe a fence to import.
std::span<const NamedFeature> shared_features() noexcept;
std::span<const NamedStructure> shared_structures() noexcept;
// To enable, all that the adapter has; and of fences, best first, the first one that it has.
std::span<const WGPUFeatureName> wanted_of_memory() noexcept;
std::span<const WGPUFeatureName> wanted_of_fences() noexcept;

// Of Dawn's backends the one for new devices, and whether devices of `backend` are wrapped.
const char* backend_name() noexcept;
bool shares_on(WGPUBackendType backend) noexcept;
// What to ask Dawn's instance for.
struct AdapterChoice {
  WGPUBackendType backend = WGPUBackendType_Undefined;
  WGPUPowerPreference power = WGPUPowerPreference_Undefined;
  std::optional<Luid> luid;  // Windows: exactly that adapter
};
std::vector<AdapterChoice> adapter_choices(const DeviceSelection& selection);

struct KnownDevice {
  std::optional<DeviceUuids> uuids;
  std::optional<Luid> luid;
  void* metal_device = nullptr;
};
// Asks the system of the device what Dawn does not say, and fills in `identity`. `known`: what the caller said, or what
// the adapter was asked for by.
std::shared_ptr<System> ask_system(const Loader& loader, const NativeDevice& native, const WGPUAdapterInfo& info,
                                   const KnownDevice& known, DeviceIdentity& identity);

}  // namespace geyser::webgpu
