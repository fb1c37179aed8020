// Picture files.
#pragma once

#include <string>

#include <geyser/error.hpp>

#include "texel.hpp"

namespace geyser::tool {

// PNG or JPEG. Errors: operating_system (missing, unreadable, or no picture).
[[nodiscard]] Result<Picture> load_picture(const std::string& path);
// PNG or, by its extension, EXR (floats, for formats of more than 8 bits). Written under another name first, so that
// nothing half-written is left. Errors: operating_system, unsupported (another extension, or built without OpenEXR).
[[nodiscard]] Result<void> save_picture(const std::string& path, const Picture& picture);
[[nodiscard]] Result<void> save_floats(const std::string& path, std::uint32_t width, std::uint32_t height,
                                       const std::vector<float>& rgba);
[[nodiscard]] bool has_extension(const std::string& path, std::string_view extension);

}  // namespace geyser::tool
