#include <geyser/host.hpp>

#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "host/texture.hpp"
#include "platform/host_fence.hpp"
#include "platform/sync_file.hpp"
#include "platform/sync_file_fence.hpp"

namespace geyser::host {

namespace {

Capabilities capabilities() {
  Capabilities result;
  result.api = Api::host;
  result.identity.device_name = "host memory";
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
    if (info.is_multi_planar() || info.has_depth || info.has_stencil) continue;
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
    const bool linear = agreement.tiling == Tiling::linear;
    const MemoryLayout layout =
        linear ? host_linear_layout(descriptor, agreement.row_alignment) : host_layout(descriptor);
    return HostTexture::create(descriptor, layout, capabilities().identity, diagnostics_);
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    return HostTexture::import(std::move(parcel), capabilities().identity, diagnostics_);
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind kind) override {
    if (kind == FenceKind::sync_file) return platform::create_sync_file_fence();
    return platform::create_host_fence();
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&& handle) override {
    if (handle.kind == FenceKind::sync_file) return platform::import_sync_file_fence(std::move(handle));
    return platform::import_host_fence(std::move(handle));
  }
  Result<void> do_copy(SharedTexture& from, SharedTexture& to) override {
    const auto source = static_cast<HostTexture&>(from).bytes();
    const auto target = static_cast<HostTexture&>(to).bytes();
    if (from.layout() == to.layout()) {
      std::memcpy(target.data(), source.data(), source.size());
      return {};
    }
    // Only textures of one subresource have another layout than the packed one.
    const HostSubresource read = host_subresource(from.descriptor(), from.layout(), 0, 0, 0);
    const HostSubresource write = host_subresource(to.descriptor(), to.layout(), 0, 0, 0);
    for (std::uint64_t row = 0; row < read.rows; ++row) {
      std::memcpy(target.data() + write.offset + row * write.row_stride,
                  source.data() + read.offset + row * read.row_stride, read.row_bytes);
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

Result<std::span<std::byte>> bytes(SharedTexture& texture) {
  if (texture.api() != Api::host) {
    return fail(ErrorCode::invalid_argument,
                detail::text("The texture is of API [", to_string(texture.api()), "], not [host]."));
  }
  return static_cast<HostTexture&>(texture).bytes();
}

}  // namespace geyser::host
