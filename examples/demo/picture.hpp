// Pictures as rows of rgba8, top first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <geyser/descriptor.hpp>

namespace demo {

struct Picture {
  geyser::Extent3D extent;
  std::vector<std::byte> pixels;
};

// PNG or JPEG. Errors: not_available (no such file, or none of these).
geyser::Result<Picture> load_picture(const std::string& path);
// PNG. Errors: operating_system.
geyser::Result<void> save_picture(const std::string& path, const Picture& picture);

}  // namespace demo
