#include <geyser/picture_transform.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

namespace geyser {

namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

Matrix multiply(const Matrix& a, const Matrix& b) {
  Matrix out{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t n = 0; n < 3; ++n) out[i][k] += a[i][n] * b[n][k];
    }
  }
  return out;
}

Vector multiply(const Matrix& a, const Vector& v) {
  Vector out{};
  for (std::size_t i = 0; i < 3; ++i) out[i] = a[i][0] * v[0] + a[i][1] * v[1] + a[i][2] * v[2];
  return out;
}

Matrix inverse(const Matrix& m) {
  const auto minor = [&m](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
    return m[a][b] * m[c][d] - m[a][d] * m[c][b];
  };
  const double det = m[0][0] * minor(1, 1, 2, 2) - m[0][1] * minor(1, 0, 2, 2) + m[0][2] * minor(1, 0, 2, 1);
  return {{{minor(1, 1, 2, 2) / det, -minor(0, 1, 2, 2) / det, minor(0, 1, 1, 2) / det},
           {-minor(1, 0, 2, 2) / det, minor(0, 0, 2, 2) / det, -minor(0, 0, 1, 2) / det},
           {minor(1, 0, 2, 1) / det, -minor(0, 0, 2, 1) / det, minor(0, 0, 1, 1) / det}}};
}

// CIE 1931 x and y.
struct Primaries {
  std::array<double, 2> red, green, blue, white;
};
constexpr std::array<double, 2> d65{0.3127, 0.3290};
constexpr Primaries bt709{{0.640, 0.330}, {0.300, 0.600}, {0.150, 0.060}, d65};

// None: BT.709, or unknown.
std::optional<Primaries> primaries_of(std::uint8_t code) {
  switch (code) {
    case 5:  // BT.601 with 625 lines
      return Primaries{{0.640, 0.330}, {0.290, 0.600}, {0.150, 0.060}, d65};
    case 6:  // BT.601 with 525 lines
    case 7:
      return Primaries{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}, d65};
    case 9:  // BT.2020 and 2100
      return Primaries{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}, d65};
    case 11:  // DCI-P3
      return Primaries{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, {0.314, 0.351}};
    case 12:  // Display P3
      return Primaries{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, d65};
    default:
      return std::nullopt;
  }
}

Vector xyz_of(const std::array<double, 2>& xy) { return {xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]}; }

Matrix rgb_to_xyz(const Primaries& p) {
  const Vector r = xyz_of(p.red);
  const Vector g = xyz_of(p.green);
  const Vector b = xyz_of(p.blue);
  Matrix columns{};
  for (std::size_t i = 0; i < 3; ++i) columns[i] = {r[i], g[i], b[i]};
  const Vector weights = multiply(inverse(columns), xyz_of(p.white));
  for (Vector& row : columns) {
    for (std::size_t k = 0; k < 3; ++k) row[k] *= weights[k];
  }
  return columns;
}

// Bradford's adaptation from one white to D65.
Matrix adapt(const std::array<double, 2>& white) {
  constexpr Matrix cone{{{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
  const Vector from = multiply(cone, xyz_of(white));
  const Vector to = multiply(cone, xyz_of(d65));
  const Matrix scale{{{to[0] / from[0], 0, 0}, {0, to[1] / from[1], 0}, {0, 0, to[2] / from[2]}}};
  return multiply(inverse(cone), multiply(scale, cone));
}

void set_primaries(std::uint8_t code, PictureTransform& out) {
  const auto primaries = primaries_of(code);
  if (!primaries) return;
  const Matrix all = multiply(inverse(rgb_to_xyz(bt709)), multiply(adapt(primaries->white), rgb_to_xyz(*primaries)));
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) out.to_bt709[i][k] = static_cast<float>(all[i][k]);
  }
}

// A stored code value v of n bits is seen by samplers as v / (2^n - 1).
struct Levels {
  double scale = 1;
  double offset = 0;
};
Levels levels(ColorRange range, int bits, bool chroma) {
  const double top = std::exp2(bits) - 1;
  const double unit = std::exp2(bits - 8);
  if (range == ColorRange::full) return {1, chroma ? -128 * unit / top : 0};
  const double span = (chroma ? 224 : 219) * unit;
  return {top / span, -(chroma ? 128 : 16) * unit / span};
}

void set_ycbcr(const TextureDescriptor& d, PictureTransform& out) {
  std::uint8_t matrix = d.picture.matrix_coefficients;
  if (matrix == 2) matrix = d.extent.height >= 720 ? 1 : 6;
  double kr = 0.2126;
  double kb = 0.0722;
  if (matrix == 5 || matrix == 6) {
    kr = 0.299;
    kb = 0.114;
  } else if (matrix == 9) {
    kr = 0.2627;
    kb = 0.0593;
  }
  const double kg = 1 - kr - kb;
  const bool ten_bits = d.format == TextureFormat::p010;
  const int bits = ten_bits ? 10 : 8;
  // Ten bits in the upper part of sixteen.
  const double unpack = ten_bits ? 65535.0 / (64.0 * 1023.0) : 1;
  const Levels y = levels(d.picture.range, bits, false);
  const Levels c = levels(d.picture.range, bits, true);
  const Matrix from{
      {{1, 0, 2 * (1 - kr)}, {1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg}, {1, 2 * (1 - kb), 0}}};
  for (std::size_t i = 0; i < 3; ++i) {
    out.to_rgb[i] = {static_cast<float>(from[i][0] * y.scale * unpack),
                     static_cast<float>(from[i][1] * c.scale * unpack),
                     static_cast<float>(from[i][2] * c.scale * unpack),
                     static_cast<float>(from[i][0] * y.offset + (from[i][1] + from[i][2]) * c.offset)};
  }
}

double decode(std::uint8_t transfer, double v) {
  switch (transfer) {
    case 8:
      return v;
    case 1:
    case 6:
    case 14:
    case 15:
      return std::pow(std::max(v, 0.0), 2.4);
    case 4:
      return std::pow(std::max(v, 0.0), 2.2);
    case 5:
      return std::pow(std::max(v, 0.0), 2.8);
    case 16: {
      const double p = std::pow(std::max(v, 0.0), 1 / 78.84375);
      return std::pow(std::max(p - 0.8359375, 0.0) / (18.8515625 - 18.6875 * p), 1 / 0.1593017578125) * 10000 / 203;
    }
    case 18:
      return (v <= 0.5 ? v * v / 3 : (std::exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12) / 0.26496256;
    default:
      return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  }
}

double encode(std::uint8_t transfer, double v) {
  switch (transfer) {
    case 8:
      return v;
    case 1:
    case 6:
    case 14:
    case 15:
      return std::pow(std::max(v, 0.0), 1 / 2.4);
    case 4:
      return std::pow(std::max(v, 0.0), 1 / 2.2);
    case 5:
      return std::pow(std::max(v, 0.0), 1 / 2.8);
    case 16: {
      const double p = std::pow(std::max(v, 0.0) * 203 / 10000, 0.1593017578125);
      return std::pow((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p), 78.84375);
    }
    case 18: {
      const double scene = std::max(v, 0.0) * 0.26496256;
      return scene <= 1.0 / 12 ? std::sqrt(3 * scene) : 0.17883277 * std::log(12 * scene - 0.28466892) + 0.55991073;
    }
    default:
      return v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  }
}

}  // namespace

PictureTransform picture_transform(const TextureDescriptor& d) noexcept {
  const FormatInfo& info = format_info(d.format);
  PictureTransform out;
  out.alpha = d.picture.alpha;
  if (d.picture.origin == PictureOrigin::bottom_left) {
    out.scale[1] = -1;
    out.offset[1] = 1;
  }
  if (info.is_multi_planar()) {
    set_ycbcr(d, out);
  } else if (d.picture.range == ColorRange::limited && info.numeric == NumericKind::unorm) {
    const int bits = info.channel_bits[0] != 0 ? info.channel_bits[0] : 8;
    if (bits >= 8) {
      const Levels each = levels(ColorRange::limited, bits, false);
      for (std::size_t i = 0; i < 3; ++i) {
        out.to_rgb[i][i] = static_cast<float>(each.scale);
        out.to_rgb[i][3] = static_cast<float>(each.offset);
      }
    }
  }
  const std::uint8_t stated = d.picture.transfer_characteristics;
  out.transfer = info.is_srgb() ? std::uint8_t{8} : stated == 2 ? std::uint8_t{13} : stated;
  set_primaries(d.picture.color_primaries, out);
  return out;
}

float to_linear(std::uint8_t transfer, float encoded) noexcept {
  return static_cast<float>(decode(transfer, static_cast<double>(encoded)));
}

float from_linear(std::uint8_t transfer, float linear) noexcept {
  return static_cast<float>(encode(transfer, static_cast<double>(linear)));
}

std::string_view glsl_transfer_functions() noexcept {
  return R"(
float geyser_to_linear(int transfer, float v) {
  if (transfer == 8) return v;
  if (transfer == 1 || transfer == 6 || transfer == 14 || transfer == 15) return pow(max(v, 0.0), 2.4);
  if (transfer == 4) return pow(max(v, 0.0), 2.2);
  if (transfer == 5) return pow(max(v, 0.0), 2.8);
  if (transfer == 16) {
    float p = pow(max(v, 0.0), 1.0 / 78.84375);
    return pow(max(p - 0.8359375, 0.0) / (18.8515625 - 18.6875 * p), 1.0 / 0.1593017578125) * 10000.0 / 203.0;
  }
  if (transfer == 18) {
    return (v <= 0.5 ? v * v / 3.0 : (exp((v - 0.55991073) / 0.17883277) + 0.28466892) / 12.0) / 0.26496256;
  }
  return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}
float geyser_from_linear(int transfer, float v) {
  if (transfer == 8) return v;
  if (transfer == 1 || transfer == 6 || transfer == 14 || transfer == 15) return pow(max(v, 0.0), 1.0 / 2.4);
  if (transfer == 4) return pow(max(v, 0.0), 1.0 / 2.2);
  if (transfer == 5) return pow(max(v, 0.0), 1.0 / 2.8);
  if (transfer == 16) {
    float p = pow(max(v, 0.0) * 203.0 / 10000.0, 0.1593017578125);
    return pow((0.8359375 + 18.8515625 * p) / (1.0 + 18.6875 * p), 78.84375);
  }
  if (transfer == 18) {
    float s = max(v, 0.0) * 0.26496256;
    return s <= 1.0 / 12.0 ? sqrt(3.0 * s) : 0.17883277 * log(12.0 * s - 0.28466892) + 0.55991073;
  }
  return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1.0 / 2.4) - 0.055;
}
vec3 geyser_to_linear(int transfer, vec3 v) {
  return vec3(geyser_to_linear(transfer, v.r), geyser_to_linear(transfer, v.g), geyser_to_linear(transfer, v.b));
}
vec3 geyser_from_linear(int transfer, vec3 v) {
  return vec3(geyser_from_linear(transfer, v.r), geyser_from_linear(transfer, v.g), geyser_from_linear(transfer, v.b));
}
)";
}

}  // namespace geyser
