// The surface that a server draws on, as a texture.
#pragma once

#include <cstdint>
#include <memory>

#include <geyser/manager.hpp>

namespace geyser::syphon {

struct Picture {
  std::uint32_t id = 0;  // IOSurfaceID
  std::unique_ptr<SharedTexture> texture;
};

// Errors: unsupported (another format than bgra8, a manager without io_surface), out_of_memory, those of an import.
Result<Picture> create_picture(TextureShareManager& manager, const TextureDescriptor& descriptor);
// Errors: invalid_handle (no global surface has that number), incompatible_layout, those of an import.
Result<Picture> open_picture(TextureShareManager& manager, std::uint32_t id);

}  // namespace geyser::syphon
