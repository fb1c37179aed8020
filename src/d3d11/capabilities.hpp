// What a device shares, asked by doing.
#pragma once

#include <geyser/capabilities.hpp>

#include "d3d11/context.hpp"

namespace geyser::d3d11 {

// What refuses is told to `context.diagnostics()`.
Capabilities probe_capabilities(const Context& context);

}  // namespace geyser::d3d11
