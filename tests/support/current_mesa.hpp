// Which end is a Mesa that has dma-bufs and sync files, where there is one.
#pragma once

#include "support/end.hpp"

namespace geyser::test {

// "mesa25" where that is unpacked, "vulkan" in the rig whose own Mesa is newer; null: neither is here.
inline const char* current_mesa() {
  if (driver_manifest("mesa25") != nullptr) return "mesa25";
  return is_rig("forky") ? "vulkan" : nullptr;
}

}  // namespace geyser::test
