// Images that are made of received dma-bufs, and images with a buffer for each plane.
#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "vulkan/dma_buf.hpp"
#include "vulkan/error.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

// The memory type for a buffer of the image, or of one plane of it.
Result<std::uint32_t> memory_type_of(const Device& device, const Requirements& requirements,
                                     const ReceivedBuffer& buffer) {
  if (requirements.memory.size > buffer.size) {
    return fail(ErrorCode::incompatible_layout, text("The image needs [", requirements.memory.size,
                                                     "] bytes, but the buffer has [", buffer.size, "]."));
  }
  const std::uint32_t types = requirements.memory.memoryTypeBits & buffer.memory_types;
  const int memory_type = device.pick_memory_type(types, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  if (memory_type < 0) {
    return fail(ErrorCode::unsupported,
                text("No memory type fits both the image (types [", requirements.memory.memoryTypeBits,
                     "]) and the buffer (types [", buffer.memory_types, "])."));
  }
  return static_cast<std::uint32_t>(memory_type);
}

}  // namespace

Result<Image> Image::import_dma_buf(const std::shared_ptr<Device>& device, ApiTextureHandle& parcel,
                                    const ImageRecipe& recipe) {
  auto received = inspect_dma_bufs(*device, parcel);
  if (!received) return fail(std::move(received.error()));
  Image image(device);
  image.disjoint_ = received->count > 1;
  if (image.disjoint_ && !recipe.disjoint) {
    return fail(ErrorCode::unsupported,
                text("The planes are in [", received->count, "] buffers, but modifier [", parcel.layout.modifier,
                     "] of format [", to_string(parcel.descriptor.format), "] takes them in one only here."));
  }
  const auto planes = explicit_planes(parcel.layout);
  const VkImageDrmFormatModifierExplicitCreateInfoEXT modifier{
      VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_EXPLICIT_CREATE_INFO_EXT, nullptr, parcel.layout.modifier,
      parcel.layout.plane_count, planes.data()};
  if (auto made = image.create_image(parcel.descriptor, recipe, VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT, &modifier);
      !made) {
    return fail(std::move(made.error()).during(text("making an image of modifier [", parcel.layout.modifier, "]")));
  }
  if (image.disjoint_) {
    if (auto done = image.take_disjoint(parcel, *received); !done) return fail(std::move(done.error()));
    return image;
  }
  const Requirements requirements = requirements_of(*device, image.image_);
  const ReceivedBuffer& buffer = received->buffers[0];
  const auto memory_type = memory_type_of(*device, requirements, buffer);
  if (!memory_type) return fail(GeyserError(memory_type.error()));
  if (auto done = image.take(parcel.handles[buffer.handle], to_vulkan(parcel.kind), buffer.size, *memory_type,
                             recipe.dedicated || requirements.dedicated);
      !done) {
    return fail(std::move(done.error()));
  }
  if (auto done = image.bind(); !done) return fail(std::move(done.error()));
  return image;
}

Result<void> Image::take_disjoint(ApiTextureHandle& parcel, const ReceivedBuffers& received) {
  for (std::uint32_t i = 0; i < received.count; ++i) {
    // Planes that share a buffer share the memory: it must suit all of them.
    Requirements together;
    together.memory.memoryTypeBits = ~0U;
    for (std::uint32_t plane = 0; plane < parcel.layout.plane_count; ++plane) {
      if (received.of_plane[plane] != i) continue;
      const Requirements one = requirements_of(*device_, image_, memory_plane(*device_, plane));
      together.memory.memoryTypeBits &= one.memory.memoryTypeBits;
      together.memory.size = std::max(together.memory.size, one.memory.size);
    }
    const ReceivedBuffer& buffer = received.buffers[i];
    const auto memory_type = memory_type_of(*device_, together, buffer);
    if (!memory_type) return fail(GeyserError(memory_type.error()));
    if (auto done = take(parcel.handles[buffer.handle], to_vulkan(parcel.kind), buffer.size, *memory_type, false);
        !done)
      return done;
  }
  return bind_planes({received.of_plane.data(), parcel.layout.plane_count});
}

Result<void> Image::bind_planes(std::span<const std::uint32_t> memory_of_plane) {
  std::array<VkBindImagePlaneMemoryInfo, max_memory_planes> planes{};
  std::array<VkBindImageMemoryInfo, max_memory_planes> binds{};
  for (std::size_t i = 0; i < memory_of_plane.size(); ++i) {
    planes[i] = {VK_STRUCTURE_TYPE_BIND_IMAGE_PLANE_MEMORY_INFO, nullptr,
                 static_cast<VkImageAspectFlagBits>(memory_plane(*device_, static_cast<std::uint32_t>(i)))};
    binds[i] = {VK_STRUCTURE_TYPE_BIND_IMAGE_MEMORY_INFO, &planes[i], image_, memories_[memory_of_plane[i]], 0};
  }
  if (const VkResult result = device_->functions().vkBindImageMemory2(
          device_->handle(), static_cast<std::uint32_t>(memory_of_plane.size()), binds.data());
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindImageMemory2"));
  }
  return {};
}

}  // namespace geyser::vulkan
