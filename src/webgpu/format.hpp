// WebGPU's column of the format table, and Vulkan's, by which opaque images are described to Dawn.
#pragma once

#include <vulkan/vulkan_core.h>
#include <webgpu/webgpu.h>

#include <geyser/descriptor.hpp>
#include <geyser/format.hpp>

namespace geyser::webgpu {

struct WebGpuFormat {
  TextureFormat format = TextureFormat::unknown;
  WGPUTextureFormat native = WGPUTextureFormat_Undefined;  // Undefined: WebGPU has no equal
  VkFormat vulkan = VK_FORMAT_UNDEFINED;
};

WebGpuFormat to_webgpu(TextureFormat format) noexcept;
// `unknown` where there is no equal.
TextureFormat from_webgpu(WGPUTextureFormat format) noexcept;

WGPUTextureUsage to_webgpu(TextureUsage usage) noexcept;
VkImageUsageFlags to_vulkan(TextureUsage usage) noexcept;

// One block: WebGPU wants whole ones.
TextureDescriptor smallest_texture(const FormatInfo& info);
WGPUExtent3D size_of(const TextureDescriptor& descriptor) noexcept;
WGPUTextureDimension dimension_of(TextureDimension dimension) noexcept;

}  // namespace geyser::webgpu
