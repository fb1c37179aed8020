#include "webgpu/scout.hpp"

#include <algorithm>
#include <bit>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <geyser/handle.hpp>

#include "common/text.hpp"

namespace geyser::webgpu {

using detail::text;

namespace {

GeyserError make_error(ErrorCode code, std::string sentence, VkResult result) {
  const auto value = static_cast<int>(result);
  return GeyserError(code, std::move(sentence), NativeError{NativeDomain::vulkan, value, text("VkResult ", value)});
}

}  // namespace

void Scout::close() noexcept {
  if (device_ != VK_NULL_HANDLE) functions_.vkDestroyDevice(device_, nullptr);
  device_ = VK_NULL_HANDLE;
}

// Without dma-bufs Dawn is not asked for any.
std::vector<const char*> Scout::extensions_of(const VulkanDevice& vulkan) {
  std::uint32_t count = 0;
  std::vector<VkExtensionProperties> known;
  if (vulkan.extensions_(vulkan.device_, nullptr, &count, nullptr) == VK_SUCCESS) known.resize(count);
  if (vulkan.extensions_(vulkan.device_, nullptr, &count, known.data()) < VK_SUCCESS) known.clear();
  std::vector<const char*> wanted{VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
                                  VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
                                  VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME};
  std::erase_if(wanted, [&](const char* name) {
    return std::none_of(known.begin(), known.end(), [&](const VkExtensionProperties& one) {
      return std::string_view(static_cast<const char*>(one.extensionName)) == name;
    });
  });
  return wanted;
}

bool Scout::open(const VulkanDevice& vulkan) {
  if (tried_to_open_ || !vulkan.has_value()) return device_ != VK_NULL_HANDLE;
  tried_to_open_ = true;
  const float priority = 0;
  const VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, nullptr, 0, 0, 1, &priority};
  const std::vector<const char*> extensions = extensions_of(vulkan);
  const VkDeviceCreateInfo info{
      VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,          nullptr,           0,      1, &queue, 0, nullptr,
      static_cast<std::uint32_t>(extensions.size()), extensions.data(), nullptr};
  VkDevice device = VK_NULL_HANDLE;
  if (vulkan.create_device_(vulkan.device_, &info, nullptr, &device) != VK_SUCCESS) return false;
  bool complete = true;
  const auto load = [&](auto& function, const char* name) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(vulkan.get_device_procedure_(device, name));
    complete = complete && function != nullptr;
  };
  load(functions_.vkDestroyDevice, "vkDestroyDevice");
  load(functions_.vkCreateImage, "vkCreateImage");
  load(functions_.vkDestroyImage, "vkDestroyImage");
  load(functions_.vkGetImageMemoryRequirements, "vkGetImageMemoryRequirements");
  load(functions_.vkGetMemoryFdPropertiesKHR, "vkGetMemoryFdPropertiesKHR");
  load(functions_.vkAllocateMemory, "vkAllocateMemory");
  load(functions_.vkFreeMemory, "vkFreeMemory");
  load(functions_.vkBindImageMemory, "vkBindImageMemory");
  if (complete) {
    device_ = device;
  } else if (functions_.vkDestroyDevice != nullptr) {
    functions_.vkDestroyDevice(device, nullptr);
  }
  return complete;
}

Result<void> Scout::try_out(const VulkanDevice& vulkan, const VkImageCreateInfo& info, const ForeignMemory& memory) {
  if (!open(vulkan)) return {};
  VkImage image = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkCreateImage(device_, &info, nullptr, &image); result != VK_SUCCESS) {
    return fail(
        make_error(ErrorCode::incompatible_layout, "The driver makes no image of the memory's layout.", result));
  }
  auto bound = bind(image, memory);
  functions_.vkDestroyImage(device_, image, nullptr);
  return bound;
}

Result<std::uint32_t> Scout::types_of(const ForeignMemory& memory) const {
  // Of opaque ones the driver says nothing.
  if (memory.type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT) {
    return memory.memory_type < 32 ? std::uint32_t{1} << memory.memory_type : 0;
  }
  VkMemoryFdPropertiesKHR properties{VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR, nullptr, 0};
  const VkResult result = functions_.vkGetMemoryFdPropertiesKHR(device_, memory.type, memory.descriptor, &properties);
  if (result == VK_SUCCESS) return properties.memoryTypeBits;
  return fail(make_error(ErrorCode::invalid_handle, "The driver does not know the memory.", result));
}

Result<void> Scout::bind(VkImage image, const ForeignMemory& memory) {
  auto types = types_of(memory);
  if (!types) return fail(std::move(types.error()));
  VkMemoryRequirements needs{};
  functions_.vkGetImageMemoryRequirements(device_, image, &needs);
  if (needs.size > memory.size) {
    return fail(ErrorCode::incompatible_layout, text("The driver needs [", needs.size,
                                                     "] bytes for the image, but the memory has [", memory.size, "]."));
  }
  const std::uint32_t fitting = needs.memoryTypeBits & *types;
  if (fitting == 0) {
    return fail(ErrorCode::incompatible_layout,
                text("The image can be in memory types [", needs.memoryTypeBits, "], the memory is [", *types, "]."));
  }
  const bool opaque = memory.type == VK_EXTERNAL_MEMORY_HANDLE_TYPE_OPAQUE_FD_BIT;
  auto copy = OwnedHandle::duplicate(opaque ? HandleKind::opaque_fd : HandleKind::dma_buf, memory.descriptor);
  if (!copy) return fail(std::move(copy.error()));
  const VkMemoryDedicatedAllocateInfo dedicated{VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO, nullptr, image,
                                                VK_NULL_HANDLE};
  const VkImportMemoryFdInfoKHR import{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR,
                                       memory.dedicated ? &dedicated : nullptr, memory.type,
                                       static_cast<int>(copy->get())};
  // An opaque descriptor is opened in the size that it was made in, a buffer in what is needed of it.
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import,
                                      opaque ? memory.size : needs.size,
                                      static_cast<std::uint32_t>(std::countr_zero(fitting))};
  VkDeviceMemory opened = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkAllocateMemory(device_, &allocate, nullptr, &opened); result != VK_SUCCESS) {
    const bool full = result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY;
    return fail(make_error(full ? ErrorCode::out_of_memory : ErrorCode::invalid_handle,
                           "The driver does not open the memory.", result));
  }
  static_cast<void>(copy->detach());  // the driver's now
  const VkResult result = functions_.vkBindImageMemory(device_, image, opened, 0);
  functions_.vkFreeMemory(device_, opened, nullptr);
  if (result == VK_SUCCESS) return {};
  return fail(make_error(ErrorCode::incompatible_layout, "The driver puts no image into the memory.", result));
}

}  // namespace geyser::webgpu
