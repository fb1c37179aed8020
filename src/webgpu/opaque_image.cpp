#include "webgpu/opaque_image.hpp"

#include <string>
#include <utility>

#include "webgpu/fd_system.hpp"
#include "webgpu/format.hpp"

namespace geyser::webgpu {

OpaqueImage::OpaqueImage(const TextureDescriptor& descriptor, VkImageUsageFlags usage,
                         VkImageCreateFlags flags) noexcept
    : external_{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT},
      info_{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
            &external_,
            flags,
            descriptor.dimension == TextureDimension::three_d ? VK_IMAGE_TYPE_3D : VK_IMAGE_TYPE_2D,
            to_webgpu(descriptor.format).vulkan,
            {descriptor.extent.width, descriptor.extent.height, descriptor.extent.depth},
            descriptor.mip_levels,
            descriptor.array_layers,
            static_cast<VkSampleCountFlagBits>(descriptor.samples),
            VK_IMAGE_TILING_OPTIMAL,
            usage,
            VK_SHARING_MODE_EXCLUSIVE,
            0,
            nullptr,
            VK_IMAGE_LAYOUT_UNDEFINED} {}

Result<void> OpaqueImage::try_out(Device& device, int descriptor, const MemoryLayout& layout) const {
  ForeignMemory memory;
  memory.type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
  memory.descriptor = descriptor;
  memory.size = layout.allocation_size;
  memory.memory_type = layout.memory_type;
  memory.dedicated = layout.dedicated;
  return device.system().scout.try_out(device.system().vulkan, info_, memory);
}

Result<void> OpaqueImage::import(const Device& device, int descriptor, const MemoryLayout& layout,
                                 WGPUSharedTextureMemory& memory) const {
  WGPUSharedTextureMemoryOpaqueFDDescriptor opaque = WGPU_SHARED_TEXTURE_MEMORY_OPAQUE_FD_DESCRIPTOR_INIT;
  opaque.vkImageCreateInfo = &info_;
  opaque.memoryFD = descriptor;
  opaque.memoryTypeIndex = layout.memory_type;
  opaque.allocationSize = layout.allocation_size;
  opaque.dedicatedAllocation = layout.dedicated ? WGPU_TRUE : WGPU_FALSE;
  WGPUSharedTextureMemoryDescriptor info = WGPU_SHARED_TEXTURE_MEMORY_DESCRIPTOR_INIT;
  info.nextInChain = &opaque.chain;
  return device.check("wgpuDeviceImportSharedTextureMemory",
                      [&] { memory = device.functions().wgpuDeviceImportSharedTextureMemory(device.handle(), &info); });
}

Result<void> OpaqueImage::probe(const Device& device) const {
  MemoryLayout layout;
  layout.allocation_size = 1;
  WGPUSharedTextureMemory memory = nullptr;
  auto refused = import(device, -1, layout, memory);
  if (memory != nullptr) device.functions().wgpuSharedTextureMemoryRelease(memory);
  if (refused) return fail(ErrorCode::unsupported, "Dawn opens an image in a memory of one byte.");
  if (refused.error().message().find("larger than the memory fd") != std::string::npos) return {};
  return fail(std::move(refused.error()));
}

}  // namespace geyser::webgpu
