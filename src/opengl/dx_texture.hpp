// Textures of a Direct3D 11 device's that OpenGL borrows (dx_interop.hpp): 2D, one level, one layer. Nowhere else are
// there any (no_dx_interop.cpp).
#pragma once

#include <memory>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/negotiate.hpp>
#include <geyser/texture.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// The context must be current for each of these, and have a DxInterop.

// A row for each format that the device shares and the driver borrows; asked by doing.
std::vector<TextureCapability> probe_dx_interop(const Context& context);

// Direct3D makes, opens and exports them. Errors: its own, and those of DxInterop::register_texture().
Result<std::unique_ptr<SharedTexture>> create_on_direct3d(const std::shared_ptr<Context>& context,
                                                          const TextureDescriptor& descriptor,
                                                          const Agreement& agreement);
Result<std::unique_ptr<SharedTexture>> import_on_direct3d(const std::shared_ptr<Context>& context,
                                                          ApiTextureHandle&& parcel);

}  // namespace geyser::opengl
