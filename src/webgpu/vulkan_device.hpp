// The Vulkan device behind Dawn's, asked past Dawn where the library lets us: who it is, which Dawn does not say, and
// what of dma-bufs it opens, which Dawn would find out at the price of its own device.
#pragma once

#include <vulkan/vulkan_core.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <geyser/descriptor.hpp>
#include <geyser/identity.hpp>

#include "webgpu/format.hpp"
#include "webgpu/loader.hpp"

namespace geyser::webgpu {

// As which formats Dawn sees an image of `format`.
std::array<VkFormat, 2> view_formats(const WebGpuFormat& format) noexcept;  // the second one UNDEFINED: there is one

class VulkanDevice {
 public:
  // What Dawn says of its adapter.
  struct Wanted {
    std::uint32_t vendor = 0;
    std::uint32_t device = 0;
    std::uint32_t driver_version = 0;  // 0: not known
    std::string name;
  };

  VulkanDevice() = default;
  // Empty where the library does not export how to ask, and where not exactly one of the devices is the wanted one: of
  // two alike nobody could say which. Calls the library: it must outlive this.
  static VulkanDevice find(const Loader& loader, WGPUDevice device, const Wanted& wanted);
  bool has_value() const noexcept { return device_ != VK_NULL_HANDLE; }

  // UUIDs and the driver's name.
  void identify(DeviceIdentity& identity) const;
  // The largest image that the driver opens from a dma-buf as Dawn does, with all that Dawn lets a texture of `format`
  // be used for; none when it opens no such images.
  std::optional<Extent3D> largest_dma_buf(const WebGpuFormat& format, VkImageUsageFlags usage,
                                          std::uint64_t modifier) const;

 private:
  VkPhysicalDevice device_ = VK_NULL_HANDLE;
  PFN_vkGetPhysicalDeviceProperties2 properties_ = nullptr;
  PFN_vkGetPhysicalDeviceImageFormatProperties2 image_properties_ = nullptr;
  // For Scout, a device of our own.
  friend class Scout;
  PFN_vkCreateDevice create_device_ = nullptr;
  PFN_vkEnumerateDeviceExtensionProperties extensions_ = nullptr;
  PFN_vkGetDeviceProcAddr get_device_procedure_ = nullptr;
};

}  // namespace geyser::webgpu
