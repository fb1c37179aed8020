#include "image.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>

#ifdef GEYSER_TOOL_OPENEXR
#include <ImfRgbaFile.h>
#endif

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

namespace geyser::tool {

namespace {

// Writes beside `path`, and renames when `write` says that all is there.
template <typename Write>
Result<void> save_by(const std::string& path, Write write) {
  const std::string draft = path + ".part";
  std::string why = write(draft);
  std::error_code error;
  if (why.empty()) {
    std::filesystem::rename(draft, path, error);
    if (!error) return {};
    why = error.message();
  }
  std::filesystem::remove(draft, error);
  return fail(ErrorCode::operating_system, "Picture [" + path + "] cannot be written: " + why + ".");
}

}  // namespace

bool has_extension(const std::string& path, std::string_view extension) {
  std::string own = std::filesystem::path(path).extension().string();
  std::transform(own.begin(), own.end(), own.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return own == extension;
}

Result<Picture> load_picture(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::operating_system, "Picture [" + path + "] is not there, or is no file.");
  }
  int width = 0;
  int height = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> data(stbi_load(path.c_str(), &width, &height, nullptr, 4),
                                                       stbi_image_free);
  if (data == nullptr) {
    return fail(GeyserError(ErrorCode::operating_system,
                            "File [" + path + "] is no picture that can be read: " + stbi_failure_reason() + ".")
                    .suggest("a PNG or JPEG file"));
  }
  Picture picture{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), {}};
  picture.rgba.assign(data.get(), data.get() + std::size_t{picture.width} * picture.height * 4);
  return picture;
}

Result<void> save_picture(const std::string& path, const Picture& picture) {
  if (!has_extension(path, ".png")) {
    return fail(GeyserError(ErrorCode::unsupported, "Pictures cannot be written as [" + path + "].")
                    .suggest("a name that ends in [.png]"));
  }
  return save_by(path, [&](const std::string& draft) -> std::string {
    const int width = static_cast<int>(picture.width);
    const int done =
        stbi_write_png(draft.c_str(), width, static_cast<int>(picture.height), 4, picture.rgba.data(), width * 4);
    return done != 0 ? "" : "the file cannot be made";
  });
}

#ifdef GEYSER_TOOL_OPENEXR
Result<void> save_floats(const std::string& path, std::uint32_t width, std::uint32_t height,
                         const std::vector<float>& rgba) {
  return save_by(path, [&](const std::string& draft) -> std::string {
    std::vector<Imf::Rgba> texels;
    texels.reserve(rgba.size() / 4);
    for (std::size_t i = 0; i + 3 < rgba.size(); i += 4)
      texels.emplace_back(rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]);
    try {  // OpenEXR speaks by exceptions
      Imf::RgbaOutputFile file(draft.c_str(), static_cast<int>(width), static_cast<int>(height), Imf::WRITE_RGBA);
      file.setFrameBuffer(texels.data(), 1, width);
      file.writePixels(static_cast<int>(height));
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  });
}
#else
Result<void> save_floats(const std::string& path, std::uint32_t, std::uint32_t, const std::vector<float>&) {
  return fail(
      GeyserError(ErrorCode::unsupported, "Picture [" + path + "] cannot be written: this build is without OpenEXR.")
          .suggest("the package libopenexr-dev when building")
          .suggest("a name that ends in [.png]"));
}
#endif

}  // namespace geyser::tool
