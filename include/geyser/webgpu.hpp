// WebGPU through native Dawn, by its C API with SharedTextureMemory and SharedFence, on Vulkan (Linux), Direct3D
// (Windows) and Metal (Apple's systems). Dawn is loaded at run time: nothing links it. <webgpu/webgpu.h> is Dawn's; its
// numbers change from version to version, so header and library must be of one version, which is checked
// (version_mismatch).
//
// Handle kinds: opaque_fd (SharedTextureMemoryOpaqueFD), dma_buf (SharedTextureMemoryDmaBuf: by modifier, planes in one
// buffer, nv12 to read only), host_memory (copied). Fence kinds: host_timeline; sync_file where the device was made
// with SharedFenceSyncFD; with an allocator (use_allocator(), a Vulkan manager of the same device) also
// opaque_fd_binary and opaque_fd_timeline. Windows: d3d_nt (SharedTextureMemoryDXGISharedHandle) of the same adapter,
// and with a Direct3D 12 or 11 manager as allocator d3d12_fence. Apple's: io_surface (SharedTextureMemoryIOSurface),
// and with a Metal manager metal_shared_event. A texture with a keyed mutex (MemoryLayout::keyed_mutex) is a risk: Dawn
// takes the mutex in every submission that uses the texture, without a limit that anybody could set. While another
// holds it wgpuQueueSubmit() and end_access() hang, whatever wait_timeout() says; if the holder dies the device is
// lost. Agree on d3d12_fence instead. Dawn opens memory of others and makes none: to publish without a copy a manager
// needs that allocator, too. Ownership: Dawn duplicates the descriptors that it is given; Geyser closes its own; of a
// texture that is dropped Dawn keeps them until the device is ticked (wgpuDeviceTick, wgpuInstanceProcessEvents), which
// is the program's to do, once a frame. Threads: every call on a manager, its textures and its fences comes from one
// thread at a time, and not while another thread uses the device, unless that was made with
// ImplicitDeviceSynchronization. Inside an access the texture may be used by what is submitted to the queue; command
// buffers may be recorded before. Geyser ends each access with a copy of one texel into a buffer of its own: on Vulkan
// it brings the image into the GENERAL layout, in which published textures are. Specifications: Dawn,
// docs/dawn/features/shared_texture_memory.md and shared_fence.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <webgpu/webgpu.h>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::webgpu {

// An adapter of Windows.
using Luid = std::array<std::uint8_t, 8>;

// Which adapter create_manager picks: the first, of those that Dawn gives for each power preference, that fits.
struct DeviceSelection {
  std::string name_contains;        // case-sensitive
  std::optional<Uuid> device_uuid;  // Linux
  std::optional<Luid> luid;         // Windows: DeviceIdentity::luid
};

struct Options {
  DeviceSelection device;
  DiagnosticHandler diagnostics;  // uncaptured errors of the device, too
};

// Makes an instance and a device of its own, on Vulkan, Direct3D 12 or Metal, with what device_requirements() says and
// the formats that the adapter has. Errors: not_available (no Dawn, no adapter that fits: each one is named),
// version_mismatch.
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

using GetProcAddress = WGPUProc (*)(WGPUStringView name);

// Dawn does not say a device's UUIDs. Geyser asks the Vulkan instance of a Dawn that exports how to get at it, as
// Debian's does; with another one a caller who knows them can say them.
struct DeviceUuids {
  Uuid device{};
  Uuid driver{};
};

// The caller's device, on Vulkan, Direct3D 12 or 11, or Metal; it stays the caller's, who must keep it until everything
// made here is gone.
struct WrapOptions {
  WGPUDevice device = nullptr;
  // wgpuGetProcAddress of the Dawn that made the device; null: libwebgpu_dawn's.
  GetProcAddress get_proc_address = nullptr;
  std::optional<DeviceUuids> uuids;
  // Windows: the LUID of its adapter. Without it that of DXGI's one adapter with Dawn's numbers and name.
  std::optional<Luid> luid;
  // Apple's: its id<MTLDevice> (dawn::native::metal::GetMTLDevice), which Geyser finds where libwebgpu_dawn exports
  // that function. Borrowed as the device is.
  void* metal_device = nullptr;
  DiagnosticHandler diagnostics;
};
// Errors: invalid_argument (a null device, a backend of Dawn's that shares nothing on this system), not_available (no
// Dawn, a missing function), version_mismatch.
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options);

// What to enable when making a device that Geyser will wrap: the subset of Geyser's list that the adapter has. Without
// the features of shared memory and fences such a device can only copy.
[[nodiscard]] GEYSER_API Result<std::vector<WGPUFeatureName>> device_requirements(
    WGPUAdapter adapter, GetProcAddress get_proc_address = nullptr);

// Borrowed native objects; valid as long as the manager or texture.
struct NativeDevice {
  WGPUInstance instance = nullptr;
  WGPUAdapter adapter = nullptr;
  WGPUDevice device = nullptr;
  WGPUQueue queue = nullptr;
};
struct NativeTexture {
  WGPUTexture texture = nullptr;
  WGPUTextureFormat format = WGPUTextureFormat_Undefined;
  WGPUTextureUsage usage = WGPUTextureUsage_None;
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);

// WebGPU functions for callers that do not link Dawn either. Null when absent.
[[nodiscard]] GEYSER_API WGPUProc get_procedure(const TextureShareManager& manager, const char* name);

}  // namespace geyser::webgpu
