// Entry points to give to a wrapped device in place of the driver's, which lose the device when told to.
#pragma once

#include <vulkan/vulkan_core.h>

namespace geyser::test {

// Passes everything on to `real` until lose_vulkan(). One device at a time in a process.
PFN_vkGetInstanceProcAddr make_losing_vulkan(PFN_vkGetInstanceProcAddr real);

// Waits for what is submitted, so that nothing is really in use; from then on submissions and waits say
// VK_ERROR_DEVICE_LOST.
void lose_vulkan();

}  // namespace geyser::test
