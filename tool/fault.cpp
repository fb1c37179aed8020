#include "fault.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "distortion.hpp"

namespace geyser::tool {

namespace {

using Memory = std::span<std::byte>;
using Coded = CodedPicture;

bool always(const Coded&) { return true; }
bool is_square(const Coded& coded) { return coded.width() == coded.height(); }
bool has_colours(const Coded& coded) { return coded.channel_bits(0) != 0 && coded.channel_bits(2) != 0; }
bool has_alpha(const Coded& coded) { return coded.channel_bits(3) != 0; }
bool has_even_channels(const Coded& coded) {
  return has_alpha(coded) && coded.channel_bits(3) == coded.channel_bits(0);
}
bool is_normalised(const Coded& coded) { return !coded.is_floating(); }
bool is_normalised_with_alpha(const Coded& coded) { return is_normalised(coded) && has_even_channels(coded); }
bool is_wide(const Coded& coded) { return is_normalised(coded) && coded.channel_bits(0) > 8; }

// Each texel from the place that `from` says; what lies outside stays what it was.
template <typename From>
void gather(const Coded& coded, Memory memory, From from) {
  const std::vector<std::byte> whole(memory.begin(), memory.end());
  for (std::uint32_t y = 0; y < coded.height(); ++y) {
    for (std::uint32_t x = 0; x < coded.width(); ++x) {
      const Place at = from(Place{x, y});
      if (at.x < coded.width() && at.y < coded.height()) coded.put(memory, {x, y}, coded.read(whole, at));
    }
  }
}

template <Orientation orientation>
void turned(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number, memory);
  const std::vector<std::byte> whole(memory.begin(), memory.end());
  for (std::uint32_t y = 0; y < coded.height(); ++y) {
    for (std::uint32_t x = 0; x < coded.width(); ++x) {
      coded.put(memory, turn(orientation, {x, y}, coded.width(), coded.height()), coded.read(whole, {x, y}));
    }
  }
}

template <typename Change>
void change_each(const Coded& coded, std::uint64_t number, Memory memory, Change change) {
  coded.write(number, memory);
  for (std::uint32_t y = 0; y < coded.height(); ++y) {
    for (std::uint32_t x = 0; x < coded.width(); ++x) {
      TexelBits bits = coded.read(memory, {x, y});
      change(bits);
      coded.put(memory, {x, y}, bits);
    }
  }
}

void red_blue(const Coded& coded, std::uint64_t number, Memory memory) {
  change_each(coded, number, memory, [](TexelBits& bits) { std::swap(bits[0], bits[2]); });
}
void alpha_first(const Coded& coded, std::uint64_t number, Memory memory) {
  change_each(coded, number, memory, [](TexelBits& bits) { bits = {bits[3], bits[0], bits[1], bits[2]}; });
}
void alpha_lost(const Coded& coded, std::uint64_t number, Memory memory) {
  change_each(coded, number, memory, [&](TexelBits& bits) { bits[3] = coded.full(3); });
}
void alpha_zero(const Coded& coded, std::uint64_t number, Memory memory) {
  change_each(coded, number, memory, [](TexelBits& bits) { bits[3] = 0; });
}

// Colours as values from 0 to 1 through a curve.
template <typename Curve>
void curved(const Coded& coded, std::uint64_t number, Memory memory, Curve curve) {
  change_each(coded, number, memory, [&](TexelBits& bits) {
    const double alpha = has_alpha(coded) ? static_cast<double>(bits[3]) / coded.full(3) : 1.0;
    for (std::size_t i = 0; i < 3; ++i) {
      const double full = coded.full(i);
      if (full > 0) bits[i] = static_cast<std::uint32_t>(std::lround(curve(bits[i] / full, alpha) * full));
    }
  });
}
void gamma_twice(const Coded& coded, std::uint64_t number, Memory memory) {
  curved(coded, number, memory, [](double v, double) { return encode_srgb(v); });
}
void gamma_taken(const Coded& coded, std::uint64_t number, Memory memory) {
  curved(coded, number, memory, [](double v, double) { return decode_srgb(v); });
}
void premultiplied(const Coded& coded, std::uint64_t number, Memory memory) {
  curved(coded, number, memory, [](double v, double alpha) { return v * alpha; });
}
void limited(const Coded& coded, std::uint64_t number, Memory memory) {
  curved(coded, number, memory, [](double v, double) { return (16 + v * 219) / 255; });
}
void eight_bits(const Coded& coded, std::uint64_t number, Memory memory) {
  curved(coded, number, memory, [](double v, double) { return std::round(v * 255) / 255; });
}

void row_off(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number, memory);
  gather(coded, memory, [](Place at) { return Place{at.x, at.y - 1}; });
}
void column_off(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number, memory);
  gather(coded, memory, [](Place at) { return Place{at.x + 2, at.y}; });
}
void stride_wrong(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number, memory);
  gather(coded, memory, [&](Place at) {
    const std::uint32_t flat = at.y * (coded.width() + 4) + at.x;
    return Place{flat % coded.width(), flat / coded.width()};
  });
}
void one_bit(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number, memory);
  const Place at{coded.width() - 2, coded.height() / 2};
  TexelBits bits = coded.read(memory, at);
  bits[coded.channel_bits(1) != 0 ? 1 : 0] ^= 1U;
  coded.put(memory, at, bits);
}
void black(const Coded&, std::uint64_t, Memory memory) { std::fill(memory.begin(), memory.end(), std::byte{}); }

void stale(const Coded& coded, std::uint64_t number, Memory memory) {
  coded.write(number > 1 ? number - 1 : number + 1, memory);
}
void number_lies(const Coded& coded, std::uint64_t number, Memory memory) { coded.write(number + 1000, memory); }

// The frame before wherever `is_old` says so.
template <typename IsOld>
void mixed(const Coded& coded, std::uint64_t number, Memory memory, IsOld is_old) {
  coded.write(number, memory);
  for (std::uint32_t y = 0; y < coded.height(); ++y) {
    for (std::uint32_t x = 0; x < coded.width(); ++x) {
      if (is_old(Place{x, y})) coded.put(memory, {x, y}, coded.texel(number - 1, {x, y}));
    }
  }
}
void torn(const Coded& coded, std::uint64_t number, Memory memory) {
  mixed(coded, number, memory, [&](Place at) { return at.y >= coded.height() / 2; });
}
void torn_above(const Coded& coded, std::uint64_t number, Memory memory) {
  mixed(coded, number, memory, [&](Place at) { return at.y < coded.height() * 3 / 4; });
}
void torn_tile(const Coded& coded, std::uint64_t number, Memory memory) {
  mixed(coded, number, memory, [&](Place at) { return at.x - coded.width() / 2 < 8 && at.y - coded.height() / 2 < 8; });
}

constexpr Fault faults[] = {
    {"mirrored", Check::orientation, "columns mirrored", always, turned<Orientation::mirrored>},
    {"upside_down", Check::orientation, "upside down", always, turned<Orientation::upside_down>},
    {"turned_180", Check::orientation, "turned by 180 degrees", always, turned<Orientation::turned_180>},
    {"turned_90", Check::orientation, "turned by 90 degrees clockwise", is_square, turned<Orientation::turned_90>},
    {"turned_270", Check::orientation, "90 degrees anticlockwise", is_square, turned<Orientation::turned_270>},
    {"transposed", Check::orientation, "rows and columns exchanged", is_square, turned<Orientation::transposed>},
    {"red_blue", Check::channel_order, "red and blue exchanged", has_colours, red_blue},
    {"alpha_first", Check::channel_order, "alpha where red should be", has_even_channels, alpha_first},
    {"alpha_lost", Check::channel_order, "alpha lost: every texel is opaque", has_alpha, alpha_lost},
    {"alpha_zero", Check::channel_order, "alpha lost: every texel is transparent", has_alpha, alpha_zero},
    {"gamma_twice", Check::pixels, "sRGB curve was applied once too often", is_normalised, gamma_twice},
    {"gamma_taken", Check::pixels, "sRGB curve was taken away", is_normalised, gamma_taken},
    {"premultiplied", Check::pixels, "multiplied by alpha", is_normalised_with_alpha, premultiplied},
    {"limited", Check::pixels, "squeezed into the limited", is_normalised, limited},
    {"eight_bits", Check::pixels, "near the right ones, not equal", is_wide, eight_bits},
    {"row_off", Check::pixels, "shifted by 1 row downwards", always, row_off},
    {"column_off", Check::pixels, "shifted by 2 columns to the left", always, column_off},
    {"stride_wrong", Check::pixels, "each row begins 4 texels too late", always, stride_wrong},
    {"one_bit", Check::pixels, "(one bit)", always, one_bit},
    {"black", Check::pixels, "nothing was drawn", always, black},
    {"stale", Check::numbering, "shows the picture of frame", always, stale},
    {"number_lies", Check::numbering, "shows the picture of frame 10", always, number_lies},
    {"torn", Check::tearing, "and on belong to frame", always, torn},
    {"torn_above", Check::tearing, "rows 0 to", always, torn_above},
    {"torn_tile", Check::tearing, "columns", always, torn_tile},
};

}  // namespace

std::span<const Fault> pixel_faults() { return faults; }

std::vector<std::string> pixel_fault_names() {
  std::vector<std::string> names;
  for (const Fault& fault : faults) names.emplace_back(fault.name);
  return names;
}

const Fault* find_pixel_fault(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(faults), std::end(faults), [&](const Fault& f) { return f.name == name; });
  return found == std::end(faults) ? nullptr : found;
}

}  // namespace geyser::tool
