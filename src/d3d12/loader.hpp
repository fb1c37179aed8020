// d3d12.dll, loaded at run time.
#pragma once

#include <d3d12.h>

#include <geyser/d3d12.hpp>

#include "dxgi/com.hpp"

namespace geyser::d3d12 {

using dxgi::Com;

// A device on the adapter of that LUID, or on the system's first. Errors: not_available.
Result<Com<ID3D12Device>> create_device(const std::optional<std::array<std::uint8_t, 8>>& luid);

}  // namespace geyser::d3d12
