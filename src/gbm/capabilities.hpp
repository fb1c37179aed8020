// What a device of GBM's makes.
#pragma once

#include <span>

#include <geyser/capabilities.hpp>

#include "gbm/device.hpp"

namespace geyser::gbm {

// Asked by doing: a small buffer of each format and modifier is made and dropped.
Capabilities probe_capabilities(const Device& device, std::span<const std::uint64_t> modifiers);

}  // namespace geyser::gbm
