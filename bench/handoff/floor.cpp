// The hand-off as one would write it in Vulkan for just this program: no checks, no negotiation.
#include "bare_image.hpp"
#include "method.hpp"

namespace bench {

namespace {

struct SetUp {
  VkDeviceSize size = 0;
  std::uint32_t memory_type = 0;
};

class Floor final : public Side {
 public:
  Floor(const Settings& settings, int socket, Role role)
      : vulkan_(BareVulkan::open(settings.device_index)), socket_(socket), producer_(role == Role::producer) {
    share(settings);
    buffer_ = make_host_buffer(vulkan_, 4);
    fence_ = make_fence(vulkan_);
    const auto record = [&](bool first) {
      return vulkan_.record([&](VkCommandBuffer commands) {
        const VkImageLayout from = first ? VK_IMAGE_LAYOUT_UNDEFINED : VK_IMAGE_LAYOUT_GENERAL;
        vulkan_.barrier(commands, image_.image, from, VK_IMAGE_LAYOUT_GENERAL,
                        first ? VK_QUEUE_FAMILY_IGNORED : VK_QUEUE_FAMILY_EXTERNAL,
                        first ? VK_QUEUE_FAMILY_IGNORED : 0);
        if (producer_) {
          record_write(vulkan_, commands, image_.image, settings.width, settings.height, buffer_.buffer);
        } else {
          record_read(vulkan_, commands, image_.image, settings.width, settings.height, buffer_.buffer);
        }
        vulkan_.barrier(commands, image_.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, 0,
                        VK_QUEUE_FAMILY_EXTERNAL);
      });
    };
    first_ = record(producer_);
    later_ = record(false);
  }

  void produce(std::uint32_t frame) override {
    *buffer_.words = frame;
    submit(frame == 1 ? first_ : later_, frame, frame - 1);
    send_token(socket_);
    receive_token(socket_);
    if (vulkan_.timeline) wait_for(vulkan_, theirs_, frame);
  }

  std::uint32_t consume(std::uint32_t frame) override {
    receive_token(socket_);
    submit(later_, frame, frame);
    send_token(socket_);
    if (vulkan_.timeline) wait_for(vulkan_, mine_, frame);
    return *buffer_.words;
  }

  std::string sync() const override { return vulkan_.timeline ? "timeline semaphores" : "CPU waits"; }

 private:
  void share(const Settings& settings) {
    std::vector<int> descriptors;
    SetUp setup;
    if (producer_) {
      int fd = -1;
      image_ = make_image(vulkan_, settings.width, settings.height, Memory::exported, fd);
      descriptors.push_back(fd);
      if (vulkan_.timeline) {
        mine_ = make_timeline(vulkan_, Memory::exported, descriptors.emplace_back());
        theirs_ = make_timeline(vulkan_, Memory::exported, descriptors.emplace_back());
      }
      setup = {image_.size, image_.memory_type};
      send_bytes(socket_, std::as_bytes(std::span(&setup, 1)), descriptors);
    } else {
      descriptors = receive_bytes(socket_, std::as_writable_bytes(std::span(&setup, 1)));
      image_ = make_image(vulkan_, settings.width, settings.height, Memory::imported, descriptors.at(0), setup.size,
                          setup.memory_type);
      if (vulkan_.timeline) {
        theirs_ = make_timeline(vulkan_, Memory::imported, descriptors.at(1));
        mine_ = make_timeline(vulkan_, Memory::imported, descriptors.at(2));
      }
    }
  }

  void submit(VkCommandBuffer commands, std::uint64_t signal, std::uint64_t wait_for) const {
    if (!vulkan_.timeline) {
      submit_and_wait(vulkan_, {&commands, 1}, fence_);
      return;
    }
    const VkTimelineSemaphoreSubmitInfo values{
        VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO, nullptr, 1, &wait_for, 1, &signal};
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    const VkSubmitInfo info{VK_STRUCTURE_TYPE_SUBMIT_INFO, &values, 1, &theirs_, &stage, 1, &commands, 1, &mine_};
    check(vulkan_.vkQueueSubmit(vulkan_.queue, 1, &info, VK_NULL_HANDLE), "vkQueueSubmit");
  }

  BareVulkan vulkan_;
  int socket_;
  bool producer_;
  BareImage image_;
  HostBuffer buffer_;
  VkFence fence_ = VK_NULL_HANDLE;
  VkSemaphore mine_ = VK_NULL_HANDLE;
  VkSemaphore theirs_ = VK_NULL_HANDLE;
  VkCommandBuffer first_ = VK_NULL_HANDLE;
  VkCommandBuffer later_ = VK_NULL_HANDLE;
};

}  // namespace

std::unique_ptr<Side> make_floor(const Settings& settings, int socket, Role role) {
  return std::make_unique<Floor>(settings, socket, role);
}

}  // namespace bench
