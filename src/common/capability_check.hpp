// Whether a device's capabilities cover a texture, and if not, what is missing.
#pragma once

#include <string>

#include <geyser/capabilities.hpp>
#include <geyser/error.hpp>
#include <geyser/texture.hpp>

namespace geyser::detail {

enum class Direction { make, take };  // create for export, or import

// What keeps `row` from covering `descriptor`, as the end of a sentence; empty when nothing does.
GEYSER_API std::string missing_in(const TextureCapability& row, const TextureDescriptor& descriptor,
                                  Direction direction);

// The row that covers it. Errors: unsupported, naming what is missing in the nearest row, with the kinds that work.
Result<const TextureCapability*> find_row(const Capabilities& capabilities, const TextureDescriptor& descriptor,
                                          HandleKind kind, Tiling tiling, Direction direction);
// The tiling of a handle kind that has one only; for host_memory the packed one.
Tiling usual_tiling(HandleKind kind) noexcept;
// The row that covers a parcel: also its tiling, modifier and number of memory planes.
// Errors: as above, incompatible_layout with the modifiers that work.
GEYSER_API Result<const TextureCapability*> find_row(const Capabilities& capabilities, const ApiTextureHandle& parcel);

// Whether some row makes the texture with a buffer for each plane.
bool can_be_disjoint(const Capabilities& capabilities, const TextureDescriptor& descriptor, HandleKind kind);

}  // namespace geyser::detail
