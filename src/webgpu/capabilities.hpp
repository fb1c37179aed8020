// What a WebGPU device can share.
#pragma once

#include <geyser/capabilities.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

Capabilities probe_capabilities(const Device& device);

}  // namespace geyser::webgpu
