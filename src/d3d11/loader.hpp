// d3d11.dll, loaded at run time.
#pragma once

#include <d3d11_4.h>

#include <geyser/d3d11.hpp>
#include <geyser/error.hpp>

#include "dxgi/com.hpp"

namespace geyser::d3d11 {

using dxgi::Com;

// Errors: not_available.
Result<Com<ID3D11Device>> create_device(const Options& options);

}  // namespace geyser::d3d11
