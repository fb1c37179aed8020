#include "dxgi/format.hpp"

#include <algorithm>
#include <iterator>

namespace geyser::dxgi {

namespace {

using F = TextureFormat;

struct Row {
  TextureFormat format;
  DXGI_FORMAT dxgi;
};

// Names of DXGI give channels from the lowest bits up, and so do Geyser's packed ones. DXGI has no BC1 without alpha.
constexpr Row table[] = {
    {F::r8_unorm, DXGI_FORMAT_R8_UNORM},
    {F::r8_snorm, DXGI_FORMAT_R8_SNORM},
    {F::r8_uint, DXGI_FORMAT_R8_UINT},
    {F::r8_sint, DXGI_FORMAT_R8_SINT},
    {F::rg8_unorm, DXGI_FORMAT_R8G8_UNORM},
    {F::rg8_snorm, DXGI_FORMAT_R8G8_SNORM},
    {F::rg8_uint, DXGI_FORMAT_R8G8_UINT},
    {F::rg8_sint, DXGI_FORMAT_R8G8_SINT},
    {F::rgba8_unorm, DXGI_FORMAT_R8G8B8A8_UNORM},
    {F::rgba8_snorm, DXGI_FORMAT_R8G8B8A8_SNORM},
    {F::rgba8_uint, DXGI_FORMAT_R8G8B8A8_UINT},
    {F::rgba8_sint, DXGI_FORMAT_R8G8B8A8_SINT},
    {F::rgba8_srgb, DXGI_FORMAT_R8G8B8A8_UNORM_SRGB},
    {F::bgra8_unorm, DXGI_FORMAT_B8G8R8A8_UNORM},
    {F::bgra8_srgb, DXGI_FORMAT_B8G8R8A8_UNORM_SRGB},
    {F::r16_unorm, DXGI_FORMAT_R16_UNORM},
    {F::r16_snorm, DXGI_FORMAT_R16_SNORM},
    {F::r16_uint, DXGI_FORMAT_R16_UINT},
    {F::r16_sint, DXGI_FORMAT_R16_SINT},
    {F::r16_float, DXGI_FORMAT_R16_FLOAT},
    {F::rg16_unorm, DXGI_FORMAT_R16G16_UNORM},
    {F::rg16_snorm, DXGI_FORMAT_R16G16_SNORM},
    {F::rg16_uint, DXGI_FORMAT_R16G16_UINT},
    {F::rg16_sint, DXGI_FORMAT_R16G16_SINT},
    {F::rg16_float, DXGI_FORMAT_R16G16_FLOAT},
    {F::rgba16_unorm, DXGI_FORMAT_R16G16B16A16_UNORM},
    {F::rgba16_snorm, DXGI_FORMAT_R16G16B16A16_SNORM},
    {F::rgba16_uint, DXGI_FORMAT_R16G16B16A16_UINT},
    {F::rgba16_sint, DXGI_FORMAT_R16G16B16A16_SINT},
    {F::rgba16_float, DXGI_FORMAT_R16G16B16A16_FLOAT},
    {F::r32_uint, DXGI_FORMAT_R32_UINT},
    {F::r32_sint, DXGI_FORMAT_R32_SINT},
    {F::r32_float, DXGI_FORMAT_R32_FLOAT},
    {F::rg32_uint, DXGI_FORMAT_R32G32_UINT},
    {F::rg32_sint, DXGI_FORMAT_R32G32_SINT},
    {F::rg32_float, DXGI_FORMAT_R32G32_FLOAT},
    {F::rgba32_uint, DXGI_FORMAT_R32G32B32A32_UINT},
    {F::rgba32_sint, DXGI_FORMAT_R32G32B32A32_SINT},
    {F::rgba32_float, DXGI_FORMAT_R32G32B32A32_FLOAT},
    {F::rgb10a2_unorm, DXGI_FORMAT_R10G10B10A2_UNORM},
    {F::rgb10a2_uint, DXGI_FORMAT_R10G10B10A2_UINT},
    {F::rg11b10_float, DXGI_FORMAT_R11G11B10_FLOAT},
    {F::rgb9e5_float, DXGI_FORMAT_R9G9B9E5_SHAREDEXP},
    {F::rgb565_unorm, DXGI_FORMAT_B5G6R5_UNORM},
    {F::d16_unorm, DXGI_FORMAT_D16_UNORM},
    {F::d24_unorm_s8_uint, DXGI_FORMAT_D24_UNORM_S8_UINT},
    {F::d32_float, DXGI_FORMAT_D32_FLOAT},
    {F::d32_float_s8_uint, DXGI_FORMAT_D32_FLOAT_S8X24_UINT},
    {F::bc1_rgba_unorm, DXGI_FORMAT_BC1_UNORM},
    {F::bc1_rgba_srgb, DXGI_FORMAT_BC1_UNORM_SRGB},
    {F::bc2_unorm, DXGI_FORMAT_BC2_UNORM},
    {F::bc2_srgb, DXGI_FORMAT_BC2_UNORM_SRGB},
    {F::bc3_unorm, DXGI_FORMAT_BC3_UNORM},
    {F::bc3_srgb, DXGI_FORMAT_BC3_UNORM_SRGB},
    {F::bc4_unorm, DXGI_FORMAT_BC4_UNORM},
    {F::bc4_snorm, DXGI_FORMAT_BC4_SNORM},
    {F::bc5_unorm, DXGI_FORMAT_BC5_UNORM},
    {F::bc5_snorm, DXGI_FORMAT_BC5_SNORM},
    {F::bc6h_ufloat, DXGI_FORMAT_BC6H_UF16},
    {F::bc6h_sfloat, DXGI_FORMAT_BC6H_SF16},
    {F::bc7_unorm, DXGI_FORMAT_BC7_UNORM},
    {F::bc7_srgb, DXGI_FORMAT_BC7_UNORM_SRGB},
    {F::nv12, DXGI_FORMAT_NV12},
    {F::p010, DXGI_FORMAT_P010},
};

}  // namespace

DXGI_FORMAT to_dxgi(TextureFormat format) noexcept {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const Row& row) { return row.format == format; });
  return found != std::end(table) ? found->dxgi : DXGI_FORMAT_UNKNOWN;
}

TextureFormat from_dxgi(DXGI_FORMAT format) noexcept {
  const auto* found =
      std::find_if(std::begin(table), std::end(table), [&](const Row& row) { return row.dxgi == format; });
  return found != std::end(table) ? found->format : TextureFormat::unknown;
}

}  // namespace geyser::dxgi
