// A VkImage with its memory: created for export, opened from a descriptor, private, or the caller's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <vulkan/vulkan_core.h>

#include <geyser/descriptor.hpp>
#include <geyser/handle.hpp>
#include <geyser/layout.hpp>
#include <geyser/texture.hpp>

#include "platform/shared_memory.hpp"
#include "vulkan/device.hpp"

namespace geyser::vulkan {

struct ReceivedBuffers;

// How an image is made, beside its descriptor.
struct ImageRecipe {
  HandleKind external = HandleKind::none;  // none: memory of this device alone
  // Of Direct3D's memory the type that handle_type_of() says; else what `external` says by itself.
  VkExternalMemoryHandleTypeFlagBits direct3d{};
  VkImageUsageFlags usage = 0;
  VkImageCreateFlags flags = 0;
  bool dedicated = false;
  std::vector<std::uint64_t> modifiers;  // dma_buf: the driver picks one of them
  bool in_place = false;                 // host_memory: linear, in the shared memory itself
  bool linear = false;                   // opaque_fd: rows in the device's memory
  // dma_buf: each plane gets a buffer of its own; at import: may have one.
  bool disjoint = false;
};

struct Requirements {
  VkMemoryRequirements memory{};
  bool dedicated = false;
};
// `plane`: of a disjoint image, VK_IMAGE_ASPECT_MEMORY_PLANE_0_BIT_EXT and so on; 0: of the whole image.
Requirements requirements_of(const Device& device, VkImage image, VkImageAspectFlags plane = 0);

// Destroys what it owns when the device is done with it.
class Image {
 public:
  // Fills `layout` with what the driver chose.
  static Result<Image> create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                              const ImageRecipe& recipe, MemoryLayout& layout);
  // An opaque handle, which it consumes on success.
  static Result<Image> import(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                              const ImageRecipe& recipe, const MemoryLayout& layout, OwnedHandle& handle);
  // A dma_buf parcel, of whose handles it consumes one for each buffer on success.
  static Result<Image> import_dma_buf(const std::shared_ptr<Device>& device, ApiTextureHandle& parcel,
                                      const ImageRecipe& recipe);
  // A texture of Direct3D's, or of a heap's start. Closes the parcel's handle on success.
  static Result<Image> import_direct3d(const std::shared_ptr<Device>& device, ApiTextureHandle& parcel,
                                       const ImageRecipe& recipe);
  // Linear, in `memory`, with rows where `layout` says.
  // Errors: incompatible_layout (the driver has them elsewhere), unsupported.
  static Result<Image> place(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                             const ImageRecipe& recipe, const MemoryLayout& layout, platform::MappedMemory&& memory);
  // Of an object of Metal's, which `chain` names, with memory of its own that the driver does not look at.
  static Result<Image> over(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                            const ImageRecipe& recipe, const void* chain);
  // Borrows the caller's.
  static Image borrow(const std::shared_ptr<Device>& device, VkImage image, VkDeviceMemory memory);

  Image(Image&& other) noexcept;
  Image& operator=(Image&&) = delete;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image();

  VkImage image() const noexcept { return image_; }
  // One, or of a disjoint image one for each memory plane.
  std::span<const VkDeviceMemory> memories() const noexcept { return memories_; }
  bool is_disjoint() const noexcept { return disjoint_; }

 private:
  explicit Image(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  Result<void> create_image(const TextureDescriptor& descriptor, const ImageRecipe& recipe, VkImageTiling tiling,
                            const void* next);
  // One more of memories_.
  Result<void> allocate(const VkMemoryAllocateInfo& info, std::string step);
  // `layout` says the first one's size, type and whether it is dedicated.
  Result<void> allocate_for_export(const ImageRecipe& recipe, const Requirements& requirements, MemoryLayout& layout);
  Result<void> bind();
  // Of a linear image of one level: where its rows are, and whether that is where `layout` says.
  MemoryPlane rows() const;
  Result<void> check_rows(const MemoryLayout& layout) const;
  // Memory plane i to memories_[memory_of_plane[i]].
  Result<void> bind_planes(std::span<const std::uint32_t> memory_of_plane);
  // Imports the handle as memory of this image; consumes the handle on success.
  Result<void> take(OwnedHandle& handle, VkExternalMemoryHandleTypeFlagBits type, std::uint64_t size,
                    std::uint32_t memory_type, bool dedicated);
  Result<void> take_disjoint(ApiTextureHandle& parcel, const ReceivedBuffers& buffers);

  std::shared_ptr<Device> device_;
  VkImage image_ = VK_NULL_HANDLE;
  std::vector<VkDeviceMemory> memories_;
  bool disjoint_ = false;
  std::shared_ptr<platform::MappedMemory> host_memory_;
  bool owned_ = true;
};

VkExternalMemoryHandleTypeFlagBits to_vulkan(HandleKind kind) noexcept;
// What a parcel's handle is to Vulkan: one kind of Geyser's is several of Vulkan's where Direct3D made it.
VkExternalMemoryHandleTypeFlagBits handle_type_of(const ApiTextureHandle& parcel) noexcept;

}  // namespace geyser::vulkan
