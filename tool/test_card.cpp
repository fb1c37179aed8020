#include <algorithm>
#include <array>

#include "frame_source.hpp"

namespace geyser::tool {

namespace {

using Colour = std::array<std::uint8_t, 3>;

class TestCard final : public FrameSource {
 public:
  TestCard(std::uint32_t width, std::uint32_t height) : still_{width, height, {}} {
    still_.rgba.assign(std::size_t{width} * height * 4, 255);
    paint_still();
    moving_ = still_;
  }
  Extent3D extent() const override { return {still_.width, still_.height, 1}; }
  PictureInfo picture_info() const override {
    PictureInfo info;
    info.alpha = AlphaMode::opaque;
    info.color_primaries = 1;
    info.transfer_characteristics = 13;
    info.matrix_coefficients = 0;
    return info;
  }

  Result<const Picture*> next(std::uint64_t number) override {
    const std::uint32_t width = still_.width;
    const std::uint32_t height = still_.height;
    // Only what moves is painted again: the sweep's old and new columns, and the squares.
    const std::uint32_t sweep_width = std::max(1U, width / 64);
    restore(sweep_, 0, sweep_width, height);
    sweep_ = static_cast<std::uint32_t>(number * std::max(1U, width / 128) % width);
    fill(moving_, sweep_, height / 4, sweep_width, height / 4, {255, 255, 255});
    const std::uint32_t square = std::max(1U, std::min(width, height) / 40);
    for (std::uint32_t bit = 0; bit < 16; ++bit) {
      const auto level = static_cast<std::uint8_t>((number >> (15 - bit) & 1U) != 0 ? 255 : 0);
      fill(moving_, width / 2 + (bit - 8) * square, height - 4 * square, square, square, {level, level, level});
    }
    return &moving_;
  }

 private:
  static void fill(Picture& picture, std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height,
                   const Colour& colour) {
    for (std::uint32_t row = y; row < std::min(y + height, picture.height); ++row) {
      for (std::uint32_t column = x; column < std::min(x + width, picture.width); ++column) {
        std::uint8_t* texel = &picture.rgba[(std::size_t{row} * picture.width + column) * 4];
        std::copy(colour.begin(), colour.end(), texel);
      }
    }
  }
  void restore(std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height) {
    const std::uint32_t end = std::min(x + width, still_.width);
    for (std::uint32_t row = y; row < std::min(y + height, still_.height); ++row) {
      const auto first = static_cast<std::ptrdiff_t>((std::size_t{row} * still_.width + x) * 4);
      const auto last = static_cast<std::ptrdiff_t>((std::size_t{row} * still_.width + end) * 4);
      std::copy(still_.rgba.begin() + first, still_.rgba.begin() + last, moving_.rgba.begin() + first);
    }
  }
  void paint_still() {
    const std::uint32_t width = still_.width;
    const std::uint32_t height = still_.height;
    fill(still_, 0, 0, width, height, {64, 64, 72});
    constexpr std::array<Colour, 8> bars{{{255, 0, 0},
                                          {0, 255, 0},
                                          {0, 0, 255},
                                          {255, 255, 0},
                                          {0, 255, 255},
                                          {255, 0, 255},
                                          {255, 255, 255},
                                          {0, 0, 0}}};
    for (std::uint32_t i = 0; i < bars.size(); ++i) {
      fill(still_, width * i / 8, height / 2, width * (i + 1) / 8 - width * i / 8, height / 4, bars[i]);
    }
    for (std::uint32_t x = 0; x < width; ++x) {
      const auto level = static_cast<std::uint8_t>(255ULL * x / std::max(1U, width - 1));
      fill(still_, x, height * 3 / 4, 1, height / 10, {level, level, level});
    }
    // An arrow that points up, left of the middle.
    for (std::uint32_t row = 0; row < height / 5; ++row) {
      const std::uint32_t half = row < height / 10 ? row : std::max(1U, height / 40);
      const std::uint32_t middle = width / 3;
      fill(still_, middle - std::min(middle, half), height / 40 + row, 2 * half + 1, 1, {255, 200, 0});
    }
    const std::uint32_t corner = std::max(1U, std::min(width, height) / 10);
    fill(still_, 0, 0, corner, corner, {255, 0, 0});
    fill(still_, width - corner, 0, corner, corner, {0, 255, 0});
    fill(still_, 0, height - corner, corner, corner, {0, 0, 255});
    fill(still_, width - corner, height - corner, corner, corner, {255, 255, 255});
  }

  Picture still_;
  Picture moving_;
  std::uint32_t sweep_ = 0;
};

}  // namespace

std::unique_ptr<FrameSource> make_test_card(std::uint32_t width, std::uint32_t height) {
  return std::make_unique<TestCard>(width, height);
}

}  // namespace geyser::tool
