#include <geyser/descriptor.hpp>

#include <algorithm>
#include <array>
#include <bit>

#include "common/text.hpp"

namespace geyser {

using detail::text;

std::string_view to_string(TextureDimension dimension) noexcept {
  static constexpr std::array<std::string_view, 5> names{"two_d", "two_d_array", "cube", "cube_array", "three_d"};
  const auto index = static_cast<std::size_t>(dimension);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

std::string to_string(TextureUsage usage) {
  static constexpr std::array<std::string_view, 6> names{
      "sampled", "storage", "color_attachment", "depth_stencil_attachment", "transfer_source", "transfer_destination"};
  std::string out;
  for (std::size_t bit = 0; bit < names.size(); ++bit) {
    if ((static_cast<std::uint32_t>(usage) >> bit & 1U) == 0) continue;
    if (!out.empty()) out += '|';
    out += names[bit];
  }
  return out.empty() ? "none" : out;
}

namespace {

tl::unexpected<GeyserError> wrong(std::string sentence) {
  return fail(ErrorCode::invalid_argument, std::move(sentence));
}

Result<void> check_range(std::string_view field, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  if (value >= low && value <= high) return {};
  return wrong(text("Field [", field, "] is [", value, "], outside [", low, "] to [", high, "]."));
}

Result<void> check_shape(const TextureDescriptor& d) {
  const Extent3D& e = d.extent;
  if (auto r = check_range("extent.width", e.width, 1, max_texture_extent); !r) return r;
  if (auto r = check_range("extent.height", e.height, 1, max_texture_extent); !r) return r;
  const std::uint32_t max_depth = d.dimension == TextureDimension::three_d ? max_texture_extent : 1;
  if (auto r = check_range("extent.depth", e.depth, 1, max_depth); !r) return r;
  const std::uint64_t layers = d.array_layers;
  switch (d.dimension) {
    case TextureDimension::two_d:
    case TextureDimension::three_d:
      if (auto r = check_range("array_layers", layers, 1, 1); !r) return r;
      break;
    case TextureDimension::two_d_array:
      if (auto r = check_range("array_layers", layers, 1, max_array_layers); !r) return r;
      break;
    case TextureDimension::cube:
      if (auto r = check_range("array_layers", layers, 6, 6); !r) return r;
      break;
    case TextureDimension::cube_array:
      if (auto r = check_range("array_layers", layers, 6, max_array_layers); !r) return r;
      if (layers % 6 != 0) return wrong(text("Field [array_layers] is [", layers, "], not a multiple of [6]."));
      break;
  }
  const bool cube = d.dimension == TextureDimension::cube || d.dimension == TextureDimension::cube_array;
  if (cube && e.width != e.height) {
    return wrong(text("A cube needs equal sides, but its extent is [", e.width, "] by [", e.height, "]."));
  }
  const auto largest = std::max({e.width, e.height, e.depth});
  return check_range("mip_levels", d.mip_levels, 1, static_cast<std::uint64_t>(std::bit_width(largest)));
}

Result<void> check_samples(const TextureDescriptor& d, const FormatInfo& info) {
  if (!std::has_single_bit(d.samples) || d.samples > 64) {
    return wrong(text("Field [samples] is [", d.samples, "], not a power of two up to [64]."));
  }
  if (d.samples == 1) return {};
  const bool flat = d.dimension == TextureDimension::two_d || d.dimension == TextureDimension::two_d_array;
  if (!flat || d.mip_levels != 1 || info.is_compressed() || info.is_multi_planar()) {
    return wrong(text("Field [samples] is [", d.samples,
                      "], but only uncompressed 2D textures of one mip level have several samples."));
  }
  return {};
}

Result<void> check_usage(const TextureDescriptor& d, const FormatInfo& info) {
  if ((static_cast<std::uint32_t>(d.usage) & ~static_cast<std::uint32_t>(all_texture_usages)) != 0 ||
      d.usage == TextureUsage::none) {
    return wrong(text("Field [usage] is [", static_cast<std::uint32_t>(d.usage), "], not a set of known usages."));
  }
  const bool depth = info.format_class == FormatClass::depth_stencil;
  const auto asks = [&](TextureUsage usage) { return contains(d.usage, usage); };
  if (depth && asks(TextureUsage::color_attachment)) {
    return wrong(text("Format [", info.name, "] cannot be a colour attachment."));
  }
  if (!depth && asks(TextureUsage::depth_stencil_attachment)) {
    return wrong(text("Format [", info.name, "] cannot be a depth-stencil attachment."));
  }
  const bool block = info.is_compressed() || info.is_multi_planar();
  if (block && (asks(TextureUsage::color_attachment) || asks(TextureUsage::storage))) {
    return wrong(text("Format [", info.name, "] cannot have usage [", to_string(d.usage), "]."));
  }
  return {};
}

// 16 TiB: far over every device, far under overflow.
constexpr std::uint64_t max_texture_bytes = std::uint64_t{1} << 44;

}  // namespace

Result<void> validate(const TextureDescriptor& d) {
  const FormatInfo& info = format_info(d.format);
  if (info.plane_count == 0) {
    return wrong(text("Field [format] is [", static_cast<std::uint32_t>(d.format), "], which is no format."));
  }
  if (static_cast<std::uint32_t>(d.dimension) > static_cast<std::uint32_t>(TextureDimension::three_d)) {
    return wrong(text("Field [dimension] is [", static_cast<std::uint32_t>(d.dimension), "], which is no dimension."));
  }
  if (auto r = check_shape(d); !r) return r;
  if (auto r = check_samples(d, info); !r) return r;
  if (auto r = check_usage(d, info); !r) return r;
  if (info.is_multi_planar() && (d.mip_levels != 1 || d.dimension == TextureDimension::three_d)) {
    return wrong(text("Multi-planar format [", info.name, "] has one mip level and is not three-dimensional."));
  }
  if (d.label.size() > max_label_bytes) {
    return wrong(text("Field [label] has [", d.label.size(), "] bytes, more than the limit [", max_label_bytes, "]."));
  }
  // Upper bound with rows padded to 256 bytes and a full mip chain; every factor is range-checked above.
  const std::uint64_t row = (std::uint64_t{d.extent.width} * 16 + 255) / 256 * 256;
  const std::uint64_t slice = row * d.extent.height;
  const std::uint64_t images = std::uint64_t{d.extent.depth} * d.array_layers * d.samples;
  if (slice > max_texture_bytes / images) {
    return wrong(text("The texture has more than [", max_texture_bytes, "] bytes."));
  }
  return {};
}

std::string to_string(const TextureDescriptor& d) {
  std::string out = text(to_string(d.dimension), " ", d.extent.width, "x", d.extent.height);
  if (d.extent.depth > 1) out += text("x", d.extent.depth);
  out += text(" ", to_string(d.format), ", ", d.mip_levels, d.mip_levels == 1 ? " mip, " : " mips, ", d.array_layers,
              d.array_layers == 1 ? " layer" : " layers");
  if (d.samples > 1) out += text(", ", d.samples, " samples");
  if (!d.label.empty()) out += text(" [", d.label, "]");
  return out;
}

Extent3D mip_extent(const TextureDescriptor& d, std::uint32_t mip_level, std::uint32_t plane) noexcept {
  const FormatInfo& info = format_info(d.format);
  Extent3D e = d.extent;
  if (plane < info.planes.size()) {
    const FormatPlane& p = info.planes[plane];
    e.width = (e.width + (1U << p.width_shift) - 1) >> p.width_shift;
    e.height = (e.height + (1U << p.height_shift) - 1) >> p.height_shift;
  }
  const auto shrink = [&](std::uint32_t v) { return mip_level >= 32 ? 1U : std::max(v >> mip_level, 1U); };
  return {shrink(e.width), shrink(e.height), shrink(e.depth)};
}

}  // namespace geyser
