#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "surface/surface.hpp"
#include "webgpu/external_fence.hpp"
#include "webgpu/external_memory.hpp"
#include "webgpu/metal_system.hpp"

namespace geyser::webgpu {

using detail::text;
using surface::Surface;

namespace {

// What Dawn makes of a surface's name. Not here: 'l10r', which it takes for rgb10a2 although blue is lowest, floats of
// 32 bits and srgb, of which it knows no names.
constexpr std::array opened{
    TextureFormat::r8_unorm,     TextureFormat::rg8_unorm,  TextureFormat::rgba8_unorm, TextureFormat::bgra8_unorm,
    TextureFormat::r16_unorm,    TextureFormat::rg16_unorm, TextureFormat::r16_float,   TextureFormat::rg16_float,
    TextureFormat::rgba16_float, TextureFormat::nv12,
};

}  // namespace

void add_shared_rows(const Device& device, TextureCapability row, std::vector<TextureCapability>& rows) {
  if (!device.has(WGPUFeatureName_SharedTextureMemoryIOSurface) || !ends_accesses(device) ||
      std::find(opened.begin(), opened.end(), row.format) == opened.end()) {
    return;
  }
  row.handle_kind = HandleKind::io_surface;
  row.tiling = Tiling::linear;
  row.memory_plane_count = format_info(row.format).plane_count;
  row.importable = true;
  row.max_extent = {device.limits().maxTextureDimension2D, device.limits().maxTextureDimension2D, 1};
  row.dimensions = dimension_bit(TextureDimension::two_d);
  rows.push_back(row);
}

// Dawn retains the surface; that it counts as in use is Geyser's to say.
Result<void> import_memory(Device& device, const ApiTextureHandle& parcel, TextureUsage usages, ImportedMemory& out) {
  auto opened_surface = Surface::open(parcel.handles[0]);
  if (!opened_surface) return fail(std::move(opened_surface.error()));
  auto surface = std::make_shared<Surface>(*std::move(opened_surface));
  if (auto fits = surface->check(parcel.descriptor); !fits) return fits;
  WGPUSharedTextureMemoryIOSurfaceDescriptor shared = WGPU_SHARED_TEXTURE_MEMORY_IO_SURFACE_DESCRIPTOR_INIT;
  shared.ioSurface = surface->get();
  shared.allowStorageBinding = contains(usages, TextureUsage::storage) ? WGPU_TRUE : WGPU_FALSE;
  WGPUSharedTextureMemoryDescriptor info = WGPU_SHARED_TEXTURE_MEMORY_DESCRIPTOR_INIT;
  info.nextInChain = &shared.chain;
  out.keep = surface;
  return device.check("wgpuDeviceImportSharedTextureMemory", [&] {
    out.memory = device.functions().wgpuDeviceImportSharedTextureMemory(device.handle(), &info);
  });
}

void with_begin_state(WGPUSharedTextureMemoryBeginAccessDescriptor&, const std::function<void()>& call) { call(); }

// That Dawn's commands are scheduled, which SharedTextureMemoryMetalEndAccessState tells, matters to who uses the
// surface without waiting; everybody here waits for the event, or the CPU has waited for the queue.
Result<void> with_end_state(WGPUSharedTextureMemoryEndAccessState&, const std::function<void()>& call) {
  call();
  return {};
}

}  // namespace geyser::webgpu
