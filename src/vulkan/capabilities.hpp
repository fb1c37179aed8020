// What a Vulkan device can share, by asking it before anything is created.
#pragma once

#include <geyser/capabilities.hpp>

#include "vulkan/device.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

// Submits to the queue once: a sync file has to be tried.
Capabilities probe_capabilities(Device& device);

// What the driver does with Direct3D's memory of the recipe's type in such an image: no bits when it has none.
VkExternalMemoryFeatureFlags external_features(const Device& device, const TextureDescriptor& descriptor,
                                               const ImageRecipe& recipe);

}  // namespace geyser::vulkan
