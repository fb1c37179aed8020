// What a Direct3D 12 device shares.
#pragma once

#include <geyser/capabilities.hpp>

#include "d3d12/context.hpp"

namespace geyser::d3d12 {

Capabilities probe_capabilities(const Context& context);

}  // namespace geyser::d3d12
