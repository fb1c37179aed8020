#include "texel.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <geyser/layout.hpp>

namespace geyser::tool {

namespace {

using Texel = std::array<float, 4>;

// IEEE 754 binary16, rounded to nearest even.
std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16U & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude >= 0x47800000U) return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000U ? 0x7e00U : 0x7c00U));
  if (magnitude < 0x38800000U) {  // below the smallest normal: count steps of 2^-24
    const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::abs(value) * 16777216.0F));
    return static_cast<std::uint16_t>(sign | steps);
  }
  const std::uint32_t rounded = magnitude + 0xfffU + (magnitude >> 13U & 1U);
  return static_cast<std::uint16_t>(sign | (rounded - 0x38000000U) >> 13U);
}

float from_half(std::uint16_t half) {
  const std::uint32_t exponent = half >> 10U & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  float value = 0;
  if (exponent == 0) {
    value = static_cast<float>(fraction) / 16777216.0F;
  } else if (exponent == 31) {
    value = fraction != 0 ? std::nanf("") : HUGE_VALF;
  } else {
    value = std::bit_cast<float>((exponent + 112U) << 23U | fraction << 13U);
  }
  return (half & 0x8000U) != 0 ? -value : value;
}

// Where red, green, blue and alpha are among the channels; -1: missing.
std::array<int, 4> places(const FormatInfo& info) {
  std::array<int, 4> result{-1, -1, -1, -1};
  constexpr std::string_view order = "RGBA";
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto at = info.channels.find(order[i]);
    if (at != std::string_view::npos) result[i] = static_cast<int>(at);
  }
  return result;
}

bool is_plain(const FormatInfo& info) {
  if (info.format_class != FormatClass::color || info.channels.empty() || info.has_depth || info.has_stencil)
    return false;
  const auto bits = info.channel_bits[0];
  const bool unorm = info.numeric == NumericKind::unorm || info.numeric == NumericKind::srgb;
  return (unorm && (bits == 8 || bits == 16)) || (info.numeric == NumericKind::floating && (bits == 16 || bits == 32));
}

void write_texel(const FormatInfo& info, const std::array<int, 4>& place, const Texel& texel, std::byte* at) {
  if (info.format == TextureFormat::rgb10a2_unorm) {
    std::uint32_t word = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const float top = i == 3 ? 3.0F : 1023.0F;
      word |= static_cast<std::uint32_t>(std::lround(std::clamp(texel[i], 0.0F, 1.0F) * top)) << (10 * i);
    }
    std::memcpy(at, &word, sizeof(word));
    return;
  }
  const std::size_t size = info.channel_bits[0] / 8U;
  for (std::size_t i = 0; i < 4; ++i) {
    if (place[i] < 0) continue;
    std::byte* where = at + static_cast<std::size_t>(place[i]) * size;
    if (info.numeric == NumericKind::floating) {
      if (size == 4) {
        std::memcpy(where, &texel[i], 4);
      } else {
        const std::uint16_t half = to_half(texel[i]);
        std::memcpy(where, &half, 2);
      }
    } else if (size == 2) {
      const auto value = static_cast<std::uint16_t>(std::lround(std::clamp(texel[i], 0.0F, 1.0F) * 65535.0F));
      std::memcpy(where, &value, 2);
    } else {
      *where = static_cast<std::byte>(std::lround(std::clamp(texel[i], 0.0F, 1.0F) * 255.0F));
    }
  }
}

Texel read_texel(const FormatInfo& info, const std::array<int, 4>& place, const std::byte* at) {
  Texel texel{0, 0, 0, 1};
  if (info.format == TextureFormat::rgb10a2_unorm) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    for (std::size_t i = 0; i < 4; ++i) {
      texel[i] = static_cast<float>(word >> (10 * i) & (i == 3 ? 3U : 1023U)) / (i == 3 ? 3.0F : 1023.0F);
    }
    return texel;
  }
  const std::size_t size = info.channel_bits[0] / 8U;
  for (std::size_t i = 0; i < 4; ++i) {
    if (place[i] < 0) continue;
    const std::byte* where = at + static_cast<std::size_t>(place[i]) * size;
    if (info.numeric == NumericKind::floating && size == 4) {
      std::memcpy(&texel[i], where, 4);
    } else if (size == 2) {
      std::uint16_t value = 0;
      std::memcpy(&value, where, 2);
      texel[i] = info.numeric == NumericKind::floating ? from_half(value) : static_cast<float>(value) / 65535.0F;
    } else {
      texel[i] = static_cast<float>(std::to_integer<unsigned>(*where)) / 255.0F;
    }
  }
  return texel;
}

}  // namespace

bool is_known(TextureFormat format) noexcept {
  return format == TextureFormat::rgb10a2_unorm || is_plain(format_info(format));
}

void pack(const TextureDescriptor& descriptor, const Picture& picture, std::span<std::byte> memory) {
  const FormatInfo& info = format_info(descriptor.format);
  const HostSubresource sub = host_subresource(descriptor, 0, 0, 0);
  const auto place = places(info);
  const bool straight_copy =
      descriptor.format == TextureFormat::rgba8_unorm || descriptor.format == TextureFormat::rgba8_srgb;
  const bool swapped =
      descriptor.format == TextureFormat::bgra8_unorm || descriptor.format == TextureFormat::bgra8_srgb;
  const std::size_t block = info.planes[0].block_bytes;
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    const std::uint8_t* from = picture.rgba.data() + std::size_t{y} * picture.width * 4;
    std::byte* to = memory.data() + sub.offset + y * sub.row_stride;
    if (straight_copy) {
      std::memcpy(to, from, std::size_t{picture.width} * 4);
      continue;
    }
    for (std::uint32_t x = 0; x < picture.width; ++x, from += 4, to += block) {
      if (swapped) {
        const std::uint8_t texel[4] = {from[2], from[1], from[0], from[3]};
        std::memcpy(to, texel, 4);
        continue;
      }
      const Texel texel{static_cast<float>(from[0]) / 255.0F, static_cast<float>(from[1]) / 255.0F,
                        static_cast<float>(from[2]) / 255.0F, static_cast<float>(from[3]) / 255.0F};
      write_texel(info, place, texel, to);
    }
  }
}

std::vector<float> unpack(const TextureDescriptor& descriptor, std::span<const std::byte> memory) {
  const FormatInfo& info = format_info(descriptor.format);
  const HostSubresource sub = host_subresource(descriptor, 0, 0, 0);
  const auto place = places(info);
  const std::size_t block = info.planes[0].block_bytes;
  std::vector<float> floats;
  floats.reserve(std::size_t{sub.extent.width} * sub.extent.height * 4);
  for (std::uint32_t y = 0; y < sub.extent.height; ++y) {
    const std::byte* from = memory.data() + sub.offset + y * sub.row_stride;
    for (std::uint32_t x = 0; x < sub.extent.width; ++x, from += block) {
      const Texel texel = read_texel(info, place, from);
      floats.insert(floats.end(), texel.begin(), texel.end());
    }
  }
  return floats;
}

std::vector<float> to_floats(const TextureDescriptor& descriptor, std::span<const std::byte> memory) {
  std::vector<float> floats = unpack(descriptor, memory);
  const std::size_t row = std::size_t{descriptor.extent.width} * 4;
  if (descriptor.picture.origin == PictureOrigin::bottom_left) {
    for (std::size_t top = 0, bottom = descriptor.extent.height - 1; top < bottom; ++top, --bottom) {
      const auto first = floats.begin() + static_cast<std::ptrdiff_t>(top * row);
      std::swap_ranges(first, first + static_cast<std::ptrdiff_t>(row),
                       floats.begin() + static_cast<std::ptrdiff_t>(bottom * row));
    }
  }
  for (std::size_t i = 0; i < floats.size(); i += 4) {
    float& alpha = floats[i + 3];
    if (descriptor.picture.alpha == AlphaMode::opaque) alpha = 1;
    if (descriptor.picture.alpha != AlphaMode::premultiplied || alpha == 0 || alpha == 1) continue;
    for (std::size_t k = 0; k < 3; ++k) floats[i + k] /= alpha;
  }
  return floats;
}

Picture to_picture(const TextureDescriptor& descriptor, std::span<const std::byte> memory) {
  const std::vector<float> floats = to_floats(descriptor, memory);
  Picture picture{descriptor.extent.width, descriptor.extent.height, {}};
  picture.rgba.reserve(floats.size());
  for (const float value : floats) {
    picture.rgba.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 1.0F) * 255.0F)));
  }
  return picture;
}

}  // namespace geyser::tool
