#include "picture_options.hpp"

#include <cstdio>
#include <utility>
#include <vector>

#include "suggest.hpp"
#include "texel.hpp"

namespace geyser::tool {

Result<Extent3D> parse_size(const std::string& size) {
  unsigned width = 0;
  unsigned height = 0;
  char end = 0;
  if (std::sscanf(size.c_str(), "%ux%u%c", &width, &height, &end) != 2 || width == 0 || height == 0) {
    return fail(GeyserError(ErrorCode::invalid_argument, "Size [" + size + "] is none.").suggest("[1920x1080]"));
  }
  return Extent3D{width, height, 1};
}

Result<TextureFormat> find_format(const std::string& name) {
  const TextureFormat format = format_from_name(name);
  if (format != TextureFormat::unknown && is_known(format)) return format;
  std::vector<std::string> names;
  for (const FormatInfo& info : all_formats()) {
    if (is_known(info.format)) names.emplace_back(info.name);
  }
  GeyserError error(ErrorCode::invalid_argument, "Format [" + name + "] cannot be published by this program.");
  const std::string near = nearest(name, names);
  error.suggest(near.empty() ? join(names) : near);
  return fail(std::move(error));
}

}  // namespace geyser::tool
