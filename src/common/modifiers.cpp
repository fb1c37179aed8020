#include "common/modifiers.hpp"

#include <algorithm>

#include <geyser/negotiate.hpp>

#include "common/capability_check.hpp"

namespace geyser::detail {

namespace {

bool contains(std::span<const std::uint64_t> modifiers, std::uint64_t modifier) {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

bool is_candidate(const TextureCapability& row, const TextureDescriptor& descriptor, Direction direction) {
  return row.format == descriptor.format && row.handle_kind == HandleKind::dma_buf &&
         row.tiling == Tiling::drm_modifier && row.modifier != drm_modifier_invalid &&
         missing_in(row, descriptor, direction).empty();
}

bool suits(const TextureCapability& row, const Capabilities& other, const TextureDescriptor& descriptor,
           Direction direction) {
  return std::any_of(other.textures.begin(), other.textures.end(), [&](const TextureCapability& theirs) {
    return theirs.modifier == row.modifier && theirs.memory_plane_count == row.memory_plane_count &&
           is_candidate(theirs, descriptor, direction);
  });
}

// In `side`'s order.
std::vector<std::uint64_t> order_of(const Capabilities& side, Direction direction, const Capabilities& other,
                                    Direction others, const TextureDescriptor& descriptor) {
  std::vector<std::uint64_t> modifiers;
  for (const TextureCapability& row : side.textures) {
    if (!is_candidate(row, descriptor, direction) || contains(modifiers, row.modifier)) continue;
    if (suits(row, other, descriptor, others)) modifiers.push_back(row.modifier);
  }
  return modifiers;
}

}  // namespace

SharedModifiers share_modifiers(const TextureDescriptor& descriptor, const Capabilities& exporter,
                                const Capabilities& importer, std::span<const std::uint64_t> refused) {
  SharedModifiers shared;
  for (const std::uint64_t modifier : order_of(exporter, Direction::make, importer, Direction::take, descriptor)) {
    const bool linear = modifier == drm_modifier_linear;
    if (contains(refused, modifier)) {
      (linear ? shared.linear_refused : shared.tiled_refused) = true;
    } else if (linear) {
      shared.linear = true;
    } else {
      shared.tiled.push_back(modifier);
    }
  }
  constexpr std::size_t room = max_modifiers - 1;
  if (shared.tiled.size() <= room) return shared;
  std::vector<std::uint64_t> kept(shared.tiled.begin(), shared.tiled.begin() + room / 2);
  for (const std::uint64_t modifier : order_of(importer, Direction::take, exporter, Direction::make, descriptor)) {
    if (kept.size() == room) break;
    if (contains(shared.tiled, modifier) && !contains(kept, modifier)) kept.push_back(modifier);
  }
  shared.tiled = std::move(kept);
  return shared;
}

}  // namespace geyser::detail
