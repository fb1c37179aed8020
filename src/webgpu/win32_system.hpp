// Windows: Dawn's Direct3D device.
#pragma once

#include <memory>

#include "webgpu/direct3d_scout.hpp"
#include "webgpu/system.hpp"

namespace geyser::webgpu {

struct System {
  // Null where it cannot be made: then nothing of Direct3D's is shared.
  std::unique_ptr<Direct3dScout> scout;
  bool direct3d12 = false;  // not 11
};

}  // namespace geyser::webgpu
