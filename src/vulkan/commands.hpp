// Command buffers that one texture submits again and again, recorded once.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <vulkan/vulkan_core.h>

#include "vulkan/device.hpp"

namespace geyser::vulkan {

// One recorded command buffer; freed when the device is done with it.
class Commands {
 public:
  static Result<Commands> record(const std::shared_ptr<Device>& device,
                                 const std::function<void(VkCommandBuffer)>& write);
  Commands() noexcept = default;
  Commands(Commands&& other) noexcept;
  Commands& operator=(Commands&& other) noexcept;
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;
  ~Commands();

  VkCommandBuffer buffer() const noexcept { return buffer_; }

 private:
  std::shared_ptr<Device> device_;
  VkCommandBuffer buffer_ = VK_NULL_HANDLE;
};

struct ImageTransition {
  VkImage image = VK_NULL_HANDLE;
  VkImageAspectFlags aspects = VK_IMAGE_ASPECT_COLOR_BIT;
  VkImageLayout old_layout = VK_IMAGE_LAYOUT_GENERAL;
  VkImageLayout new_layout = VK_IMAGE_LAYOUT_GENERAL;
  std::uint32_t source_family = VK_QUEUE_FAMILY_IGNORED;
  std::uint32_t destination_family = VK_QUEUE_FAMILY_IGNORED;
  bool host = false;  // CPUs read and write the image's memory before and after
};
// From the new owner back to the old one, and the same without taking anything over.
constexpr ImageTransition reversed(ImageTransition transition) noexcept {
  std::swap(transition.source_family, transition.destination_family);
  std::swap(transition.old_layout, transition.new_layout);
  return transition;
}
constexpr ImageTransition discarding(ImageTransition transition) noexcept {
  transition.old_layout = VK_IMAGE_LAYOUT_UNDEFINED;
  transition.source_family = transition.destination_family = VK_QUEUE_FAMILY_IGNORED;
  return transition;
}
// A whole-image barrier between everything before and everything after. An acquire from another family has no source
// access and a release to one no destination access: the semaphores between them make memory available.
void record_transition(const DeviceFunctions& functions, VkCommandBuffer buffer, const ImageTransition& transition);

}  // namespace geyser::vulkan
