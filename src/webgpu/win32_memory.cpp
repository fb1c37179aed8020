#include <utility>

#include "common/text.hpp"
#include "webgpu/external_memory.hpp"
#include "webgpu/format.hpp"
#include "webgpu/win32_system.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

// Dawn opens the colours that DXGI has a format for: all of WebGPU's but compressed ones.
bool is_opened(const FormatInfo& info) noexcept {
  return !info.is_compressed() && !info.has_depth && !info.has_stencil;
}

}  // namespace

void add_shared_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  if (!device.has(WGPUFeatureName_SharedTextureMemoryDXGISharedHandle) || device.system().scout == nullptr ||
      !is_opened(format_info(row.format))) {
    return;
  }
  row.handle_kind = HandleKind::d3d_nt;
  row.tiling = Tiling::opaque;
  row.importable = true;
  row.max_extent = {device.limits().maxTextureDimension2D, device.limits().maxTextureDimension2D, 1};
  row.dimensions = dimension_bit(TextureDimension::two_d);
  rows.push_back(row);
}

Result<void> import_memory(Device& device, const ApiTextureHandle& parcel, TextureUsage, ImportedMemory& out) {
  const OwnedHandle& handle = parcel.handles[0];
  const System& system = device.system();
  if (auto takes = system.scout->try_texture(handle, parcel.descriptor, system.direct3d12); !takes) return takes;
  WGPUSharedTextureMemoryDXGISharedHandleDescriptor shared =
      WGPU_SHARED_TEXTURE_MEMORY_DXGI_SHARED_HANDLE_DESCRIPTOR_INIT;
  shared.handle = reinterpret_cast<void*>(handle.get());
  shared.useKeyedMutex = parcel.layout.keyed_mutex ? WGPU_TRUE : WGPU_FALSE;
  WGPUSharedTextureMemoryDescriptor info = WGPU_SHARED_TEXTURE_MEMORY_DESCRIPTOR_INIT;
  info.nextInChain = &shared.chain;
  return device.check("wgpuDeviceImportSharedTextureMemory", [&] {
    out.memory = device.functions().wgpuDeviceImportSharedTextureMemory(device.handle(), &info);
  });
}

// Textures are in D3D12_RESOURCE_STATE_COMMON between accesses, to which those with simultaneous access decay.
void with_begin_state(WGPUSharedTextureMemoryBeginAccessDescriptor&, const std::function<void()>& call) { call(); }

Result<void> with_end_state(WGPUSharedTextureMemoryEndAccessState&, const std::function<void()>& call) {
  call();
  return {};
}

}  // namespace geyser::webgpu
