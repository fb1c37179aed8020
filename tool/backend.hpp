// The APIs and devices that this program can open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <geyser/manager.hpp>

namespace geyser::tool {

struct BackendChoice {
  std::string name = "auto";  // "auto": the first of backend_names() that opens
  std::string device;         // part of a device's name, or its index; empty: the first
  bool validation = false;
};

// Those of this build: "vulkan", "opengl", "opengl_es", "webgpu", "cuda", "metal", "d3d11", "d3d12", "host".
[[nodiscard]] std::vector<std::string> backend_names();
// OpenGL, WebGPU and CUDA come with a Vulkan allocator of the same device where there is one, so that they can publish
// without copies. Errors: invalid_argument (no such name: the right ones), not_available (the driver's own reason).
[[nodiscard]] Result<std::shared_ptr<TextureShareManager>> open_backend(const BackendChoice& choice);

}  // namespace geyser::tool
