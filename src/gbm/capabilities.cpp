#include "gbm/capabilities.hpp"

#include <algorithm>
#include <vector>

#include "gbm/buffer.hpp"
#include "platform/drm_syncobj.hpp"

namespace geyser::gbm {

Capabilities probe_capabilities(const Device& device, std::span<const std::uint64_t> modifiers) {
  Capabilities result;
  result.api = Api::gbm;
  result.identity = device.identity();
  if (platform::has_drm_syncobjs()) result.fences.push_back({FenceKind::drm_syncobj, true, true, false});
  result.fences.push_back({FenceKind::sync_file, true, true, false});
  result.fences.push_back({FenceKind::host_timeline, true, true, false});
  std::vector<std::uint64_t> tried(modifiers.begin(), modifiers.end());
  if (std::find(tried.begin(), tried.end(), drm_modifier_linear) == tried.end()) tried.push_back(drm_modifier_linear);
  for (const FormatInfo& info : all_formats()) {
    if (info.drm_fourcc == 0 ||
        device.functions().gbm_device_is_format_supported(device.handle(), info.drm_fourcc, device.use()) == 0) {
      continue;
    }
    TextureDescriptor small;
    small.format = info.format;
    small.extent = {64, 64, 1};
    for (const std::uint64_t modifier : tried) {
      if (modifier == drm_modifier_invalid) continue;
      const auto made = allocate(device, small, {&modifier, 1});
      if (!made) continue;
      TextureCapability row;
      row.format = info.format;
      row.handle_kind = HandleKind::dma_buf;
      row.tiling = Tiling::drm_modifier;
      row.modifier = modifier;
      row.memory_plane_count = made->layout.plane_count;
      row.exportable = true;
      row.usages = all_texture_usages;
      row.dimensions = dimension_bit(TextureDimension::two_d);
      row.max_extent = {max_texture_extent, max_texture_extent, 1};
      result.textures.push_back(row);
    }
  }
  return result;
}

}  // namespace geyser::gbm
