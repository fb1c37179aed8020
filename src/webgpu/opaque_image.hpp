// How Dawn is told of an image behind an opaque handle: by the very VkImageCreateInfo that it was made with.
#pragma once

#include <vulkan/vulkan_core.h>

#include <geyser/descriptor.hpp>
#include <geyser/layout.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

class OpaqueImage {
 public:
  OpaqueImage(const TextureDescriptor& descriptor, VkImageUsageFlags usage, VkImageCreateFlags flags) noexcept;
  OpaqueImage(const OpaqueImage&) = delete;
  OpaqueImage& operator=(const OpaqueImage&) = delete;

  // Opens it on the device's scout first, with a descriptor that Dawn does not get. Errors: as Scout::try_out().
  Result<void> try_out(Device& device, int descriptor, const MemoryLayout& layout) const;
  // `memory` is the caller's to release, also when it is one of Dawn's error objects. Dawn duplicates `descriptor`.
  // Errors: Dawn's, in its own words.
  Result<void> import(const Device& device, int descriptor, const MemoryLayout& layout,
                      WGPUSharedTextureMemory& memory) const;
  // Whether Dawn would open such an image: it is told of a memory of one byte, and the last thing that it looks at
  // before it opens one is whether that is enough.
  // Errors: Dawn's, in its own words.
  Result<void> probe(const Device& device) const;

 private:
  VkExternalMemoryImageCreateInfo external_;
  VkImageCreateInfo info_;
};

}  // namespace geyser::webgpu
