// Work in Vulkan that ends late: long shaders, and only then the picture. And reading that is queued, not waited for.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <geyser/vulkan.hpp>

namespace geyser::test {

// On the queue of a Vulkan manager; one thread. Everything throws std::runtime_error where a driver fails.
class LateVulkan {
 public:
  using Texels = std::array<std::uint32_t, 4>;  // the corners
  using Ticket = std::size_t;
  static constexpr std::size_t most_queued = 4;

  explicit LateVulkan(TextureShareManager& manager);
  ~LateVulkan();
  LateVulkan(const LateVulkan&) = delete;
  LateVulkan& operator=(const LateVulkan&) = delete;

  // How long the shaders of write() run; measured.
  void set_delay(std::chrono::microseconds delay);
  // Waits until there is room for one more.
  void make_room();
  // Inside an access. Queues the shaders and then the picture: every texel is `number`.
  Ticket write(const SharedTexture& texture, std::uint32_t number);
  Ticket read(const SharedTexture& texture);
  // False: the GPU has not come to its end yet.
  bool is_done(Ticket ticket) const;
  Texels wait(Ticket ticket) const;  // of a read()

 private:
  struct Functions;
  struct Slot;
  void make_pipeline();
  VkBuffer make_buffer(VkDeviceSize bytes, VkBufferUsageFlags usage, void** address) const;
  Ticket submit(const std::function<void(VkCommandBuffer, std::size_t)>& record);
  void record_delay(VkCommandBuffer commands) const;

  vulkan::NativeDevice device_;
  std::unique_ptr<Functions> vk_;
  std::unique_ptr<std::array<Slot, most_queued>> slots_;
  std::size_t next_ = 0;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipeline pipeline_ = VK_NULL_HANDLE;
  VkDescriptorSet set_ = VK_NULL_HANDLE;
  VkBuffer texels_ = VK_NULL_HANDLE;
  const std::uint32_t* read_ = nullptr;  // of texels_
  std::uint32_t shaders_ = 1;            // one after the other
};

}  // namespace geyser::test
