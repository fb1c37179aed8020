// Memory of GBM's as a parcel's layout and handles. GBM's own object is gone afterwards: the handles hold the memory.
#pragma once

#include <cstdint>
#include <span>

#include <geyser/texture.hpp>

#include "gbm/device.hpp"

namespace geyser::gbm {

// `modifiers` best first, and not empty. What the driver chose is in the layout; planes that share a buffer share a
// handle. Errors: unsupported (none of them), out_of_memory, incompatible_layout (the driver's planes are not where the
// kernel's buffers are), operating_system.
Result<ApiTextureHandle> allocate(const Device& device, const TextureDescriptor& descriptor,
                                  std::span<const std::uint64_t> modifiers);

}  // namespace geyser::gbm
