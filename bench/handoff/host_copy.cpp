// What one does without sharing: the GPU's picture to a buffer, to shared memory, to a buffer, to the other GPU
// picture.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "bare_image.hpp"
#include "method.hpp"

namespace bench {

namespace {

class HostCopy final : public Side {
 public:
  HostCopy(const Settings& settings, int socket, Role role)
      : vulkan_(BareVulkan::open(settings.device_index)),
        socket_(socket),
        producer_(role == Role::producer),
        bytes_(std::size_t{settings.width} * settings.height * 4) {
    share();
    int none = -1;
    image_ = make_image(vulkan_, settings.width, settings.height, Memory::own, none);
    texel_ = make_host_buffer(vulkan_, 4);
    whole_ = make_host_buffer(vulkan_, bytes_, producer_);
    fence_ = make_fence(vulkan_);
    VkBufferImageCopy all{};
    all.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
    all.imageExtent = {settings.width, settings.height, 1};
    commands_ = vulkan_.record([&](VkCommandBuffer commands) {
      vulkan_.barrier(commands, image_.image, VK_IMAGE_LAYOUT_UNDEFINED, VK_IMAGE_LAYOUT_GENERAL,
                      VK_QUEUE_FAMILY_IGNORED, VK_QUEUE_FAMILY_IGNORED);
      if (producer_) {
        record_write(vulkan_, commands, image_.image, settings.width, settings.height, texel_.buffer);
        between(commands);
        vulkan_.vkCmdCopyImageToBuffer(commands, image_.image, VK_IMAGE_LAYOUT_GENERAL, whole_.buffer, 1, &all);
      } else {
        vulkan_.vkCmdCopyBufferToImage(commands, whole_.buffer, image_.image, VK_IMAGE_LAYOUT_GENERAL, 1, &all);
        between(commands);
        record_read(vulkan_, commands, image_.image, settings.width, settings.height, texel_.buffer);
      }
    });
  }

  void produce(std::uint32_t frame) override {
    *texel_.words = frame;
    submit_and_wait(vulkan_, {&commands_, 1}, fence_);
    std::memcpy(shared_, whole_.words, bytes_);
    send_token(socket_);
    receive_token(socket_);
  }

  std::uint32_t consume(std::uint32_t) override {
    receive_token(socket_);
    std::memcpy(whole_.words, shared_, bytes_);
    submit_and_wait(vulkan_, {&commands_, 1}, fence_);
    send_token(socket_);
    return *texel_.words;
  }

  std::string sync() const override { return "CPU waits"; }

 private:
  void share() {
    int memory = -1;
    std::byte token{};
    if (producer_) {
      memory = ::memfd_create("bench", MFD_CLOEXEC);
      if (::ftruncate(memory, static_cast<off_t>(bytes_)) != 0) throw std::runtime_error("no shared memory");
      send_bytes(socket_, {&token, 1}, {&memory, 1});
    } else {
      memory = receive_bytes(socket_, {&token, 1}).at(0);
    }
    shared_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (shared_ == MAP_FAILED) throw std::runtime_error("no mapping");
  }

  void between(VkCommandBuffer commands) const {
    vulkan_.barrier(commands, image_.image, VK_IMAGE_LAYOUT_GENERAL, VK_IMAGE_LAYOUT_GENERAL, VK_QUEUE_FAMILY_IGNORED,
                    VK_QUEUE_FAMILY_IGNORED);
  }

  BareVulkan vulkan_;
  int socket_;
  bool producer_;
  std::size_t bytes_;
  void* shared_ = nullptr;
  BareImage image_;
  HostBuffer texel_;
  HostBuffer whole_;
  VkFence fence_ = VK_NULL_HANDLE;
  VkCommandBuffer commands_ = VK_NULL_HANDLE;
};

}  // namespace

std::unique_ptr<Side> make_host_copy(const Settings& settings, int socket, Role role) {
  return std::make_unique<HostCopy>(settings, socket, role);
}

}  // namespace bench
