// vkExportMetalObjectsEXT (VK_EXT_metal_objects).
#pragma once

#include <vulkan/vulkan_core.h>
// It needs the types of the above.
#include <vulkan/vulkan_metal.h>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

inline PFN_vkExportMetalObjectsEXT export_function(const Device& device) noexcept {
  return reinterpret_cast<PFN_vkExportMetalObjectsEXT>(
      device.instance_functions().vkGetDeviceProcAddr(device.handle(), "vkExportMetalObjectsEXT"));
}

// Asks for what one structure of the chain has room for.
template <typename Info>
Info ask_metal(const Device& device, Info info) {
  VkExportMetalObjectsInfoEXT all{VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECTS_INFO_EXT, &info};
  export_function(device)(device.handle(), &all);
  return info;
}

}  // namespace geyser::vulkan
