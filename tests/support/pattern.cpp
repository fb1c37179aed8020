#include "support/pattern.hpp"

#include <cstring>

#include <geyser/layout.hpp>

namespace geyser::test {

namespace {

std::uint32_t hash(std::uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ (x >> 16);
}

std::uint32_t load32(const std::byte* p) {
  std::uint32_t word = 0;
  std::memcpy(&word, p, 4);
  return word;
}
void store32(std::byte* p, std::uint32_t word) { std::memcpy(p, &word, 4); }

// Turns random bytes of one block into a value that converts there and back.
void tame(const FormatInfo& info, std::byte* block, std::uint32_t bytes) {
  const bool sixteen = info.channel_bits[0] == 16;
  switch (info.format) {
    case TextureFormat::rg11b10_float:  // exponents of 8 to 15 of 31
      store32(block, (load32(block) & 0x7fdffbffU) | 0x40100200U);
      return;
    case TextureFormat::rgb9e5_float:  // red's top mantissa bit is set: the encoding is canonical
      store32(block, (load32(block) & 0x07ffffffU) | 0x78000100U);
      return;
    case TextureFormat::d32_float:
    case TextureFormat::d32_float_s8_uint:  // 0.5 to 1
      store32(block, (load32(block) & 0x007fffffU) | 0x3f000000U);
      if (bytes == 8) block[5] = block[6] = block[7] = std::byte{0};
      return;
    default:
      break;
  }
  if (info.format_class != FormatClass::color) return;
  if (info.numeric == NumericKind::floating) {
    for (std::uint32_t i = 0; i < bytes; i += sixteen ? 2 : 4) {
      std::byte& top = block[i + (sixteen ? 1 : 3)];
      top = sixteen ? (top & std::byte{0x9f}) | std::byte{0x20} : (top & std::byte{0xbf}) | std::byte{0x20};
    }
  } else if (info.numeric == NumericKind::snorm) {
    for (std::uint32_t i = sixteen ? 1 : 0; i < bytes; i += sixteen ? 2 : 1) {
      if (block[i] == std::byte{0x80}) block[i] = std::byte{0x81};
    }
  }
}

template <typename Visit>
void each_subresource(const TextureDescriptor& d, Visit visit) {
  const FormatInfo& info = format_info(d.format);
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    for (std::uint32_t layer = 0; layer < d.array_layers; ++layer) {
      for (std::uint32_t mip = 0; mip < d.mip_levels; ++mip) visit(plane, layer, mip);
    }
  }
}

}  // namespace

std::vector<std::byte> make_pattern(const TextureDescriptor& d, std::uint32_t seed) {
  const FormatInfo& info = format_info(d.format);
  std::vector<std::byte> out(host_size(d));
  each_subresource(d, [&](std::uint32_t plane, std::uint32_t layer, std::uint32_t mip) {
    const HostSubresource sub = host_subresource(d, plane, layer, mip);
    const std::uint32_t block_bytes = info.planes[plane].block_bytes;
    for (std::uint32_t z = 0; z < sub.slices; ++z) {
      for (std::uint32_t y = 0; y < sub.rows; ++y) {
        std::byte* row = out.data() + sub.offset + z * sub.slice_stride + y * sub.row_stride;
        for (std::uint32_t x = 0; x * block_bytes < sub.row_bytes; ++x) {
          std::uint32_t state = hash(seed ^ hash(x ^ hash(y ^ hash(z ^ hash(layer * 97 + mip * 31 + plane + 1)))));
          for (std::uint32_t i = 0; i < block_bytes; ++i) {
            row[x * block_bytes + i] = static_cast<std::byte>(state & 0xffU);
            state = hash(state + i);
          }
          tame(info, row + x * block_bytes, block_bytes);
        }
      }
    }
  });
  return out;
}

std::string difference(const TextureDescriptor& d, std::span<const std::byte> expected,
                       std::span<const std::byte> actual) {
  const FormatInfo& info = format_info(d.format);
  if (expected.size() != actual.size()) {
    return "sizes " + std::to_string(expected.size()) + " and " + std::to_string(actual.size());
  }
  std::string first;
  std::uint64_t wrong = 0;
  std::uint64_t total = 0;
  each_subresource(d, [&](std::uint32_t plane, std::uint32_t layer, std::uint32_t mip) {
    const HostSubresource sub = host_subresource(d, plane, layer, mip);
    const std::uint32_t block_bytes = info.planes[plane].block_bytes;
    const std::uint32_t compared = d.format == TextureFormat::d32_float_s8_uint ? 5 : block_bytes;
    for (std::uint32_t z = 0; z < sub.slices; ++z) {
      for (std::uint32_t y = 0; y < sub.rows; ++y) {
        const std::uint64_t row = sub.offset + z * sub.slice_stride + y * sub.row_stride;
        for (std::uint64_t at = row; at < row + sub.row_bytes; at += block_bytes) {
          ++total;
          if (std::memcmp(expected.data() + at, actual.data() + at, compared) == 0) continue;
          ++wrong;
          if (!first.empty()) continue;
          first = "plane " + std::to_string(plane) + " layer " + std::to_string(layer) + " mip " + std::to_string(mip) +
                  " slice " + std::to_string(z) + " row " + std::to_string(y) + " block " +
                  std::to_string((at - row) / block_bytes) + ": expected";
          for (std::uint32_t i = 0; i < compared; ++i)
            first += " " + std::to_string(std::to_integer<int>(expected[at + i]));
          first += ", got";
          for (std::uint32_t i = 0; i < compared; ++i)
            first += " " + std::to_string(std::to_integer<int>(actual[at + i]));
        }
      }
    }
  });
  if (wrong == 0) return {};
  return std::to_string(wrong) + " of " + std::to_string(total) + " blocks differ; first: " + first;
}

}  // namespace geyser::test
