#include "picture.hpp"

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <memory>

namespace demo {

geyser::Result<Picture> load_picture(const std::string& path) {
  int width = 0;
  int height = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> data(stbi_load(path.c_str(), &width, &height, nullptr, 4),
                                                       stbi_image_free);
  if (data == nullptr) {
    return geyser::fail(geyser::ErrorCode::not_available,
                        "Picture [" + path + "] cannot be loaded: " + stbi_failure_reason() + ".");
  }
  Picture picture;
  picture.extent = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), 1};
  const auto* first = reinterpret_cast<const std::byte*>(data.get());
  picture.pixels.assign(first, first + static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4);
  return picture;
}

geyser::Result<void> save_picture(const std::string& path, const Picture& picture) {
  const int width = static_cast<int>(picture.extent.width);
  const int height = static_cast<int>(picture.extent.height);
  if (stbi_write_png(path.c_str(), width, height, 4, picture.pixels.data(), width * 4) == 0) {
    return geyser::fail(geyser::ErrorCode::operating_system, "Picture [" + path + "] cannot be written.");
  }
  return {};
}

}  // namespace demo
