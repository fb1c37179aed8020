// What a GL context can share.
#pragma once

#include <geyser/capabilities.hpp>

#include "opengl/context.hpp"

namespace geyser::opengl {

// The context must be current.
Capabilities probe_capabilities(const Context& context);

}  // namespace geyser::opengl
