// What the hand-written methods have in common: an image, a semaphore, a token on the socket, a clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "bare_vulkan.hpp"

namespace bench {

struct BareImage {
  VkImage image = VK_NULL_HANDLE;
  VkDeviceMemory device_memory = VK_NULL_HANDLE;
  VkDeviceSize size = 0;
  std::uint32_t memory_type = 0;
};
enum class Memory { own, exported, imported };
// exported: `fd` is filled; imported: `fd` is consumed, `size` and `memory_type` must be the exporter's.
BareImage make_image(const BareVulkan& vulkan, std::uint32_t width, std::uint32_t height, Memory memory, int& fd,
                     VkDeviceSize size = 0, std::uint32_t memory_type = 0, VkFormat format = VK_FORMAT_R8G8B8A8_UNORM);

void destroy(const BareVulkan& vulkan, const BareImage& image);

// A timeline semaphore. exported: `fd` is filled; imported: `fd` is consumed.
VkSemaphore make_timeline(const BareVulkan& vulkan, Memory memory, int& fd);
void wait_for(const BareVulkan& vulkan, VkSemaphore timeline, std::uint64_t value);

void send_bytes(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors = {});
// Gives the descriptors received.
std::vector<int> receive_bytes(int socket, std::span<std::byte> bytes);
void send_token(int socket);
void receive_token(int socket);

inline double microseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

// Submits and waits on the CPU.
void submit_and_wait(const BareVulkan& vulkan, std::span<const VkCommandBuffer> commands, VkFence fence);
VkFence make_fence(const BareVulkan& vulkan);

}  // namespace bench
