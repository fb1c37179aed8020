// Textures on IOSurfaces, which are rectangle textures: macOS. Elsewhere there are none (no_surface.cpp).
#pragma once

#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/negotiate.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// The context must be current for each of these.

// A row for each format that CGL takes, in place and copied; asked by doing.
std::vector<TextureCapability> probe_surfaces(const Context& context);

// On a new surface; with HandleKind::host_memory it stays here, and the CPU copies between the two.
Result<std::unique_ptr<SharedTexture>> create_on_surface(const std::shared_ptr<Context>& context,
                                                         const TextureDescriptor& descriptor,
                                                         const Agreement& agreement);
// Errors: invalid_handle (a dead port, or no surface's), incompatible_layout (both values), and those of CGL.
Result<std::unique_ptr<SharedTexture>> import_on_surface(const std::shared_ptr<Context>& context,
                                                         ApiTextureHandle&& parcel);

}  // namespace geyser::opengl
