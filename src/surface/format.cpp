#include "surface/format.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace geyser::surface {

namespace {

using F = TextureFormat;

struct Row {
  TextureFormat format = TextureFormat::unknown;
  // What Geyser makes first; 0: none. Those of Y'CbCr: limited range, then full.
  std::array<std::uint32_t, 2> names{};
  bool unnamed = false;  // surfaces of it have no name: only who is told the format can use them
};

constexpr std::uint32_t code(const char (&name)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(name[i]);
  return value;
}

// CoreVideo/CVPixelBuffer.h documents the four characters of each kCVPixelFormatType.
constexpr Row table[] = {
    {F::r8_unorm, {code("L008")}},
    {F::rg8_unorm, {code("2C08")}},
    {F::rgba8_unorm, {code("RGBA")}},
    {F::rgba8_srgb, {code("RGBA")}},
    {F::bgra8_unorm, {code("BGRA")}, true},  // Syphon's have no name
    {F::bgra8_srgb, {code("BGRA")}},
    {F::r16_unorm, {code("L016")}},
    {F::r16_float, {code("L00h")}},
    {F::rg16_unorm, {code("2C16")}},
    {F::rg16_float, {code("2C0h")}},
    {F::rgba16_unorm, {code("l64r")}},
    {F::rgba16_float, {code("RGhA")}},
    {F::r32_float, {code("L00f")}},
    {F::rg32_float, {code("2C0f")}},
    {F::rgba32_float, {code("RGfA")}},
    // 'l10r' has blue in the lowest bits. CoreVideo has no name for red there: a surface of four bytes without a name.
    {F::bgr10a2_unorm, {code("l10r")}},
    {F::rgb10a2_unorm, {}, true},
    {F::nv12, {code("420v"), code("420f")}},
    {F::p010, {code("x420"), code("xf20")}},
    {F::i420, {code("y420"), code("f420")}},
};

const Row* find(TextureFormat format) noexcept {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const Row& row) { return row.format == format; });
  return found != std::end(table) ? found : nullptr;
}

}  // namespace

bool has_surfaces(TextureFormat format) noexcept { return find(format) != nullptr; }

std::uint32_t surface_format_of(TextureFormat format, bool limited) noexcept {
  const Row* row = find(format);
  if (row == nullptr) return 0;
  return row->names[1] == 0 || limited ? row->names[0] : row->names[1];
}

std::optional<NamedFormat> find_surface_format(std::uint32_t name) noexcept {
  if (name == 0) return std::nullopt;
  for (const Row& row : table) {
    if (name == row.names[0]) return NamedFormat{row.format, row.names[1] != 0};
    if (name == row.names[1]) return NamedFormat{row.format, false};
  }
  return std::nullopt;
}

bool is_surface_format(TextureFormat format, std::uint32_t name) noexcept {
  const Row* row = find(format);
  if (row == nullptr) return false;
  if (name == 0) return row->unnamed;
  return name == row->names[0] || name == row->names[1];
}

PlanarElement planar_element_of(TextureFormat format) noexcept {
  const FormatInfo& info = format_info(format);
  unsigned across = 0;
  unsigned down = 0;
  for (std::uint32_t i = 0; i < info.plane_count; ++i) {
    across = std::max<unsigned>(across, info.planes[i].width_shift);
    down = std::max<unsigned>(down, info.planes[i].height_shift);
  }
  PlanarElement element{0, std::uint64_t{1} << across, std::uint64_t{1} << down};
  for (std::uint32_t i = 0; i < info.plane_count; ++i) {
    const FormatPlane& plane = info.planes[i];
    element.bytes += std::uint64_t{plane.block_bytes} << (across - plane.width_shift + down - plane.height_shift);
  }
  return element;
}

std::string four_characters(std::uint32_t name) {
  std::string out;
  for (unsigned shift = 32; shift != 0; shift -= 8) {
    const auto character = static_cast<unsigned char>(name >> (shift - 8) & 0xffU);
    out += character >= 0x20 && character < 0x7f ? static_cast<char>(character) : '?';
  }
  return out;
}

}  // namespace geyser::surface
