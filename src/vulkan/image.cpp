#include "vulkan/image.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/shared_memory.hpp"
#include "vulkan/error.hpp"
#include "vulkan/format.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

struct Requirements {
  VkMemoryRequirements memory{};
  bool dedicated = false;
};

Requirements requirements_of(const Device& device, VkImage image) {
  const VkImageMemoryRequirementsInfo2 info{VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2, nullptr, image};
  VkMemoryDedicatedRequirements dedicated{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS, nullptr, VK_FALSE, VK_FALSE};
  VkMemoryRequirements2 requirements{VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, &dedicated, {}};
  device.functions().vkGetImageMemoryRequirements2(device.handle(), &info, &requirements);
  return {requirements.memoryRequirements,
          dedicated.requiresDedicatedAllocation == VK_TRUE || dedicated.prefersDedicatedAllocation == VK_TRUE};
}

}  // namespace

VkExternalMemoryHandleTypeFlagBits to_vulkan(HandleKind kind) noexcept {
  return kind == HandleKind::opaque_fd ? VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT
                                       : VkExternalMemoryHandleTypeFlagBits{};
}

Image::Image(Image&& other) noexcept
    : device_(std::move(other.device_)),
      image_(std::exchange(other.image_, VK_NULL_HANDLE)),
      memory_(std::exchange(other.memory_, VK_NULL_HANDLE)),
      owned_(other.owned_) {}

Image::~Image() {
  if (!owned_ || (image_ == VK_NULL_HANDLE && memory_ == VK_NULL_HANDLE)) return;
  device_->destroy_later([device = device_.get(), image = image_, memory = memory_] {
    device->functions().vkDestroyImage(device->handle(), image, nullptr);
    device->functions().vkFreeMemory(device->handle(), memory, nullptr);
  });
}

Result<void> Image::create_image(const TextureDescriptor& descriptor, HandleKind external, VkImageUsageFlags usage,
                                 VkImageCreateFlags flags) {
  const VkExternalMemoryImageCreateInfo external_info{
      VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
      static_cast<VkExternalMemoryHandleTypeFlags>(to_vulkan(external))};
  const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               external != HandleKind::none ? &external_info : nullptr,
                               flags,
                               image_type_of(descriptor.dimension),
                               vulkan::to_vulkan(descriptor.format),
                               {descriptor.extent.width, descriptor.extent.height, descriptor.extent.depth},
                               descriptor.mip_levels,
                               descriptor.array_layers,
                               static_cast<VkSampleCountFlagBits>(descriptor.samples),
                               VK_IMAGE_TILING_OPTIMAL,
                               usage,
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

Result<Image> Image::create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                            HandleKind exported_as, bool dedicated, VkImageUsageFlags usage, MemoryLayout& layout) {
  Image image(device);
  const VkImageCreateFlags flags = create_flags_of(descriptor.dimension);
  if (auto made = image.create_image(descriptor, exported_as, usage, flags); !made) {
    return fail(std::move(made.error()));
  }
  const Requirements requirements = requirements_of(*device, image.image_);
  dedicated = dedicated || requirements.dedicated;
  const int memory_type =
      device->pick_memory_type(requirements.memory.memoryTypeBits, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  if (memory_type < 0) return fail(ErrorCode::unsupported, "The driver offers no memory type for this image.");

  const VkMemoryDedicatedAllocateInfo dedicated_info{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr,
                                                     image.image_, VK_NULL_HANDLE};
  const VkExportMemoryAllocateInfo export_info{VK_STRUCTURE_TYPE_EXPORT_MEMORY_ALLOCATE_INFO,
                                               dedicated ? &dedicated_info : nullptr,
                                               static_cast<VkExternalMemoryHandleTypeFlags>(to_vulkan(exported_as))};
  const void* next = dedicated ? static_cast<const void*>(&dedicated_info) : nullptr;
  if (exported_as != HandleKind::none) next = &export_info;
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, next, requirements.memory.size,
                                      static_cast<std::uint32_t>(memory_type)};
  if (const VkResult result =
          device->functions().vkAllocateMemory(device->handle(), &allocate, nullptr, &image.memory_);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkAllocateMemory")
                    .during(text("allocating [", requirements.memory.size, "] bytes for the image")));
  }
  if (const VkResult result = device->functions().vkBindImageMemory(device->handle(), image.image_, image.memory_, 0);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindImageMemory"));
  }
  layout = {};
  layout.tiling = Tiling::opaque;
  layout.allocation_size = requirements.memory.size;
  layout.memory_type = static_cast<std::uint32_t>(memory_type);
  layout.dedicated = dedicated;
  layout.vulkan_usage = usage;
  layout.vulkan_create_flags = flags;
  layout.plane_count = 1;
  return image;
}

Result<Image> Image::import(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                            const MemoryLayout& layout, OwnedHandle& handle) {
  if (layout.memory_type >= device->memory_properties().memoryTypeCount) {
    return fail(ErrorCode::incompatible_layout,
                text("Memory type [", layout.memory_type, "] is not below the device's [",
                     device->memory_properties().memoryTypeCount, "] types."));
  }
  // Drivers whose opaque descriptors have a size let us check it; others (no size) check for themselves.
  if (const auto size = platform::kernel_size(handle.get()); size && *size != 0 && *size < layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout, text("Field [layout.allocation_size] is [", layout.allocation_size,
                                                     "], but the handle's object has [", *size, "] bytes."));
  }
  Image image(device);
  if (auto made = image.create_image(descriptor, handle.kind(), layout.vulkan_usage, layout.vulkan_create_flags);
      !made) {
    return fail(std::move(made.error()));
  }
  const Requirements requirements = requirements_of(*device, image.image_);
  if (requirements.memory.size > layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout,
                text("The image needs [", requirements.memory.size, "] bytes, but field [layout.allocation_size] is [",
                     layout.allocation_size, "]."));
  }
  if ((requirements.memory.memoryTypeBits >> layout.memory_type & 1U) == 0) {
    return fail(ErrorCode::incompatible_layout,
                text("Field [layout.memory_type] is [", layout.memory_type, "], which the image cannot use (types [",
                     requirements.memory.memoryTypeBits, "])."));
  }
  const VkMemoryDedicatedAllocateInfo dedicated_info{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr,
                                                     image.image_, VK_NULL_HANDLE};
  const VkImportMemoryFdInfoKHR import_info{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                            layout.dedicated ? &dedicated_info : nullptr, to_vulkan(handle.kind()),
                                            static_cast<int>(handle.get())};
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import_info, layout.allocation_size,
                                      layout.memory_type};
  if (const VkResult result =
          device->functions().vkAllocateMemory(device->handle(), &allocate, nullptr, &image.memory_);
      result != VK_SUCCESS) {
    return fail(
        make_error(result, "vkAllocateMemory")
            .during(text("importing [", layout.allocation_size, "] bytes as [", to_string(handle.kind()), "]")));
  }
  static_cast<void>(handle.detach());  // the driver's since vkAllocateMemory succeeded
  if (const VkResult result = device->functions().vkBindImageMemory(device->handle(), image.image_, image.memory_, 0);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkBindImageMemory"));
  }
  return image;
}

Image Image::borrow(const std::shared_ptr<Device>& device, VkImage native, VkDeviceMemory memory) {
  Image image(device);
  image.image_ = native;
  image.memory_ = memory;
  image.owned_ = false;
  return image;
}

}  // namespace geyser::vulkan
