// Sizes and formats as people write them.
#pragma once

#include <string>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>

namespace geyser::tool {

// "1920x1080". Errors: invalid_argument.
[[nodiscard]] Result<Extent3D> parse_size(const std::string& size);
// One that texel.hpp knows. Errors: invalid_argument, suggesting the nearest one.
[[nodiscard]] Result<TextureFormat> find_format(const std::string& name);

}  // namespace geyser::tool
