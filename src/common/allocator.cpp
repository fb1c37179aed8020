// Memory and fences that another API's manager makes for one that can only open them.
#include <geyser/manager.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/text.hpp"

namespace geyser {

using detail::text;

namespace {

// What both can do with memory that `maker` makes and `user` opens; none when the two rows are about different memory.
std::optional<TextureCapability> meet(const TextureCapability& user, const TextureCapability& maker) {
  if (user.format != maker.format || user.handle_kind != maker.handle_kind || user.tiling != maker.tiling ||
      user.modifier != maker.modifier || user.memory_plane_count != maker.memory_plane_count ||
      user.row_alignment != maker.row_alignment || !user.importable || !maker.exportable) {
    return std::nullopt;
  }
  TextureCapability both = user;
  both.exportable = true;
  both.importable = false;  // the user's own row says that
  both.requires_dedicated = user.requires_dedicated || maker.requires_dedicated;
  both.requires_whole_blocks = user.requires_whole_blocks || maker.requires_whole_blocks;
  both.requires_mutable_format = user.requires_mutable_format || maker.requires_mutable_format;
  both.usages = user.usages & maker.usages;
  both.dimensions = user.dimensions & maker.dimensions;
  both.max_extent = {std::min(user.max_extent.width, maker.max_extent.width),
                     std::min(user.max_extent.height, maker.max_extent.height),
                     std::min(user.max_extent.depth, maker.max_extent.depth)};
  both.max_mip_levels = std::min(user.max_mip_levels, maker.max_mip_levels);
  both.max_array_layers = std::min(user.max_array_layers, maker.max_array_layers);
  both.sample_counts = user.sample_counts & maker.sample_counts;
  both.disjoint = user.disjoint && maker.disjoint;
  if (both.dimensions == 0 || both.usages == TextureUsage::none) return std::nullopt;
  return both;
}

}  // namespace

Result<void> TextureShareManager::use_allocator(std::shared_ptr<TextureShareManager> allocator) {
  if (allocator == nullptr || allocator->capabilities().api == capabilities_.api) {
    return fail(ErrorCode::invalid_argument,
                text("The allocator of API [", to_string(capabilities_.api), "] must be a manager of another API."));
  }
  if (allocator_ != nullptr) return fail(ErrorCode::invalid_argument, "The manager has an allocator already.");
  const Capabilities& theirs = allocator->capabilities();
  // Who makes dma-bufs only makes them for any device; whether this one takes them, rows and imports say.
  const bool any_device = std::all_of(theirs.textures.begin(), theirs.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf;
  });
  // Of Direct3D's identity only the adapter is known, of Metal's only the number; opaque handles are compared at each
  // import.
  const bool same_metal = theirs.identity.metal_registry_id != 0 &&
                          theirs.identity.metal_registry_id == capabilities_.identity.metal_registry_id;
  if (!any_device && !same_metal && !same_device_and_driver(theirs.identity, capabilities_.identity) &&
      !same_adapter(theirs.identity, capabilities_.identity)) {
    return fail(ErrorCode::incompatible_device,
                text("The allocator is on [", to_string(theirs.identity), "], but this manager is on [",
                     to_string(capabilities_.identity), "]."));
  }
  for (std::size_t i = 0; i < own_rows_; ++i) {
    if (capabilities_.textures[i].exportable || capabilities_.textures[i].handle_kind == HandleKind::host_memory) {
      continue;
    }
    for (const TextureCapability& maker : theirs.textures) {
      if (auto both = meet(capabilities_.textures[i], maker)) capabilities_.textures.push_back(*both);
    }
  }
  for (FenceCapability& mine : capabilities_.fences) {
    const bool made = std::any_of(theirs.fences.begin(), theirs.fences.end(), [&](const FenceCapability& maker) {
      return maker.kind == mine.kind && maker.exportable;
    });
    const bool read = std::any_of(theirs.fences.begin(), theirs.fences.end(), [&](const FenceCapability& reader) {
      return reader.kind == mine.kind && reader.importable && reader.cpu_access;
    });
    if (!mine.cpu_access && mine.importable && read) {
      mine.cpu_access = true;
      mirrored_fences_.push_back(mine.kind);
    }
    if (mine.exportable || !mine.importable || !made) continue;
    mine.exportable = true;
    allocated_fences_.push_back(mine.kind);
  }
  for (const FenceCapability& relay : theirs.fences) {
    const auto known = [&](const FenceCapability& mine) { return mine.kind == relay.kind; };
    if (!relay.exportable || !relay.importable || !relays(relay.kind) ||
        std::any_of(capabilities_.fences.begin(), capabilities_.fences.end(), known)) {
      continue;
    }
    capabilities_.fences.push_back(relay);
    mirrored_fences_.push_back(relay.kind);
    allocated_fences_.push_back(relay.kind);
  }
  allocator_ = std::move(allocator);
  return {};
}

Result<std::unique_ptr<SharedTexture>> TextureShareManager::allocate_texture(const TextureDescriptor& descriptor,
                                                                             const Agreement& agreement) {
  const auto refuse = [](GeyserError&& error) { return fail(std::move(error).during("allocating for another API")); };
  auto origin = allocator_->create_texture(descriptor, agreement);
  if (!origin) return refuse(std::move(origin.error()));
  // An access that writes nothing brings the memory into its published state (in Vulkan: layout and owner).
  auto access = (*origin)->begin_access(AccessMode::discard, {});
  if (!access) return refuse(std::move(access.error()));
  if (auto ended = (*origin)->end_access(*std::move(access)); !ended) return refuse(std::move(ended.error()));
  auto parcel = allocator_->export_texture(**origin);
  if (!parcel) return refuse(std::move(parcel.error()));
  auto texture = import_shared_texture(*std::move(parcel));
  if (!texture) return refuse(std::move(texture.error()));
  (*texture)->origin_ = *std::move(origin);
  return texture;
}

Result<std::shared_ptr<SharedFence>> TextureShareManager::allocate_fence(FenceKind kind) {
  auto origin = allocator_->create_fence(kind);
  if (!origin) return fail(std::move(origin.error()).during("allocating for another API"));
  auto handle = (*origin)->export_handle();
  if (!handle) return fail(std::move(handle.error()).during("allocating for another API"));
  auto fence = import_fence(*std::move(handle));
  if (!fence) return fence;
  (*fence)->origin_ = *std::move(origin);
  return fence;
}

}  // namespace geyser
