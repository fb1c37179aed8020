#include "vulkan/commands.hpp"

#include <utility>

#include "vulkan/error.hpp"

namespace geyser::vulkan {

Result<Commands> Commands::record(const std::shared_ptr<Device>& device,
                                  const std::function<void(VkCommandBuffer)>& write) {
  auto buffer = device->allocate_command_buffer();
  if (!buffer) return fail(std::move(buffer.error()));
  Commands commands;
  commands.device_ = device;
  commands.buffer_ = *buffer;
  // Several hand-offs may be in flight before the first is done.
  const VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                       VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT, nullptr};
  if (const VkResult result = device->functions().vkBeginCommandBuffer(*buffer, &begin); result != VK_SUCCESS) {
    return fail(make_error(result, "vkBeginCommandBuffer"));
  }
  write(*buffer);
  if (const VkResult result = device->functions().vkEndCommandBuffer(*buffer); result != VK_SUCCESS) {
    return fail(make_error(result, "vkEndCommandBuffer"));
  }
  return commands;
}

Commands::Commands(Commands&& other) noexcept
    : device_(std::move(other.device_)), buffer_(std::exchange(other.buffer_, VK_NULL_HANDLE)) {}

Commands& Commands::operator=(Commands&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

Commands::~Commands() {
  if (buffer_ == VK_NULL_HANDLE) return;
  device_->destroy_later([device = device_.get(), buffer = buffer_] { device->free_command_buffer(buffer); });
}

void record_transition(const DeviceFunctions& functions, VkCommandBuffer buffer, const ImageTransition& transition) {
  constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  const auto is_foreign = [](std::uint32_t family) {
    return family == VK_QUEUE_FAMILY_EXTERNAL || family == VK_QUEUE_FAMILY_FOREIGN_EXT;
  };
  const VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                     nullptr,
                                     is_foreign(transition.source_family) ? 0 : everything,
                                     is_foreign(transition.destination_family) ? 0 : everything,
                                     transition.old_layout,
                                     transition.new_layout,
                                     transition.source_family,
                                     transition.destination_family,
                                     transition.image,
                                     {transition.aspects, 0, VK_REMAINING_MIP_LEVELS, 0, VK_REMAINING_ARRAY_LAYERS}};
  VkPipelineStageFlags stages = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
  if (transition.host) stages |= VK_PIPELINE_STAGE_HOST_BIT;
  constexpr VkAccessFlags host = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT;
  const VkMemoryBarrier memory{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, everything | host, everything | host};
  functions.vkCmdPipelineBarrier(buffer, stages, stages, 0, transition.host ? 1U : 0U, &memory, 0, nullptr, 1,
                                 &barrier);
}

}  // namespace geyser::vulkan
