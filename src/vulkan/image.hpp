// A VkImage with its memory: created for export, opened from a descriptor, private, or the caller's.
#pragma once

#include <memory>

#include <vulkan/vulkan_core.h>

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Destroys what it owns when the device is done with it.
class Image {
 public:
  // `exported_as` none: memory of this device alone. Fills `layout` with what the driver chose.
  static Result<Image> create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                              HandleKind exported_as, bool dedicated, VkImageUsageFlags usage, MemoryLayout& layout);
  // Consumes `handle` on success.
  static Result<Image> import(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                              const MemoryLayout& layout, OwnedHandle& handle);
  // Borrows the caller's.
  static Image borrow(const std::shared_ptr<Device>& device, VkImage image, VkDeviceMemory memory);

  Image(Image&& other) noexcept;
  Image& operator=(Image&&) = delete;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image();

  VkImage image() const noexcept { return image_; }
  VkDeviceMemory memory() const noexcept { return memory_; }

 private:
  explicit Image(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  Result<void> create_image(const TextureDescriptor& descriptor, HandleKind external, VkImageUsageFlags usage,
                            VkImageCreateFlags flags);

  std::shared_ptr<Device> device_;
  VkImage image_ = VK_NULL_HANDLE;
  VkDeviceMemory memory_ = VK_NULL_HANDLE;
  bool owned_ = true;
};

VkExternalMemoryHandleTypeFlagBits to_vulkan(HandleKind kind) noexcept;

}  // namespace geyser::vulkan
