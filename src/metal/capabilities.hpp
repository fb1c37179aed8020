// What a Metal device shares. Objective-C++ only.
#pragma once

#include <geyser/capabilities.hpp>

#include "metal/context.hpp"

namespace geyser::metal {

Capabilities probe_capabilities(const Context& context);

}  // namespace geyser::metal
