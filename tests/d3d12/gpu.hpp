// Pixels in and out of a Direct3D 12 texture by commands of the test's own.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <geyser/d3d12.hpp>

namespace geyser::test {

// Whole textures in host packing, inside an open access, on the manager's queue.
Result<void> fill(TextureShareManager& manager, SharedTexture& texture, std::span<const std::byte> bytes);
Result<std::vector<std::byte>> read(TextureShareManager& manager, SharedTexture& texture);

}  // namespace geyser::test
