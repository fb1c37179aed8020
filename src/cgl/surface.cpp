#include <geyser/cgl.hpp>

#include <IOSurface/IOSurface.h>
#include <OpenGL/CGLIOSurface.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "common/text.hpp"
#include "surface/surface.hpp"

namespace geyser::cgl {

using detail::text;
using surface::Surface;
using F = TextureFormat;

namespace {

// OpenGL's names, of headers that CGL's does not need.
constexpr std::uint32_t texture_rectangle = 0x84F5;
constexpr std::uint32_t red = 0x1903, rg = 0x8227, rgba = 0x1908, bgra = 0x80E1;
constexpr std::uint32_t r8 = 0x8229, rg8 = 0x822B, r16 = 0x822A, rg16 = 0x822C, rgba8 = 0x8058, rgba16f = 0x881A,
                        rgb10_a2 = 0x8059;
constexpr std::uint32_t unsigned_byte = 0x1401, unsigned_short = 0x1403, half_float = 0x140B,
                        unsigned_int_8_8_8_8_rev = 0x8367, unsigned_int_2_10_10_10_rev = 0x8368;

struct PlaneFormat {
  std::uint32_t internal = 0, format = 0, type = 0;
};

constexpr PlaneFormat red8{r8, red, unsigned_byte}, red_green8{rg8, rg, unsigned_byte};
constexpr PlaneFormat red16{r16, red, unsigned_short}, red_green16{rg16, rg, unsigned_short};

struct Row {
  TextureFormat format = F::unknown;
  std::array<PlaneFormat, 3> planes{};
};

constexpr Row table[] = {
    {F::r8_unorm, {red8}},
    {F::rg8_unorm, {red_green8}},
    {F::r16_unorm, {red16}},
    {F::rg16_unorm, {red_green16}},
    {F::bgra8_unorm, {{{rgba8, bgra, unsigned_int_8_8_8_8_rev}}}},
    {F::bgr10a2_unorm, {{{rgb10_a2, bgra, unsigned_int_2_10_10_10_rev}}}},
    {F::rgba16_float, {{{rgba16f, rgba, half_float}}}},
    {F::nv12, {red8, red_green8}},
    {F::p010, {red16, red_green16}},
    {F::i420, {red8, red8, red8}},
};

}  // namespace

std::vector<TextureFormat> formats() {
  std::vector<TextureFormat> all;
  for (const Row& row : table) all.push_back(row.format);
  return all;
}

Result<void> attach_plane(void* context, void* io_surface, const TextureDescriptor& descriptor, std::uint32_t plane) {
  if (context == nullptr || io_surface == nullptr) {
    return fail(ErrorCode::invalid_argument, "Context and surface must both be given.");
  }
  const auto* row =
      std::find_if(std::begin(table), std::end(table), [&](const Row& one) { return one.format == descriptor.format; });
  if (row == std::end(table)) {
    GeyserError error(ErrorCode::unsupported,
                      text("OpenGL sees no format [", to_string(descriptor.format), "] on a surface."));
    for (const Row& one : table) error.suggest(text("format [", to_string(one.format), "]"));
    return fail(std::move(error));
  }
  const FormatInfo& info = format_info(descriptor.format);
  if (plane >= info.plane_count) {
    return fail(ErrorCode::invalid_argument, text("Plane [", plane, "] is none of the [",
                                                  std::uint32_t{info.plane_count}, "] of format [", info.name, "]."));
  }
  auto* native = static_cast<IOSurfaceRef>(io_surface);
  if (auto good = Surface::share(native).check(descriptor); !good) return good;
  const Extent3D extent = mip_extent(descriptor, 0, plane);
  const PlaneFormat& format = row->planes[plane];
  const CGLError error = CGLTexImageIOSurface2D(static_cast<CGLContextObj>(context), texture_rectangle, format.internal,
                                                static_cast<GLsizei>(extent.width), static_cast<GLsizei>(extent.height),
                                                format.format, format.type, native, plane);
  if (error == kCGLNoError) return {};
  return fail(ErrorCode::operating_system, text("CGLTexImageIOSurface2D fails with [", CGLErrorString(error), "]."));
}

}  // namespace geyser::cgl
