// VkResult as a GeyserError.
#pragma once

#include <string>

#include <vulkan/vulkan_core.h>

#include <geyser/error.hpp>

namespace geyser::vulkan {

std::string result_name(VkResult result);
// "<call> failed." with the code that fits, the native number and its name.
GeyserError make_error(VkResult result, const char* call);

}  // namespace geyser::vulkan
