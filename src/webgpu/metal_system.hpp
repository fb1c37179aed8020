// Apple's systems: Dawn's Metal device.
#pragma once

#include "webgpu/system.hpp"

namespace geyser::webgpu {

struct System {
  void* device = nullptr;  // id<MTLDevice>, borrowed; null where nobody says it: then no fence is opened
};

}  // namespace geyser::webgpu
