// What a texture is to Metal. Objective-C++ only.
#pragma once

#import <Metal/Metal.h>

#include <cstdint>

#include <geyser/descriptor.hpp>

#include "surface/reference.hpp"

namespace geyser::surface {

// Of a format that Metal has (pixel_format.hpp).
Reference<MTLTextureDescriptor*> describe(const TextureDescriptor& descriptor, std::uint32_t plane,
                                          MTLStorageMode storage);

}  // namespace geyser::surface
