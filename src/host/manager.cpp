#include <geyser/host.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "host/texture.hpp"
#include "platform/dma_buf.hpp"
#include "platform/drm_syncobj.hpp"
#include "platform/kernel_fence.hpp"
#include "platform/sync_file.hpp"

namespace geyser::host {

namespace {

// Dma-bufs with rows of pixels: any that a driver lets a CPU map can be opened, and they are made where the kernel
// makes them of memory.
TextureCapability dma_buf_row(const FormatInfo& info, bool exportable) {
  TextureCapability row;
  row.format = info.format;
  row.handle_kind = HandleKind::dma_buf;
  row.tiling = Tiling::drm_modifier;
  row.modifier = drm_modifier_linear;
  row.memory_plane_count = info.plane_count;
  row.exportable = exportable;
  row.importable = true;
  row.usages = all_texture_usages;
  row.dimensions = dimension_bit(TextureDimension::two_d);
  row.max_extent = {max_texture_extent, max_texture_extent, 1};
  return row;
}

// Rows at multiples of 256 bytes, planes one after another: more than any driver of today asks for (lavapipe: 64).
MemoryLayout dma_buf_layout(const TextureDescriptor& descriptor) {
  MemoryLayout layout = host_layout(descriptor);
  layout.tiling = Tiling::drm_modifier;
  layout.modifier = drm_modifier_linear;
  return layout;
}

Capabilities capabilities() {
  Capabilities result;
  const bool knows_dma_bufs = platform::knows_dma_bufs();
  const bool makes_dma_bufs = platform::makes_dma_bufs();
  result.api = Api::host;
  result.identity.device_name = "host memory";
  if (platform::has_drm_syncobjs()) result.fences.push_back({FenceKind::drm_syncobj, true, true, false});
  // What a CPU ends is done, so its sync files are those that are signalled already.
  if (platform::has_sync_files) result.fences.push_back({FenceKind::sync_file, true, true, false});
  result.fences.push_back({FenceKind::host_timeline, true, true, false});
  for (const FormatInfo& info : all_formats()) {
    TextureCapability row;
    row.format = info.format;
    row.handle_kind = HandleKind::host_memory;
    row.tiling = Tiling::host;
    row.memory_plane_count = info.plane_count;
    row.exportable = row.importable = true;
    row.usages = all_texture_usages;
    row.dimensions = 31;  // every TextureDimension
    row.max_extent = {max_texture_extent, max_texture_extent, max_texture_extent};
    row.max_mip_levels = 17;
    row.max_array_layers = max_array_layers;
    result.textures.push_back(row);
    // For those who use the memory in place.
    if (info.has_depth || info.has_stencil) continue;
    if (knows_dma_bufs) result.textures.push_back(dma_buf_row(info, makes_dma_bufs));
    if (info.is_multi_planar()) continue;
    row.tiling = Tiling::linear;
    row.row_alignment = 1;
    row.dimensions = dimension_bit(TextureDimension::two_d);
    row.max_extent.depth = 1;
    row.max_mip_levels = row.max_array_layers = 1;
    result.textures.push_back(row);
  }
  return result;
}

class HostManager final : public TextureShareManager {
 public:
  explicit HostManager(DiagnosticHandler diagnostics)
      : TextureShareManager(host::capabilities()), diagnostics_(std::move(diagnostics)) {}

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& descriptor,
                                                   const Agreement& agreement) override {
    const auto& modifiers = agreement.modifiers;
    MemoryLayout layout;
    if (agreement.tiling == Tiling::drm_modifier) {
      if (!modifiers.empty() && std::find(modifiers.begin(), modifiers.end(), drm_modifier_linear) == modifiers.end()) {
        return fail(GeyserError(ErrorCode::unsupported, "The agreement has no modifier that a CPU can write.")
                        .suggest(detail::text("modifier [", drm_modifier_linear, "]")));
      }
      layout = dma_buf_layout(descriptor);
    } else if (agreement.tiling == Tiling::linear) {
      layout = host_linear_layout(descriptor, agreement.row_alignment);
    } else {
      layout = host_layout(descriptor);
    }
    return HostTexture::create(descriptor, layout, capabilities().identity, diagnostics_);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return HostTexture::import(std::move(parcel), capabilities().identity, diagnostics_);
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    return platform::create_platform_fence(kind);
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    return platform::import_platform_fence(std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    auto& source = static_cast<HostTexture&>(from);
    auto& target = static_cast<HostTexture&>(to);
    if (from.layout().tiling == Tiling::host && to.layout().tiling == Tiling::host) {
      std::memcpy(target.bytes(0).data(), source.bytes(0).data(), source.bytes(0).size());
      return {};
    }
    // Only textures of one layer and one mip have another layout than the packed one.
    for (std::uint32_t plane = 0; plane < format_info(from.descriptor().format).plane_count; ++plane) {
      const HostSubresource read = host_subresource(from.descriptor(), from.layout(), plane, 0, 0);
      const HostSubresource write = host_subresource(to.descriptor(), to.layout(), plane, 0, 0);
      for (std::uint64_t row = 0; row < read.rows; ++row) {
        std::memcpy(target.bytes(plane).data() + write.offset + row * write.row_stride,
                    source.bytes(plane).data() + read.offset + row * read.row_stride, read.row_bytes);
      }
    }
    return {};
  }
  // Host memory belongs to no device: any host manager can export any host texture.
  bool owns(const SharedTexture& texture) const noexcept override { return texture.api() == Api::host; }

  DiagnosticHandler diagnostics_;
};

}  // namespace

Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options) {
  auto probe = platform::create_shared_memory(1);
  if (!probe) {
    return fail(
        GeyserError(ErrorCode::not_available, "The kernel makes no sealed shared memory.", probe.error().native()));
  }
  return std::make_unique<HostManager>(options.diagnostics);
}

Result<std::span<std::byte>> bytes(SharedTexture& texture, std::uint32_t plane) {
  if (texture.api() != Api::host) {
    return fail(ErrorCode::invalid_argument,
                detail::text("The texture is of API [", to_string(texture.api()), "], not [host]."));
  }
  const FormatInfo& info = format_info(texture.descriptor().format);
  if (plane >= info.plane_count) {
    return fail(ErrorCode::invalid_argument,
                detail::text("Plane [", plane, "] is none of the [", static_cast<std::uint32_t>(info.plane_count),
                             "] planes of format [", info.name, "]."));
  }
  return static_cast<HostTexture&>(texture).bytes(plane);
}

}  // namespace geyser::host
