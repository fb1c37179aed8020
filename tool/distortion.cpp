#include "distortion.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

namespace geyser::tool {

namespace {

constexpr std::size_t sample_size = 256;
constexpr double most = 0.9;
constexpr std::int64_t largest_shift = 16;
constexpr std::int64_t largest_stride = 64;

struct Curve {
  const char* words;
  double (*apply)(double value, double alpha);
};

constexpr Curve curves[] = {
    {"values are near the right ones, not equal: they went through a format or filter that cannot hold them",
     [](double v, double) { return v; }},
    {"the sRGB curve was applied once too often", [](double v, double) { return encode_srgb(v); }},
    {"the sRGB curve was taken away", [](double v, double) { return decode_srgb(v); }},
    {"colours were multiplied by alpha", [](double v, double alpha) { return v * alpha; }},
    {"the full range was squeezed into the limited one", [](double v, double) { return (16.0 + v * 219.0) / 255.0; }},
    {"the limited range was stretched to the full one",
     [](double v, double) { return std::clamp((v * 255.0 - 16.0) / 219.0, 0.0, 1.0); }},
};

class Distortion {
 public:
  Distortion(const CodedPicture& coded, std::span<const std::byte> memory) : coded_(coded), memory_(memory) {
    for (std::uint64_t i = 0; sample_.size() < sample_size; ++i) {
      const std::uint64_t random = mix(~i);
      const Place at{static_cast<std::uint32_t>(random % coded.width()),
                     static_cast<std::uint32_t>((random >> 32U) % coded.height())};
      if (!coded.is_mark(at)) sample_.push_back(at);
    }
  }

  std::string name(std::span<const std::uint64_t> numbers) const {
    if (const std::string flat = flatness(); !flat.empty()) return flat;
    for (const std::uint64_t number : numbers) {
      for (const auto& trial : {&Distortion::shift, &Distortion::stride, &Distortion::curve}) {
        const std::string words = (this->*trial)(number);
        if (!words.empty()) return words;
      }
    }
    return "";
  }

 private:
  // How much of the sample is what `expect` says; it may leave texels out by saying nothing.
  template <typename Expect>
  bool explains(Expect expect) const {
    std::size_t same = 0;
    std::size_t asked = 0;
    for (const Place at : sample_) {
      const std::optional<TexelBits> expected = expect(at);
      if (!expected) continue;
      ++asked;
      same += *expected == coded_.read(memory_, at) ? 1U : 0U;
      if (asked == 32 && same < 8) return false;
    }
    return asked >= 16 && static_cast<double>(same) >= most * static_cast<double>(asked);
  }
  std::string flatness() const {
    const TexelBits first = coded_.read(memory_, sample_.front());
    if (!explains([&](Place) { return std::optional(first); })) return "";
    return first == TexelBits{} ? "every bit is zero: nothing was drawn" : "all texels are equal: nothing was drawn";
  }
  std::string shift(std::uint64_t number) const {
    for (std::int64_t down = -largest_shift; down <= largest_shift; ++down) {
      for (std::int64_t right = -largest_shift; right <= largest_shift; ++right) {
        const auto expect = [&](Place at) -> std::optional<TexelBits> {
          const std::int64_t x = std::int64_t{at.x} - right;
          const std::int64_t y = std::int64_t{at.y} - down;
          if (x < 0 || y < 0 || x >= coded_.width() || y >= coded_.height()) return std::nullopt;
          return coded_.texel(number, {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y)});
        };
        if ((down != 0 || right != 0) && explains(expect)) return shift_words(down, right);
      }
    }
    return "";
  }
  static std::string shift_words(std::int64_t down, std::int64_t right) {
    const auto part = [](std::int64_t by, const char* what, const char* forth, const char* back) {
      return std::to_string(std::abs(by)) + " " + what + (std::abs(by) == 1 ? " " : "s ") + (by > 0 ? forth : back);
    };
    std::string words = "shifted by ";
    if (down != 0) words += part(down, "row", "downwards", "upwards");
    if (down != 0 && right != 0) words += " and ";
    return right != 0 ? words + part(right, "column", "to the right", "to the left") : words;
  }
  std::string stride(std::uint64_t number) const {
    const std::int64_t wide = coded_.width();
    for (std::int64_t extra = -largest_stride; extra <= largest_stride; ++extra) {
      const auto expect = [&](Place at) -> std::optional<TexelBits> {
        const std::int64_t flat = at.y * (wide + extra) + at.x;
        if (flat < 0 || flat >= wide * coded_.height()) return std::nullopt;
        return coded_.texel(number, {static_cast<std::uint32_t>(flat % wide), static_cast<std::uint32_t>(flat / wide)});
      };
      if (extra != 0 && explains(expect)) {
        return "each row begins " + std::to_string(std::abs(extra)) + (std::abs(extra) == 1 ? " texel" : " texels") +
               (extra > 0 ? " too late" : " too early") + " after the one before: a wrong stride";
      }
    }
    return "";
  }
  std::string curve(std::uint64_t number) const {
    if (coded_.is_floating()) return "";
    for (const Curve& one : curves) {
      std::size_t near = 0;
      for (const Place at : sample_) near += follows(one, number, at) ? 1U : 0U;
      if (static_cast<double>(near) >= most * static_cast<double>(sample_.size())) return one.words;
    }
    return "";
  }
  bool follows(const Curve& one, std::uint64_t number, Place at) const {
    const TexelBits expected = coded_.texel(number, at);
    const TexelBits seen = coded_.read(memory_, at);
    const auto value = [&](const TexelBits& bits, std::size_t i) {
      return static_cast<double>(bits[i]) / coded_.full(i);
    };
    const double alpha = coded_.channel_bits(3) == 0 ? 1 : value(expected, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      if (coded_.channel_bits(i) == 0) continue;
      if (std::abs(one.apply(value(expected, i), alpha) - value(seen, i)) > 1.6 / 255.0) return false;
    }
    return coded_.channel_bits(3) == 0 || std::abs(alpha - value(seen, 3)) <= 1.6 / 255.0;
  }

  const CodedPicture& coded_;
  std::span<const std::byte> memory_;
  std::vector<Place> sample_;
};

std::string text_of(const CodedPicture& coded, const TexelBits& bits) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (coded.channel_bits(i) == 0) continue;
    char digits[16];
    std::snprintf(digits, sizeof(digits), "%0*x", static_cast<int>(coded.channel_bits(i) + 3) / 4, bits[i]);
    text += (text.empty() ? "" : " ") + std::string(digits);
  }
  return text;
}

}  // namespace

double encode_srgb(double value) noexcept {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055;
}

double decode_srgb(double value) noexcept {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

std::string distortion_of(const CodedPicture& coded, std::span<const std::uint64_t> numbers,
                          std::span<const std::byte> memory) {
  return Distortion(coded, memory).name(numbers);
}

std::string describe_difference(const CodedPicture& coded, Place at, const TexelBits& expected, const TexelBits& seen) {
  int bits = 0;
  for (std::size_t i = 0; i < 4; ++i) bits += std::popcount(expected[i] ^ seen[i]);
  return "column " + std::to_string(at.x) + " of row " + std::to_string(at.y) + " is " + text_of(coded, seen) +
         ", not " + text_of(coded, expected) + (bits == 1 ? " (one bit)" : "");
}

}  // namespace geyser::tool
