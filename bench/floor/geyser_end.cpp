#include "geyser_end.hpp"

namespace bench {

namespace {

std::shared_ptr<geyser::TextureShareManager> open(const Scene& scene) {
  geyser::vulkan::Options options;
  options.device.index = scene.device_index;
  return must(geyser::vulkan::create_manager(options));
}

BareVulkan around(const geyser::TextureShareManager& manager) {
  const auto device = must(geyser::vulkan::native(manager));
  return BareVulkan::around(device.instance, device.physical_device, device.device, device.queue, device.queue_family,
                            device.get_instance_proc_addr);
}

VkImage image_of(const geyser::SharedTexture& texture) { return must(geyser::vulkan::native(texture)).image; }

}  // namespace

geyser::TextureDescriptor descriptor_of(const Scene& scene) {
  geyser::TextureDescriptor descriptor;
  descriptor.extent = {scene.width, scene.height, 1};
  if (scene.wide) descriptor.format = geyser::TextureFormat::rgba16_float;
  return descriptor;
}

VulkanEnd::VulkanEnd(const Scene& scene, Role role)
    : role_(role), manager_(open(scene)), vulkan_(around(*manager_)), work_(vulkan_, scene, role) {}

std::uint32_t VulkanEnd::work(geyser::SharedTexture& texture) {
  const Work::Turn turn = work_.next(image_of(texture));
  const VkSemaphore done = work_.done();
  const VkTimelineSemaphoreSubmitInfo values{
      VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO, nullptr, 0, nullptr, 1, &turn.done};
  const std::uint32_t signals = role_ == Role::consumer ? 1 : 0;
  const VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO,
                            signals != 0 ? &values : nullptr,
                            0,
                            nullptr,
                            nullptr,
                            1,
                            &turn.commands,
                            signals,
                            &done};
  check(vulkan_.vkQueueSubmit(vulkan_.queue, 1, &submit, VK_NULL_HANDLE), "vkQueueSubmit");
  return turn.at;
}

std::uint32_t VulkanEnd::finish(std::uint32_t place) {
  work_.await(place);
  return work_.read(place);
}

std::uint32_t VulkanEnd::add(geyser::SharedTexture& texture) {
  const auto mode = role_ == Role::producer ? geyser::AccessMode::discard : geyser::AccessMode::read;
  const Work::Turn turn = work_.next(
      image_of(texture),
      [&](VkCommandBuffer commands) { must(geyser::vulkan::record_acquire(texture, mode, commands)); },
      [&](VkCommandBuffer commands) { must(geyser::vulkan::record_release(texture, commands)); });
  geyser::vulkan::Completion completion;
  if (role_ == Role::consumer) completion = {VK_NULL_HANDLE, work_.done(), turn.done};
  must(geyser::vulkan::add_recorded_commands(texture, {&turn.commands, 1}, completion));
  return turn.at;
}

geyser::AccessState VulkanEnd::access(geyser::SharedTexture& texture, const geyser::AccessState& state,
                                      std::uint32_t& place) {
  const auto mode = role_ == Role::producer ? geyser::AccessMode::write : geyser::AccessMode::read;
  const Work::Turn turn = work_.next(
      image_of(texture),
      [&](VkCommandBuffer commands) { must(geyser::vulkan::record_acquire(texture, mode, commands)); },
      [&](VkCommandBuffer commands) { must(geyser::vulkan::record_release(texture, commands)); });
  place = turn.at;
  return must(geyser::vulkan::submit_recorded_access(texture, mode, state, {&turn.commands, 1}));
}

}  // namespace bench
