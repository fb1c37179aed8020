// Entry points to give to a wrapped device in place of the driver's, which remember what is submitted. No driver here
// minds a wrong queue family: this shows it.
#pragma once

#include <cstddef>
#include <vector>

#include <vulkan/vulkan_core.h>

namespace geyser::test {

// Passes everything on to `real`. One device at a time in a process.
PFN_vkGetInstanceProcAddr watch_vulkan(PFN_vkGetInstanceProcAddr real);

// The barriers of `image` in the order in which they were submitted since the last call.
std::vector<VkImageMemoryBarrier> take_submitted_barriers(VkImage image);

// By this device since watch_vulkan().
std::size_t semaphores_created();
std::size_t submissions();

}  // namespace geyser::test
