#include "flatten.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <geyser/layout.hpp>

namespace geyser::tool {

namespace {

constexpr std::size_t steps = 65536;

double to_srgb(double light) {
  light = std::clamp(light, 0.0, 1.0);
  return light <= 0.0031308 ? light * 12.92 : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

// SMPTE ST 2084; 1.0 is reference white, 203 cd/m2.
double from_pq(double value) {
  const double p = std::pow(value, 1 / 78.84375);
  const double light = std::pow(std::max(p - 0.8359375, 0.0) / (18.8515625 - 18.6875 * p), 1 / 0.1593017578125);
  return light * 10000.0 / 203.0;
}

// ARIB STD-B67, without the system gamma.
double from_hlg(double value) {
  const double light =
      value < 0.5 ? value * value / 3 : (std::exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
  return light * 3.77;
}

// What a stored value looks like on a screen.
double on_screen(const TextureDescriptor& descriptor, double value) {
  if (descriptor.picture.range == ColorRange::limited) value = std::clamp((value * 255 - 16) / 219, 0.0, 1.0);
  if (format_info(descriptor.format).is_srgb()) return value;
  switch (descriptor.picture.transfer_characteristics) {
    case 8:
      return to_srgb(value);
    case 16:
      return to_srgb(from_pq(value));
    case 18:
      return to_srgb(from_hlg(value));
    default:
      return value;
  }
}

bool is_four_bytes(TextureFormat format) {
  return format == TextureFormat::rgba8_unorm || format == TextureFormat::rgba8_srgb ||
         format == TextureFormat::bgra8_unorm || format == TextureFormat::bgra8_srgb;
}

}  // namespace

Flattener::Flattener(const TextureDescriptor& descriptor) : descriptor_(descriptor), curve_(steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    const double value = static_cast<double>(i) / (steps - 1);
    curve_[i] = static_cast<std::uint8_t>(std::lround(std::clamp(on_screen(descriptor, value), 0.0, 1.0) * 255));
  }
}

PictureInfo Flattener::info() const {
  PictureInfo info = descriptor_.picture;
  const auto transfer = info.transfer_characteristics;
  const bool converted = transfer == 2 || transfer == 8 || transfer == 16 || transfer == 18;
  if (converted || format_info(descriptor_.format).is_srgb()) info.transfer_characteristics = 13;
  if (info.color_primaries == 2) info.color_primaries = 1;
  info.matrix_coefficients = 0;
  info.origin = PictureOrigin::top_left;
  info.alpha = AlphaMode::opaque;
  info.range = ColorRange::full;
  return info;
}

std::uint8_t Flattener::encode(float value) const noexcept {
  if (!(value > 0)) return curve_.front();  // NaN too
  return curve_[static_cast<std::size_t>(std::min(value, 1.0F) * (steps - 1) + 0.5F)];
}

void Flattener::from_bytes(std::span<const std::byte> memory, Picture& picture) const {
  const HostSubresource sub = host_subresource(descriptor_, 0, 0, 0);
  const bool swapped =
      descriptor_.format == TextureFormat::bgra8_unorm || descriptor_.format == TextureFormat::bgra8_srgb;
  std::array<std::uint8_t, 256> curve{};
  for (std::size_t i = 0; i < curve.size(); ++i) curve[i] = curve_[i * (steps - 1) / 255];
  const bool straight = descriptor_.picture.alpha == AlphaMode::straight;
  const std::uint32_t height = descriptor_.extent.height;
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t row = descriptor_.picture.origin == PictureOrigin::bottom_left ? height - 1 - y : y;
    const std::byte* from = memory.data() + sub.offset + row * sub.row_stride;
    std::uint8_t* to = &picture.rgba[std::size_t{y} * picture.width * 4];
    for (std::uint32_t x = 0; x < descriptor_.extent.width; ++x, from += 4, to += 4) {
      const unsigned alpha = straight ? std::to_integer<unsigned>(from[3]) : 255U;
      const std::array<unsigned, 3> colour{curve[std::to_integer<std::size_t>(from[swapped ? 2 : 0])],
                                           curve[std::to_integer<std::size_t>(from[1])],
                                           curve[std::to_integer<std::size_t>(from[swapped ? 0 : 2])]};
      for (std::size_t i = 0; i < 3; ++i) to[i] = static_cast<std::uint8_t>((colour[i] * alpha + 127) / 255);
      to[3] = 255;
    }
  }
}

void Flattener::from_floats(std::span<const std::byte> memory, Picture& picture) const {
  const std::vector<float> floats = unpack(descriptor_, memory);
  const std::uint32_t height = descriptor_.extent.height;
  for (std::uint32_t y = 0; y < height; ++y) {
    const std::uint32_t row = descriptor_.picture.origin == PictureOrigin::bottom_left ? height - 1 - y : y;
    const float* from = &floats[std::size_t{row} * descriptor_.extent.width * 4];
    std::uint8_t* to = &picture.rgba[std::size_t{y} * picture.width * 4];
    for (std::uint32_t x = 0; x < descriptor_.extent.width; ++x, from += 4, to += 4) {
      const float alpha = descriptor_.picture.alpha == AlphaMode::straight ? std::clamp(from[3], 0.0F, 1.0F) : 1.0F;
      for (std::size_t i = 0; i < 3; ++i) {
        to[i] = static_cast<std::uint8_t>(std::lround(static_cast<float>(encode(from[i])) * alpha));
      }
      to[3] = 255;
    }
  }
}

Picture Flattener::flatten(std::span<const std::byte> memory) const {
  const std::uint32_t width = descriptor_.extent.width;
  const std::uint32_t height = descriptor_.extent.height;
  Picture picture{(width + 1) / 2 * 2, (height + 1) / 2 * 2, {}};
  const std::size_t row = std::size_t{picture.width} * 4;
  picture.rgba.resize(row * picture.height);
  if (is_four_bytes(descriptor_.format)) {
    from_bytes(memory, picture);
  } else {
    from_floats(memory, picture);
  }
  if (width != picture.width) {
    for (std::size_t y = 0; y < height; ++y) {
      std::memcpy(&picture.rgba[y * row + row - 4], &picture.rgba[y * row + row - 8], 4);
    }
  }
  if (height != picture.height) std::memcpy(&picture.rgba[height * row], &picture.rgba[(height - 1) * row], row);
  return picture;
}

}  // namespace geyser::tool
