// Windows: which adapters there are, and what others sent tried out on a Direct3D 12 device of Geyser's own before Dawn
// sees it. What Direct3D refuses Dawn takes for the loss of its device. No type of Windows here: tests have another
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <geyser/descriptor.hpp>
#include <geyser/error.hpp>
#include <geyser/handle.hpp>
#include <geyser/webgpu.hpp>

namespace geyser::webgpu {

struct Direct3dAdapter {
  Luid luid{};
  std::uint32_t vendor = 0;
  std::uint32_t device = 0;
  std::string name;
};
// Those of DXGI, in its order; empty where there is none.
std::vector<Direct3dAdapter> direct3d_adapters();

class Direct3dScout {
 public:
  virtual ~Direct3dScout() = default;
  // Whether the handle is of a texture that Dawn takes: two dimensions, one mip, layer and sample, with
  // D3D12_RESOURCE_FLAG_ALLOW_SIMULTANEOUS_ACCESS where `simultaneous` (Dawn on Direct3D 12), of the descriptor's
  // extent. Borrows the handle. Errors: invalid_handle, incompatible_layout (field and both values).
  virtual Result<void> try_texture(const OwnedHandle& handle, const TextureDescriptor& descriptor,
                                   bool simultaneous) = 0;
  // Whether the handle is of a fence. Borrows it. Errors: invalid_handle.
  virtual Result<void> try_fence(const OwnedHandle& handle) = 0;
};
// On the adapter of that LUID. Errors: not_available.
Result<std::unique_ptr<Direct3dScout>> open_direct3d_scout(const Luid& luid);

}  // namespace geyser::webgpu
