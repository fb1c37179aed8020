// Copies from one image of a device to another.
#include <algorithm>
#include <utility>
#include <vector>

#include "common/text.hpp"
#include "vulkan/format.hpp"
#include "vulkan/texture.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

// Sources that a texture remembers the commands for: more than a ring has slots.
constexpr std::size_t most_copies = 16;

std::vector<VkImageCopy> regions_of(const TextureDescriptor& descriptor) {
  const FormatInfo& info = format_info(descriptor.format);
  std::vector<VkImageCopy> regions;
  for (std::uint32_t plane = 0; plane < info.plane_count; ++plane) {
    const VkImageAspectFlags aspects = info.plane_count > 1
                                           ? static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_PLANE_0_BIT) << plane
                                           : aspects_of(descriptor.format);
    for (std::uint32_t mip = 0; mip < descriptor.mip_levels; ++mip) {
      const Extent3D extent = mip_extent(descriptor, mip, plane);
      const VkImageSubresourceLayers layers{aspects, mip, 0, descriptor.array_layers};
      regions.push_back({layers, {}, layers, {}, {extent.width, extent.height, extent.depth}});
    }
  }
  return regions;
}

}  // namespace

Result<void> VulkanTexture::copy_from(VulkanTexture& from) {
  if ((from.usage_ & VK_IMAGE_USAGE_TRANSFER_SRC_BIT) == 0 || (usage_ & VK_IMAGE_USAGE_TRANSFER_DST_BIT) == 0) {
    return fail(ErrorCode::unsupported,
                text("A copy needs usage [transfer_source] of the one image and [transfer_destination] of the other."));
  }
  auto known = std::find_if(copies_.begin(), copies_.end(), [&](const Copy& c) { return c.source == from.number_; });
  if (known == copies_.end()) {
    const std::vector<VkImageCopy> regions = regions_of(descriptor());
    const DeviceFunctions& functions = device_->functions();
    auto commands = Commands::record(device_, [&](VkCommandBuffer buffer) {
      constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
      constexpr VkAccessFlags transfer = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
      const VkMemoryBarrier before{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, everything, transfer};
      const VkMemoryBarrier after{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, transfer, everything};
      functions.vkCmdPipelineBarrier(buffer, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1,
                                     &before, 0, nullptr, 0, nullptr);
      functions.vkCmdCopyImage(buffer, from.image_.image(), VK_IMAGE_LAYOUT_GENERAL, image_.image(),
                               VK_IMAGE_LAYOUT_GENERAL, static_cast<std::uint32_t>(regions.size()), regions.data());
      functions.vkCmdPipelineBarrier(buffer, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1,
                                     &after, 0, nullptr, 0, nullptr);
    });
    if (!commands) return fail(std::move(commands.error()));
    if (copies_.size() == most_copies) copies_.erase(copies_.begin());
    known = copies_.insert(copies_.end(), Copy{from.number_, *std::move(commands)});
  }
  // The acquires of both accesses are queued before, and what ends them is queued later.
  for (VulkanTexture* texture : {this, &from}) {
    if (auto submitted = texture->submit_collected(); !submitted) return submitted;
  }
  const VkCommandBuffer buffer = known->commands.buffer();
  auto ticket = device_->submit({}, {&buffer, 1}, nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  return {};
}

}  // namespace geyser::vulkan
