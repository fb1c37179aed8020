// DXGI's column of the format table, which Direct3D 11 and 12 share.
#pragma once

#include <dxgiformat.h>

#include <geyser/export.hpp>
#include <geyser/format.hpp>

namespace geyser::dxgi {

// DXGI_FORMAT_UNKNOWN where there is no equal.
[[nodiscard]] GEYSER_API DXGI_FORMAT to_dxgi(TextureFormat format) noexcept;
// `unknown` where there is no equal: typeless formats, those with an unused byte.
[[nodiscard]] GEYSER_API TextureFormat from_dxgi(DXGI_FORMAT format) noexcept;

}  // namespace geyser::dxgi
