// Textures in kernel dma-bufs: which Dawn takes, and opening one. SharedTextureMemoryDmaBuf, DawnDrmFormatCapabilities.
#pragma once

#include <cstdint>
#include <vector>

#include <geyser/format.hpp>
#include <geyser/texture.hpp>

#include <vulkan/vulkan_core.h>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

struct DmaBufModifier {
  std::uint64_t modifier = 0;
  std::uint32_t plane_count = 0;
};

// Those that Dawn's adapter lists for a format whose fourcc its import knows; empty without the features.
std::vector<DmaBufModifier> importable_modifiers(const Device& device, TextureFormat format);

// Whether the driver opens `buffer`, of layout.allocation_size bytes, as the image that Dawn will make of it.
// Errors: as Scout::try_out().
Result<void> try_out_dma_buf(Device& device, const TextureDescriptor& descriptor, const MemoryLayout& layout,
                             VkImageUsageFlags usage, int buffer);

// `usages`: all that Dawn lets a texture of the format be used for. `memory` is the caller's to release, also when it
// is one of Dawn's error objects. Dawn duplicates the descriptor. What the kernel and the driver say is found out
// before. Errors: as platform::inspect_dma_bufs() and try_out_dma_buf(); unsupported (planes in several buffers);
// Dawn's, in its own words.
Result<void> import_dma_buf(Device& device, const ApiTextureHandle& parcel, TextureUsage usages,
                            WGPUSharedTextureMemory& memory);

}  // namespace geyser::webgpu
