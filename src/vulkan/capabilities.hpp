// What a Vulkan device can share, by asking it before anything is created.
#pragma once

#include <geyser/capabilities.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

Capabilities probe_capabilities(const Device& device);

}  // namespace geyser::vulkan
