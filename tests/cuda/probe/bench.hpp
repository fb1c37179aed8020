// Vulkan and CUDA side by side on one real GPU, by their own calls: what the probes beside this file try on the driver
// is more than Geyser does. Nothing runs without GEYSER_RIG=gpu.
#pragma once

#include <gtest/gtest.h>
#include <vulkan/vulkan_core.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <geyser/cuda.hpp>
#include <geyser/vulkan.hpp>

#include "cuda/loader.hpp"

namespace geyser::test {

#define GEYSER_PROBE_VULKAN(X)     \
  X(vkCreateImage)                 \
  X(vkDestroyImage)                \
  X(vkGetImageMemoryRequirements2) \
  X(vkGetImageSubresourceLayout)   \
  X(vkBindImageMemory)             \
  X(vkCreateBuffer)                \
  X(vkDestroyBuffer)               \
  X(vkGetBufferMemoryRequirements) \
  X(vkBindBufferMemory)            \
  X(vkAllocateMemory)              \
  X(vkFreeMemory)                  \
  X(vkMapMemory)                   \
  X(vkGetMemoryFdKHR)              \
  X(vkCreateCommandPool)           \
  X(vkDestroyCommandPool)          \
  X(vkAllocateCommandBuffers)      \
  X(vkBeginCommandBuffer)          \
  X(vkEndCommandBuffer)            \
  X(vkCmdPipelineBarrier)          \
  X(vkCmdCopyBufferToImage)        \
  X(vkCmdCopyImageToBuffer)        \
  X(vkCmdCopyBuffer)               \
  X(vkQueueSubmit)                 \
  X(vkQueueWaitIdle)

class ProbeBench : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  struct Picture {
    VkImage image = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::uint64_t size = 0;
    std::uint32_t memory_type = 0;
    bool dedicated = false;
    VkImageCreateInfo info{};
  };
  // An image in exportable memory of its own. Null image: the driver has none (printed).
  Picture make_picture(VkImageCreateInfo info, bool dedicated);
  void destroy(Picture& picture);
  // In VK_IMAGE_LAYOUT_GENERAL and owned outside afterwards. `texel_bytes` of a block with an edge of `block`. Noisy:
  // byte i of a level of a layer is noise_of(), else each is value_of().
  void fill(const Picture& picture, std::uint32_t block, std::uint32_t block_bytes, bool noisy = false);
  static std::byte noise_of(std::uint32_t layer, std::uint32_t level, std::size_t i) {
    return static_cast<std::byte>(((i + 1) * (layer * 8 + level + 1) * 2654435761U) >> 13U);
  }
  // What fill() writes into every byte of a level of a layer.
  static std::byte value_of(std::uint32_t layer, std::uint32_t level) { return std::byte(1 + layer * 8 + level); }
  int export_fd(VkDeviceMemory memory);
  // Level 0 of layer 0 as Vulkan sees it.
  std::vector<std::byte> read_picture(VkImage image, const VkImageCreateInfo& info, std::uint32_t texel_bytes);

  struct Visible {  // by the CPU
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    std::byte* bytes = nullptr;
  };
  Visible make_visible(std::uint64_t size);
  void destroy(Visible& visible);
  std::uint32_t memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const;
  template <typename Record>
  void submit(Record record) {
    VkCommandBuffer commands = begin();
    record(commands);
    end(commands);
  }
  // Between layouts and owners, all of the image.
  void barrier(VkCommandBuffer commands, VkImage image, VkImageLayout from, VkImageLayout to, std::uint32_t from_owner,
               std::uint32_t to_owner);

  // "CUDA_SUCCESS", ...
  std::string name_of(int result) const;
  int import_memory(int fd, std::uint64_t size, bool dedicated, cuda::driver::ExternalMemory& memory);
  // The whole of a range of the device's memory.
  int copy_out(cuda::driver::DevicePointer from, std::vector<std::byte>& bytes);
  int copy_in(cuda::driver::DevicePointer to, const std::vector<std::byte>& bytes);

  // Waits for the manager's stream.
  void finish();

  cuda::Functions cu_;
  std::unique_ptr<TextureShareManager> cuda_;
  std::unique_ptr<TextureShareManager> vulkan_;
  cuda::NativeDevice native_;
  vulkan::NativeDevice device_;
  VkPhysicalDeviceMemoryProperties memories_{};
  VkCommandPool pool_ = VK_NULL_HANDLE;
#define GEYSER_PROBE_MEMBER(name) PFN_##name name = nullptr;
  GEYSER_PROBE_VULKAN(GEYSER_PROBE_MEMBER)
#undef GEYSER_PROBE_MEMBER

 private:
  VkCommandBuffer begin();
  void end(VkCommandBuffer commands);

  platform::DynamicLibrary library_;
  int (*copy_to_host_)(void*, cuda::driver::DevicePointer, std::size_t) = nullptr;
  int (*copy_to_device_)(cuda::driver::DevicePointer, const void*, std::size_t) = nullptr;
  bool pushed_ = false;
};

}  // namespace geyser::test
