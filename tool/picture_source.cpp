#include <algorithm>
#include <filesystem>
#include <utility>

#include "frame_source.hpp"
#include "image.hpp"

namespace geyser::tool {

namespace {

class PictureSource final : public FrameSource {
 public:
  PictureSource(Picture first, std::vector<std::string> paths) : picture_(std::move(first)), paths_(std::move(paths)) {}
  Extent3D extent() const override { return {picture_.width, picture_.height, 1}; }
  PictureInfo picture_info() const override {
    PictureInfo info;
    info.alpha = AlphaMode::straight;
    info.color_primaries = 1;
    info.transfer_characteristics = 13;
    info.matrix_coefficients = 0;
    return info;
  }
  Result<const Picture*> next(std::uint64_t number) override {
    const std::size_t wanted = static_cast<std::size_t>((number - 1) % paths_.size());
    if (wanted == loaded_) return &picture_;
    auto picture = load_picture(paths_[wanted]);
    if (!picture) return fail(std::move(picture.error()));
    if (picture->width != picture_.width || picture->height != picture_.height) {
      return fail(ErrorCode::operating_system, "Picture [" + paths_[wanted] + "] has another size than the first.");
    }
    picture_ = *std::move(picture);
    loaded_ = wanted;
    return &picture_;
  }

 private:
  Picture picture_;
  std::vector<std::string> paths_;
  std::size_t loaded_ = 0;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_picture(const std::string& path) {
  auto picture = load_picture(path);
  if (!picture) return fail(std::move(picture.error()));
  return std::make_unique<PictureSource>(*std::move(picture), std::vector<std::string>{path});
}

Result<std::unique_ptr<FrameSource>> open_pictures(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string path = entry.path().string();
    if (has_extension(path, ".png") || has_extension(path, ".jpg") || has_extension(path, ".jpeg"))
      paths.push_back(path);
  }
  if (paths.empty()) {
    return fail(ErrorCode::operating_system, "Directory [" + directory + "] has no PNG or JPEG picture" +
                                                 (error ? ": " + error.message() + "." : "."));
  }
  std::sort(paths.begin(), paths.end());
  auto first = load_picture(paths.front());
  if (!first) return fail(std::move(first.error()));
  return std::make_unique<PictureSource>(*std::move(first), std::move(paths));
}

}  // namespace geyser::tool
