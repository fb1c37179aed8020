#include "vulkan/host_pointer.hpp"

#include <array>
#include <optional>
#include <utility>

#include "common/text.hpp"
#include "vulkan/error.hpp"
#include "vulkan/format.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

constexpr VkImageSubresource only_subresource{VK_IMAGE_ASPECT_COLOR_BIT, 0, 0};

std::optional<VkSubresourceLayout> layout_of_width(const Device& device, VkFormat format, VkImageUsageFlags usage,
                                                   VkExternalMemoryHandleTypeFlagBits handle_type,
                                                   std::uint32_t width) {
  const VkExternalMemoryImageCreateInfo external{VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_IMAGE_CREATE_INFO, nullptr,
                                                 static_cast<VkExternalMemoryHandleTypeFlags>(handle_type)};
  const VkImageCreateInfo info{VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                               &external,
                               0,
                               VK_IMAGE_TYPE_2D,
                               format,
                               {width, 4, 1},
                               1,
                               1,
                               VK_SAMPLE_COUNT_1_BIT,
                               VK_IMAGE_TILING_LINEAR,
                               usage,
                               VK_SHARING_MODE_EXCLUSIVE,
                               0,
                               nullptr,
                               VK_IMAGE_LAYOUT_UNDEFINED};
  VkImage image = VK_NULL_HANDLE;
  if (device.functions().vkCreateImage(device.handle(), &info, nullptr, &image) != VK_SUCCESS) return std::nullopt;
  VkSubresourceLayout layout{};
  device.functions().vkGetImageSubresourceLayout(device.handle(), image, &only_subresource, &layout);
  device.functions().vkDestroyImage(device.handle(), image, nullptr);
  return layout;
}

}  // namespace

std::uint32_t linear_row_alignment(const Device& device, VkFormat format, VkImageUsageFlags usage,
                                   VkExternalMemoryHandleTypeFlagBits handle_type) {
  const FormatInfo& info = format_info(from_vulkan(format));
  constexpr std::array<std::uint32_t, 5> widths{4, 12, 36, 132, 1028};  // whole blocks of every format of ours
  std::array<std::uint64_t, widths.size()> pitches{};
  std::uint64_t common = max_row_alignment;  // the largest power of two that divides every pitch
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto layout = layout_of_width(device, format, usage, handle_type, widths[i]);
    if (!layout || layout->offset != 0) return 0;
    pitches[i] = layout->rowPitch;
    while (common > 1 && pitches[i] % common != 0) common /= 2;
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::uint64_t row = std::uint64_t{widths[i]} / info.block_width * info.planes[0].block_bytes;
    if (pitches[i] != (row + common - 1) / common * common) return 0;
  }
  return static_cast<std::uint32_t>(common);
}

bool has_host_buffers(const Device& device) {
  if (!device.extensions().host_pointer) return false;
  const VkPhysicalDeviceExternalBufferInfo info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO, nullptr, 0,
                                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                                VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT};
  VkExternalBufferProperties properties{VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES, nullptr, {}};
  device.instance_functions().vkGetPhysicalDeviceExternalBufferProperties(device.native().physical_device, &info,
                                                                          &properties);
  return (properties.externalMemoryProperties.externalMemoryFeatures & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) != 0;
}

Result<VkDeviceMemory> import_host_pointer(const Device& device, std::byte* pages, std::uint64_t size,
                                           std::uint32_t type_bits, const void* next) {
  constexpr auto kind = VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
  VkMemoryHostPointerPropertiesEXT properties{VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT, nullptr, 0};
  if (const VkResult result =
          device.functions().vkGetMemoryHostPointerPropertiesEXT(device.handle(), kind, pages, &properties);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetMemoryHostPointerPropertiesEXT"));
  }
  constexpr VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const int type = device.pick_memory_type(type_bits & properties.memoryTypeBits, wanted);
  if (type < 0 || (device.memory_properties().memoryTypes[type].propertyFlags & wanted) != wanted) {
    return fail(ErrorCode::unsupported, "No coherent memory type fits memory of the host's.");
  }
  const VkImportMemoryHostPointerInfoEXT import_info{VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT, next, kind,
                                                     pages};
  const VkMemoryAllocateInfo info{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import_info, size,
                                  static_cast<std::uint32_t>(type)};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (const VkResult result = device.functions().vkAllocateMemory(device.handle(), &info, nullptr, &memory);
      result != VK_SUCCESS) {
    return fail(
        make_error(result, "vkAllocateMemory").during(text("using [", size, "] bytes of the host's memory in place")));
  }
  return memory;
}

MemoryPlane Image::rows() const {
  VkSubresourceLayout rows{};
  device_->functions().vkGetImageSubresourceLayout(device_->handle(), image_, &only_subresource, &rows);
  return {0, rows.offset, rows.rowPitch};
}

Result<void> Image::check_rows(const MemoryLayout& layout) const {
  const MemoryPlane& wanted = layout.planes[0];
  const MemoryPlane mine = rows();
  if (wanted.stride == mine.stride && wanted.offset == mine.offset) return {};
  return fail(ErrorCode::incompatible_layout,
              text("The rows are [", wanted.stride, "] bytes apart from [", wanted.offset,
                   "] on, but this device has [", mine.stride, "] from [", mine.offset, "] on."));
}

Result<Image> Image::place(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                           const ImageRecipe& recipe, const MemoryLayout& layout, platform::MappedMemory&& memory) {
  Image image(device);
  if (auto made = image.create_image(descriptor, recipe, VK_IMAGE_TILING_LINEAR, nullptr); !made) {
    return fail(std::move(made.error()));
  }
  if (auto agrees = image.check_rows(layout); !agrees) return fail(std::move(agrees.error()));
  const Requirements requirements = requirements_of(*device, image.image_);
  const std::uint64_t unit = device->host_pointer_alignment();
  const std::uint64_t size = (requirements.memory.size + unit - 1) / unit * unit;
  if (size > layout.allocation_size) {
    return fail(ErrorCode::incompatible_layout,
                text("The image needs [", size, "] bytes, but field [layout.allocation_size] is [",
                     layout.allocation_size, "]."));
  }
  const VkMemoryDedicatedAllocateInfo dedicated{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, image.image_,
                                                VK_NULL_HANDLE};
  auto imported = import_host_pointer(*device, memory.bytes().data(), size, requirements.memory.memoryTypeBits,
                                      requirements.dedicated ? &dedicated : nullptr);
  if (!imported) return fail(std::move(imported.error()));
  image.memories_.push_back(*imported);
  image.host_memory_ = std::make_shared<platform::MappedMemory>(std::move(memory));
  if (auto done = image.bind(); !done) return fail(std::move(done.error()));
  return image;
}

}  // namespace geyser::vulkan
