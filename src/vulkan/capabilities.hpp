// What a Vulkan device can share, by asking it before anything is created.
#pragma once

#include <geyser/capabilities.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Submits to the queue once: a sync file has to be tried.
Capabilities probe_capabilities(Device& device);

}  // namespace geyser::vulkan
