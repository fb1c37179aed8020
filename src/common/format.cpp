#include <geyser/format.hpp>

#include <algorithm>

#include "common/format_table.hpp"

namespace geyser {

namespace {

constexpr FormatInfo unknown_format{
    TextureFormat::unknown, "unknown", FormatClass::color, NumericKind::unorm, 1, 1, 0, {}, "", {}, false, false, 0};

}  // namespace

const FormatInfo& format_info(TextureFormat format) noexcept {
  const auto found = std::lower_bound(detail::format_table.begin(), detail::format_table.end(), format,
                                      [](const FormatInfo& row, TextureFormat key) { return row.format < key; });
  return found != detail::format_table.end() && found->format == format ? *found : unknown_format;
}

std::span<const FormatInfo> all_formats() noexcept { return detail::format_table; }

std::string_view to_string(TextureFormat format) noexcept { return format_info(format).name; }

TextureFormat format_from_name(std::string_view name) noexcept {
  for (const FormatInfo& row : detail::format_table) {
    if (row.name == name) return row.format;
  }
  return TextureFormat::unknown;
}

TextureFormat format_from_drm_fourcc(std::uint32_t fourcc) noexcept {
  for (const FormatInfo& row : detail::format_table) {
    if (fourcc != 0 && row.drm_fourcc == fourcc) return row.format;
  }
  return TextureFormat::unknown;
}

}  // namespace geyser
