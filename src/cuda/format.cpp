#include "cuda/format.hpp"

namespace geyser::cuda {

namespace {

using F = TextureFormat;
using A = driver::ArrayFormat;

// What reads back as it is comes before what is only stored alike: from_cuda() takes the first.
constexpr std::array<CudaFormat, 58> table{{
    {F::r8_unorm, {A::unorm_int8x1, A::unsigned_int8}, 1},
    {F::rg8_unorm, {A::unorm_int8x2, A::unsigned_int8}, 2},
    {F::rgba8_unorm, {A::unorm_int8x4, A::unsigned_int8}, 4},
    {F::r8_snorm, {A::snorm_int8x1, A::signed_int8}, 1},
    {F::rg8_snorm, {A::snorm_int8x2, A::signed_int8}, 2},
    {F::rgba8_snorm, {A::snorm_int8x4, A::signed_int8}, 4},
    {F::r8_uint, {A::unsigned_int8}, 1},
    {F::rg8_uint, {A::unsigned_int8}, 2},
    {F::rgba8_uint, {A::unsigned_int8}, 4},
    {F::r8_sint, {A::signed_int8}, 1},
    {F::rg8_sint, {A::signed_int8}, 2},
    {F::rgba8_sint, {A::signed_int8}, 4},
    {F::r8_srgb, {A::unsigned_int8}, 1},
    {F::rg8_srgb, {A::unsigned_int8}, 2},
    {F::rgba8_srgb, {A::unsigned_int8}, 4},
    {F::bgra8_unorm, {A::unorm_int8x4, A::unsigned_int8}, 4},
    {F::bgra8_srgb, {A::unsigned_int8}, 4},
    {F::r16_unorm, {A::unorm_int16x1, A::unsigned_int16}, 1},
    {F::rg16_unorm, {A::unorm_int16x2, A::unsigned_int16}, 2},
    {F::rgba16_unorm, {A::unorm_int16x4, A::unsigned_int16}, 4},
    {F::r16_snorm, {A::snorm_int16x1, A::signed_int16}, 1},
    {F::rg16_snorm, {A::snorm_int16x2, A::signed_int16}, 2},
    {F::rgba16_snorm, {A::snorm_int16x4, A::signed_int16}, 4},
    {F::r16_uint, {A::unsigned_int16}, 1},
    {F::rg16_uint, {A::unsigned_int16}, 2},
    {F::rgba16_uint, {A::unsigned_int16}, 4},
    {F::r16_sint, {A::signed_int16}, 1},
    {F::rg16_sint, {A::signed_int16}, 2},
    {F::rgba16_sint, {A::signed_int16}, 4},
    {F::r16_float, {A::half}, 1},
    {F::rg16_float, {A::half}, 2},
    {F::rgba16_float, {A::half}, 4},
    {F::r32_uint, {A::unsigned_int32}, 1},
    {F::rg32_uint, {A::unsigned_int32}, 2},
    {F::rgba32_uint, {A::unsigned_int32}, 4},
    {F::r32_sint, {A::signed_int32}, 1},
    {F::rg32_sint, {A::signed_int32}, 2},
    {F::rgba32_sint, {A::signed_int32}, 4},
    {F::r32_float, {A::floating}, 1},
    {F::rg32_float, {A::floating}, 2},
    {F::rgba32_float, {A::floating}, 4},
    {F::rgb10a2_unorm, {A::unorm_int_101010_2}, 4},
    {F::bc1_rgba_unorm, {A::bc1_unorm}, 4},
    {F::bc1_rgba_srgb, {A::bc1_unorm_srgb}, 4},
    {F::bc1_rgb_unorm, {A::bc1_unorm}, 4},
    {F::bc1_rgb_srgb, {A::bc1_unorm_srgb}, 4},
    {F::bc2_unorm, {A::bc2_unorm}, 4},
    {F::bc2_srgb, {A::bc2_unorm_srgb}, 4},
    {F::bc3_unorm, {A::bc3_unorm}, 4},
    {F::bc3_srgb, {A::bc3_unorm_srgb}, 4},
    {F::bc4_unorm, {A::bc4_unorm}, 1},
    {F::bc4_snorm, {A::bc4_snorm}, 1},
    {F::bc5_unorm, {A::bc5_unorm}, 2},
    {F::bc5_snorm, {A::bc5_snorm}, 2},
    {F::bc6h_ufloat, {A::bc6h_uf16}, 3},
    {F::bc6h_sfloat, {A::bc6h_sf16}, 3},
    {F::bc7_unorm, {A::bc7_unorm}, 4},
    {F::bc7_srgb, {A::bc7_unorm_srgb}, 4},
}};

}  // namespace

CudaFormat to_cuda(TextureFormat format) noexcept {
  for (const CudaFormat& row : table) {
    if (row.format == format) return row;
  }
  return {format, {}, 0};
}

TextureFormat from_cuda(driver::ArrayFormat format, unsigned channels) noexcept {
  for (const CudaFormat& row : table) {
    if (row.names[0] == format && row.channels == channels) return row.format;
  }
  return TextureFormat::unknown;
}

}  // namespace geyser::cuda
