// The checked front of managers: descriptors, agreements, parcels and fences are validated here, whole.
#include <geyser/manager.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/capability_check.hpp"
#include "common/fence_limits.hpp"
#include "common/text.hpp"

namespace geyser {

using detail::Direction;
using detail::text;

TextureShareManager::~TextureShareManager() = default;

Result<std::unique_ptr<SharedTexture>> TextureShareManager::create_texture(const TextureDescriptor& descriptor,
                                                                           const Agreement& agreement) {
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()).during("creating a texture"));
  auto row = detail::find_row(capabilities_, descriptor, agreement.handle_kind, agreement.tiling, Direction::make);
  if (!row) return fail(std::move(row.error()).during("creating a texture"));
  if (agreement.disjoint && !detail::can_be_disjoint(capabilities_, descriptor, agreement.handle_kind)) {
    return fail(GeyserError(ErrorCode::unsupported,
                            text("API [", to_string(capabilities_.api), "] on this device makes no texture of format [",
                                 to_string(descriptor.format), "] as [", to_string(agreement.handle_kind),
                                 "] with a buffer for each plane."))
                    .during("creating a texture"));
  }
  Agreement checked = agreement;
  checked.dedicated = agreement.dedicated || (*row)->requires_dedicated;
  checked.mutable_format = agreement.mutable_format || (*row)->requires_mutable_format;
  const bool own = static_cast<std::size_t>(*row - capabilities_.textures.data()) < own_rows_;
  auto texture = own ? do_create(descriptor, checked) : allocate_texture(descriptor, checked);
  if (!texture) return fail(std::move(texture.error()).during(text("creating texture [", to_string(descriptor), "]")));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> TextureShareManager::create_texture(const TextureDescriptor& descriptor,
                                                                           HandleKind kind) {
  Agreement agreement;
  agreement.handle_kind = kind;
  const bool copied = kind == HandleKind::host_memory && capabilities_.api != Api::host;
  agreement.path = copied ? SharePath::host_copy : SharePath::zero_copy;
  agreement.tiling = detail::usual_tiling(kind);
  // Where only rows can be made (CUDA), they are what the kind means.
  const auto tiled = detail::find_row(capabilities_, descriptor, kind, agreement.tiling, Direction::make);
  const auto rows = detail::find_row(capabilities_, descriptor, kind, Tiling::linear, Direction::make);
  if (kind == HandleKind::opaque_fd && !tiled && rows) {
    agreement.tiling = Tiling::linear;
    agreement.row_alignment = (*rows)->row_alignment != 1 ? (*rows)->row_alignment : 256;
  }
  return create_texture(descriptor, agreement);
}

Result<ApiTextureHandle> TextureShareManager::export_texture(SharedTexture& texture) {
  if (texture.api() != capabilities_.api || !owns(texture)) {
    return fail(ErrorCode::invalid_argument,
                text("The texture of API [", to_string(texture.api()), "] was not made by this manager of API [",
                     to_string(capabilities_.api), "]."));
  }
  // An allocated texture is exported where its memory was made.
  SharedTexture& maker = texture.origin_ != nullptr ? *texture.origin_ : texture;
  auto parcel = maker.do_export(maker.handle_kind());
  if (!parcel) {
    return fail(std::move(parcel.error()).during(text("exporting texture [", to_string(texture.descriptor()), "]")));
  }
  return parcel;
}

Result<std::unique_ptr<SharedTexture>> TextureShareManager::import_shared_texture(ApiTextureHandle&& parcel) {
  const auto refuse = [](GeyserError&& error) { return fail(std::move(error).during("importing a texture")); };
  // Owned from here on: whatever fails below closes the handles.
  ApiTextureHandle owned = std::move(parcel);
  if (auto valid = validate(owned.descriptor); !valid) return refuse(std::move(valid.error()));
  if (owned.handle_count == 0 || owned.handle_count > owned.handles.size()) {
    return refuse({ErrorCode::invalid_handle, text("The parcel has [", owned.handle_count,
                                                   "] handles, outside [1] to [", owned.handles.size(), "].")});
  }
  for (std::uint32_t i = 0; i < owned.handles.size(); ++i) {
    const OwnedHandle& handle = owned.handles[i];
    const bool wanted = i < owned.handle_count;
    if (wanted && (!handle.has_value() || handle.kind() != owned.kind)) {
      return refuse({ErrorCode::invalid_handle,
                     text("Handle [", i, "] is [", handle.has_value() ? to_string(handle.kind()) : "empty",
                          "], but the parcel says [", to_string(owned.kind), "].")});
    }
    if (!wanted && handle.has_value()) {
      return refuse({ErrorCode::invalid_handle,
                     text("Handle [", i, "] is beyond the parcel's handle_count [", owned.handle_count, "].")});
    }
  }
  if (auto valid = validate(owned.layout, owned.descriptor, owned.handle_count); !valid) {
    return refuse(std::move(valid.error()));
  }
  auto row = detail::find_row(capabilities_, owned);
  if (!row) return refuse(std::move(row.error()));
  const bool opaque = owned.kind == HandleKind::opaque_fd || owned.kind == HandleKind::opaque_win32 ||
                      owned.kind == HandleKind::opaque_win32_kmt;
  if (opaque && !same_device_and_driver(owned.identity, capabilities_.identity) &&
      find_peer(capabilities_, owned.identity) == nullptr) {
    return refuse(GeyserError(ErrorCode::incompatible_device,
                              text("The texture is on [", to_string(owned.identity), "], but this manager is on [",
                                   to_string(capabilities_.identity), "]."))
                      .suggest("handle kind [host_memory]"));
  }
  const bool direct3d = owned.kind == HandleKind::d3d_nt || owned.kind == HandleKind::d3d_kmt;
  if (direct3d && !same_adapter(owned.identity, capabilities_.identity)) {
    return refuse(GeyserError(ErrorCode::incompatible_device,
                              text("The texture is on [", to_string(owned.identity), "], but this manager is on [",
                                   to_string(capabilities_.identity), "], an adapter of another or no LUID."))
                      .suggest("handle kind [host_memory]"));
  }
  const std::string name = to_string(owned.descriptor);
  auto texture = do_import(std::move(owned));
  if (!texture) return fail(std::move(texture.error()).during(text("importing texture [", name, "]")));
  return texture;
}

namespace {

HandleKind handle_kind_of(FenceKind kind) {
  switch (kind) {
    case FenceKind::opaque_fd_timeline:
    case FenceKind::opaque_fd_binary:
      return HandleKind::opaque_fd;
    case FenceKind::sync_file:
      return HandleKind::sync_file;
    case FenceKind::host_timeline:
      return HandleKind::host_memory;
    case FenceKind::drm_syncobj:
      return HandleKind::drm_syncobj;
    case FenceKind::opaque_win32_timeline:
    case FenceKind::opaque_win32_binary:
      return HandleKind::opaque_win32;
    case FenceKind::d3d12_fence:
      return HandleKind::d3d_nt;
    case FenceKind::metal_shared_event:
      return HandleKind::metal_shared_event;
    case FenceKind::none:
      break;
  }
  return HandleKind::none;
}

GeyserError unsupported_fence(const Capabilities& capabilities, FenceKind kind, bool create) {
  GeyserError error(ErrorCode::unsupported,
                    text("A fence of kind [", to_string(kind), "] cannot be ", create ? "exported" : "imported",
                         " by API [", to_string(capabilities.api), "] on this device."));
  for (const FenceCapability& row : capabilities.fences) {
    if (create ? row.exportable : row.importable) {
      error.suggest(text("fence kind [", to_string(row.kind), "]"));
    }
  }
  return error;
}

bool has_fence(const Capabilities& capabilities, FenceKind kind, bool create) {
  return std::any_of(capabilities.fences.begin(), capabilities.fences.end(), [&](const FenceCapability& row) {
    return row.kind == kind && (create ? row.exportable : row.importable);
  });
}

}  // namespace

Result<std::shared_ptr<SharedFence>> TextureShareManager::create_fence(FenceKind kind) {
  if (!has_fence(capabilities_, kind, true)) return fail(unsupported_fence(capabilities_, kind, true));
  const bool own = std::find(allocated_fences_.begin(), allocated_fences_.end(), kind) == allocated_fences_.end();
  auto fence = own ? do_create_fence(kind) : allocate_fence(kind);
  if (!fence) return fail(std::move(fence.error()).during(text("creating a fence of kind [", to_string(kind), "]")));
  return fence;
}

Result<std::shared_ptr<SharedFence>> TextureShareManager::import_fence(FenceHandle&& handle) {
  FenceHandle owned = std::move(handle);
  const FenceKind kind = owned.kind;
  if (!has_fence(capabilities_, kind, false)) return fail(unsupported_fence(capabilities_, kind, false));
  const bool empty = !owned.handle.has_value();
  const bool fits = empty ? kind == FenceKind::sync_file : owned.handle.kind() == handle_kind_of(kind);
  if (!fits || owned.id == 0) {
    return fail(ErrorCode::invalid_handle,
                text("A fence of kind [", to_string(kind), "] needs an id and a handle of kind [",
                     to_string(handle_kind_of(kind)), "], but has id [", owned.id, "] and [",
                     empty ? "none" : to_string(owned.handle.kind()), "]."));
  }
  if (owned.value > detail::largest_fence_value) {
    return fail(ErrorCode::invalid_handle, text("Field [value] of a fence is [", owned.value, "], at most [",
                                                detail::largest_fence_value, "] is believed."));
  }
  const auto refuse = [kind](GeyserError&& error) {
    return fail(std::move(error).during(text("importing a fence of kind [", to_string(kind), "]")));
  };
  std::shared_ptr<SharedFence> mirror;
  if (std::find(mirrored_fences_.begin(), mirrored_fences_.end(), kind) != mirrored_fences_.end()) {
    auto copy = owned.handle.duplicate();
    if (!copy) return refuse(std::move(copy.error()));
    auto opened = allocator_->import_fence({kind, owned.id, owned.value, *std::move(copy)});
    if (!opened) return refuse(std::move(opened.error()));
    mirror = *std::move(opened);
  }
  auto fence = do_import_fence(std::move(owned));
  if (!fence) return refuse(std::move(fence.error()));
  (*fence)->origin_ = std::move(mirror);
  return fence;
}

}  // namespace geyser
