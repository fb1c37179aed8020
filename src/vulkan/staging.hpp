// The copied path: a private image beside host memory that the peer maps.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <geyser/descriptor.hpp>

#include "platform/shared_memory.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/device.hpp"

namespace geyser::vulkan {

// Copies a whole texture between an image in GENERAL and host-packed shared memory. The CPU part of each copy runs
// in upload() and download(), the GPU part in the recorded commands.
class Staging {
 public:
  static Result<Staging> create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                                VkImage image, OwnedHandle memory);
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();

  const OwnedHandle& memory() const noexcept { return handle_; }
  VkCommandBuffer to_image() const noexcept { return to_image_.buffer(); }
  VkCommandBuffer from_image() const noexcept { return from_image_.buffer(); }
  // Shared memory to the staging buffer, before to_image(); nothing to do when it is the buffer. Gives the bytes that
  // all of this copies.
  std::uint64_t upload() noexcept;
  // The staging buffer to shared memory, after from_image() is done.
  std::uint64_t download() noexcept;

 private:
  // One copy between a subresource's aspect and the buffer.
  struct Piece {
    VkBufferImageCopy region{};
    std::uint64_t host_offset = 0;  // in the shared memory
    std::uint64_t buffer_offset = 0;
    std::uint64_t texels = 0;
    // Combined depth-stencil: bytes of a texel in shared memory, and which of them this aspect is.
    std::uint32_t host_texel_bytes = 0;
    std::uint32_t aspect_offset = 0;
    std::uint32_t aspect_bytes = 0;
    std::uint32_t buffer_texel_bytes = 0;
    std::uint64_t bytes = 0;  // when copied as one block
  };
  explicit Staging(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  void plan(const TextureDescriptor& descriptor);
  Result<void> create_buffer(std::uint64_t size, const void* next);
  Result<void> allocate(std::uint64_t size);
  // The shared memory is the buffer.
  Result<void> place(std::uint64_t size);
  void release() noexcept;
  std::uint64_t copy(bool upload) noexcept;

  std::shared_ptr<Device> device_;
  OwnedHandle handle_;
  std::shared_ptr<platform::MappedMemory> shared_;
  std::vector<Piece> pieces_;
  std::uint64_t buffer_size_ = 0;
  VkBuffer buffer_ = VK_NULL_HANDLE;
  VkDeviceMemory buffer_memory_ = VK_NULL_HANDLE;
  std::byte* mapped_ = nullptr;  // null: the buffer is the shared memory
  Commands to_image_;
  Commands from_image_;
};

}  // namespace geyser::vulkan
