// Linux: Dawn's Vulkan device, asked past Dawn where its library lets us.
#pragma once

#include "webgpu/scout.hpp"
#include "webgpu/system.hpp"
#include "webgpu/vulkan_device.hpp"

namespace geyser::webgpu {

struct System {
  VulkanDevice vulkan;  // empty where the library does not let us ask it
  Scout scout;
};

}  // namespace geyser::webgpu
