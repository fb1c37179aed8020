// Textures on surfaces that others have made. Objective-C++ only.
#pragma once

#include <memory>

#include <IOSurface/IOSurface.h>

#include <geyser/manager.hpp>

namespace geyser::metal {

enum class InUse { refused, taken };

// `keep` lives as long as the texture. Errors: as adopt_io_surface().
Result<std::unique_ptr<SharedTexture>> adopt_surface(TextureShareManager& manager, IOSurfaceRef surface,
                                                     const TextureDescriptor& descriptor, InUse in_use,
                                                     std::shared_ptr<void> keep);

}  // namespace geyser::metal
