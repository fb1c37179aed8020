#include "work.hpp"

namespace bench {

namespace {
constexpr std::uint32_t most_images = most_depth;
}

Work::Work(const BareVulkan& vulkan, const Scene& scene, Role role)
    : vulkan_(vulkan),
      scene_(scene),
      role_(role),
      buffer_(make_host_buffer(vulkan, std::size_t{8} * most_images * uses)) {
  // What bare's consumer waits for is imported, and the ways are to be told alike: NVIDIA's driver notices a fence or a
  // timeline of its own 40 to 130 us later.
  int fd = -1;
  if (vulkan.timeline) make_timeline(vulkan, Memory::exported, fd);
  done_ = make_timeline(vulkan, vulkan.timeline ? Memory::imported : Memory::own, fd);
}

Work::Turn Work::next(VkImage image, const Record& before, const Record& after) {
  std::size_t at = 0;
  while (at < images_.size() && images_[at].image != image) ++at;
  if (at == images_.size()) {
    if (at == most_images) throw std::runtime_error("more images than a ring has");
    images_.push_back({image, 0});
    for (std::uint32_t use = 0; use < uses; ++use) {
      const auto index = static_cast<std::uint32_t>(at) * uses + use;
      Turn turn{VK_NULL_HANDLE, make_fence(vulkan_), index};
      if (role_ == Role::producer) buffer_.words[std::size_t{2} * index] = stamp(turn);
      turn.commands = vulkan_.record([&](VkCommandBuffer commands) {
        if (before) before(commands);
        const VkDeviceSize offset = VkDeviceSize{8} * index;
        if (role_ == Role::producer) {
          record_write(vulkan_, commands, image, scene_.width, scene_.height, buffer_.buffer, offset);
        } else {
          record_read(vulkan_, commands, image, scene_.width, scene_.height, buffer_.buffer, offset);
        }
        if (after) after(commands);
      });
      turns_.push_back(turn);
    }
  }
  Turn& turn = turns_[at * uses + images_[at].used++ % uses];
  turn.done = ++turn_count_;
  return turn;
}

void Work::await(std::uint32_t at) const { wait_for(vulkan_, done_, turns_[at].done); }

}  // namespace bench
