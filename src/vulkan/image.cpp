#include "vulkan/image.hpp"

#include <array>
#include <utility>

#include "common/text.hpp"
#include "platform/shared_memory.hpp"
#include "vulkan/dma_buf.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/format.hpp"

namespace geyser::vulkan {

using detail::text;

Requirements requirements_of(const Device& device, VkImage image, VkImageAspectFlags plane) {
  const VkImagePlaneMemoryRequirementsInfo of_plane{VK_STRUCTURE_TYPE_IMAGE_PLANE_MEMORY_REQUIREMENTS_INFO, nullptr,
                                                    static_cast<VkImageAspectFlagBits>(plane)};
  const VkImageMemoryRequirementsInfo2 info{VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
                                            plane != 0 ? &of_plane : nullptr, image};
  VkMemoryDedicatedRequirements dedicated{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS, nullptr, VK_FALSE, VK_FALSE};
  VkMemoryRequirements2 requirements{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated, {}};
  device.functions().vkGetImageMemoryRequirements2(device.handle(), &info, &requirements);
  return {requirements.memoryRequirements,
          dedicated.requiresDedicatedAllocation == VK_TRUE || dedicated.prefersDedicatedAllocation == VK_TRUE};
}

VkExternalMemoryHandleTypeFlagBits to_vulkan(HandleKind kind) noexcept {
  if (kind == HandleKind::opaque_fd) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
  if (kind == HandleKind::opaque_win32) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_BIT;
  if (kind == HandleKind::opaque_win32_kmt) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_WIN32_KMT_BIT;
  if (kind == HandleKind::dma_buf) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
  if (kind == HandleKind::host_memory) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  return {};
}

bool is_opaque_memory(HandleKind kind) noexcept {
  return kind == HandleKind::opaque_fd || kind == HandleKind::opaque_win32 || kind == HandleKind::opaque_win32_kmt;
}

Image::Image(Image&& other) noexcept
    : device_(std::move(other.device_)),
      image_(std::exchange(other.image_, VK_NULL_HANDLE)),
      memories_(std::exchange(other.memories_, {})),
      disjoint_(other.disjoint_),
      host_memory_(std::move(other.host_memory_)),
      owned_(other.owned_) {}

Image::~Image() {
  if (!owned_ || image_ == VK_NULL_HANDLE) return;
  device_->destroy_later(
      [device = device_.get(), image = image_, memories = std::move(memories_), host = std::move(host_memory_)] {
        device->functions().vkDestroyImage(device->handle(), image, nullptr);
        for (const VkDeviceMemory memory : memories) {
          device->functions().vkFreeMemory(device->handle(), memory, nullptr);  // only then `host` is unmapped
        }
      });
}

Result<void> Image::create_image(const TextureDescriptor& descriptor, const ImageRecipe& recipe, VkImageTiling tiling,
                                 const void* next) {
  const VkExternalMemoryImageCreateInfo external_info{
      VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, next,
      static_cast<VkExternalMemoryHandleTypeFlags>(recipe.direct3d != 0 ? recipe.direct3d
                                                                        : to_vulkan(recipe.external))};
  VkImageCreateFlags flags = recipe.flags;
  if (disjoint_) flags |= VK_IMAGE_CREATE_DISJOINT_BIT;
  const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               recipe.external != HandleKind::none ? &external_info : next,
                               flags,
                               image_type_of(descriptor.dimension),
                               vulkan::to_vulkan(descriptor.format),
                               {descriptor.extent.width, descriptor.extent.height, descriptor.extent.depth},
                               descriptor.mip_levels,
                               descriptor.array_layers,
                               static_cast<VkSampleCountFlagBits>(descriptor.samples),
                               tiling,
                               recipe.usage,
                               VK_SHARING_MODE_EXCLUSIVE,
                               0,
                               nullptr,
                               VK_IMAGE_LAYOUT_UNDEFINED};
  if (const VkResult result = device_->functions().vkCreateImage(device_->handle(), &info, nullptr, &image_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateImage"));
  }
  return {};
}

Result<void> Image::allocate(const VkMemoryAllocateInfo& info, std::string step) {
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (const VkResult result = device_->functions().vkAllocateMemory(device_->handle(), &info, nullptr, &memory);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkAllocateMemory").during(std::move(step)));
  }
  memories_.push_back(memory);
  return {};
}

Result<void> Image::bind() {
  if (const VkResult result = device_->functions().vkBindImageMemory(device_->handle(), image_, memories_[0], 0);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindImageMemory"));
  }
  return {};
}

Result<void> Image::allocate_for_export(const ImageRecipe& recipe, const Requirements& requirements,
                                        MemoryLayout& layout) {
  const bool dedicated = !disjoint_ && (recipe.dedicated || requirements.dedicated);
  const int memory_type =
      device_->pick_memory_type(requirements.memory.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  if (memory_type < 0) return fail(ErrorCode::unsupported, "The driver offers no memory type for this image.");
  const VkMemoryDedicatedAllocateInfo dedicated_info{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, image_,
                                                     VK_NULL_HANDLE};
  const VkExportMemoryAllocateInfo export_info{
      VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO, dedicated ? &dedicated_info : nullptr,
      static_cast<VkExternalMemoryHandleTypeFlags>(to_vulkan(recipe.external))};
  const void* next = dedicated ? static_cast<const void*>(&dedicated_info) : nullptr;
  if (recipe.external != HandleKind::none) next = &export_info;
  if (memories_.empty()) {
    layout.allocation_size = requirements.memory.size;
    layout.memory_type = static_cast<std::uint32_t>(memory_type);
    layout.dedicated = dedicated;
  }
  return allocate(
      {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, next, requirements.memory.size, static_cast<std::uint32_t>(memory_type)},
      text("allocating [", requirements.memory.size, "] bytes for the image"));
}

Result<Image> Image::create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                            const ImageRecipe& recipe, MemoryLayout& layout) {
  Image image(device);
  image.disjoint_ = recipe.disjoint;
  const VkImageDrmFormatModifierListCreateInfoEXT modifiers{
      VK_STRUCTURE_TYPE_IMAGE_DRM_FORMAT_MODIFIER_LIST_CREATE_INFO_EXT, nullptr,
      static_cast<std::uint32_t>(recipe.modifiers.size()), recipe.modifiers.data()};
  const bool by_modifier = recipe.external == HandleKind::dma_buf;
  const VkImageTiling tiling = by_modifier     ? VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT
                               : recipe.linear ? VK_IMAGE_TILING_LINEAR
                                               : VK_IMAGE_TILING_OPTIMAL;
  if (auto made = image.create_image(descriptor, recipe, tiling, by_modifier ? &modifiers : nullptr); !made) {
    return fail(std::move(made.error()));
  }
  layout = {};
  layout.tiling = Tiling::opaque;
  layout.vulkan_usage = recipe.usage;
  layout.vulkan_create_flags = recipe.flags;
  layout.plane_count = 1;
  if (recipe.linear) {
    layout.tiling = Tiling::linear;
    layout.planes[0] = image.rows();
  }
  if (by_modifier) {
    if (auto done = read_modifier_layout(*device, image.image_, vulkan::to_vulkan(descriptor.format), layout); !done) {
      return fail(std::move(done.error()));
    }
  }
  if (!image.disjoint_) {
    const Requirements requirements = requirements_of(*device, image.image_);
    if (auto done = image.allocate_for_export(recipe, requirements, layout); !done)
      return fail(std::move(done.error()));
    if (auto done = image.bind(); !done) return fail(std::move(done.error()));
    return image;
  }
  std::array<std::uint32_t, max_memory_planes> own{};
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    const Requirements requirements = requirements_of(*device, image.image_, memory_plane(*device, i));
    if (auto done = image.allocate_for_export(recipe, requirements, layout); !done)
      return fail(std::move(done.error()));
    layout.planes[i].handle_index = own[i] = i;
  }
  if (auto done = image.bind_planes({own.data(), layout.plane_count}); !done) return fail(std::move(done.error()));
  return image;
}

Result<Image> Image::import(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                            const ImageRecipe& recipe, const MemoryLayout& layout, OwnedHandle& handle) {
  const bool any_type = recipe.linear && layout.memory_type == any_memory_type;
  if (!any_type && layout.memory_type >= device->memory_properties().memoryTypeCount) {
    return fail(ErrorCode::incompatible_layout,
                text("Memory type [", layout.memory_type, "] is not below the device's [",
                     device->memory_properties().memoryTypeCount, "] types."));
  }
  // Drivers whose opaque descriptors have a size let us check it; others (no size) check for themselves.
  // A global number is no handle of this process, but may look like one.
  const bool has_size = handle.kind() != HandleKind::opaque_win32_kmt;
  if (const auto size = platform::kernel_size(has_size ? handle.get() : no_native_handle);
      size && *size != 0 && *size < layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout, text("Field [layout.allocation_size] is [", layout.allocation_size,
                                                     "], but the handle's object has [", *size, "] bytes."));
  }
  Image image(device);
  const VkImageTiling tiling = recipe.linear ? VK_IMAGE_TILING_LINEAR : VK_IMAGE_TILING_OPTIMAL;
  if (auto made = image.create_image(descriptor, recipe, tiling, nullptr); !made) return fail(std::move(made.error()));
  if (recipe.linear) {
    if (auto agrees = image.check_rows(layout); !agrees) return fail(std::move(agrees.error()));
  }
  const Requirements requirements = requirements_of(*device, image.image_);
  if (requirements.memory.size > layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout,
                text("The image needs [", requirements.memory.size, "] bytes, but field [layout.allocation_size] is [",
                     layout.allocation_size, "]."));
  }
  // Another API's memory is the device's own: a type of the host's would be accepted by NVIDIA's driver, too.
  const std::uint32_t type = any_type ? static_cast<std::uint32_t>(device->pick_memory_type(
                                            requirements.memory.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT))
                                      : layout.memory_type;
  if (type >= device->memory_properties().memoryTypeCount || (requirements.memory.memoryTypeBits >> type & 1U) == 0) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.memory_type] is [", layout.memory_type, "], which the image cannot use (types [",
                     requirements.memory.memoryTypeBits, "])."));
  }
  if (auto done = image.take(handle, to_vulkan(handle.kind()), layout.allocation_size, type, layout.dedicated); !done) {
    return fail(std::move(done.error()));
  }
  if (auto done = image.bind(); !done) return fail(std::move(done.error()));
  return image;
}

Result<Image> Image::over(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                          const ImageRecipe& recipe, const void* chain) {
  Image image(device);
  ImageRecipe own = recipe;
  own.external = HandleKind::none;
  if (auto made = image.create_image(descriptor, own, VK_IMAGE_TILING_OPTIMAL, chain); !made) {
    return fail(std::move(made.error()));
  }
  MemoryLayout unused;
  const Requirements requirements = requirements_of(*device, image.image_);
  if (auto done = image.allocate_for_export(own, requirements, unused); !done) return fail(std::move(done.error()));
  if (auto done = image.bind(); !done) return fail(std::move(done.error()));
  return image;
}

Result<void> Image::take(OwnedHandle& handle, VkExternalMemoryHandleTypeFlagBits type, std::uint64_t size,
                         std::uint32_t memory_type, bool dedicated) {
  const VkMemoryDedicatedAllocateInfo dedicated_info{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, image_,
                                                     VK_NULL_HANDLE};
  auto memory = import_memory(
      *device_, {VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, dedicated ? &dedicated_info : nullptr, size, memory_type},
      type, handle);
  if (!memory) {
    return fail(
        std::move(memory.error()).during(text("importing [", size, "] bytes as [", to_string(handle.kind()), "]")));
  }
  memories_.push_back(*memory);
  return {};
}

Image Image::borrow(const std::shared_ptr<Device>& device, VkImage native, VkDeviceMemory memory) {
  Image image(device);
  image.image_ = native;
  image.memories_.push_back(memory);
  image.owned_ = false;
  return image;
}

}  // namespace geyser::vulkan
