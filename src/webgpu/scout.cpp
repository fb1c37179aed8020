#include "webgpu/scout.hpp"

#include <array>
#include <bit>
#include <type_traits>
#include <utility>

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

bool Scout::open(const VulkanDevice& vulkan) {
  if (tried_to_open_ || !vulkan.has_value()) return device_ != VK_NULL_HANDLE;
  tried_to_open_ = true;
  const float priority = 0;
  const VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, nullptr, 0, 0, 1, &priority};
  constexpr std::array extensions{VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
                                  VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
                                  VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME};
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

Result<void> Scout::try_out(const VulkanDevice& vulkan, const VkImageCreateInfo& info, int descriptor,
                            std::uint64_t size) {
  if (!open(vulkan)) return {};
  VkImage image = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkCreateImage(device_, &info, nullptr, &image); result != VK_SUCCESS) {
    return fail(
        make_error(ErrorCode::incompatible_layout, "The driver makes no image of the dma-buf's layout.", result));
  }
  auto bound = bind(image, descriptor, size);
  functions_.vkDestroyImage(device_, image, nullptr);
  return bound;
}

Result<void> Scout::bind(VkImage image, int descriptor, std::uint64_t size) {
  VkMemoryFdPropertiesKHR properties{VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR, nullptr, 0};
  constexpr auto type = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
  if (const VkResult result = functions_.vkGetMemoryFdPropertiesKHR(device_, type, descriptor, &properties);
      result != VK_SUCCESS) {
    return fail(make_error(ErrorCode::invalid_handle, "The driver does not know the dma-buf.", result));
  }
  VkMemoryRequirements needs{};
  functions_.vkGetImageMemoryRequirements(device_, image, &needs);
  if (needs.size > size) {
    return fail(ErrorCode::incompatible_layout,
                text("The driver needs [", needs.size, "] bytes for the image, but the dma-buf has [", size, "]."));
  }
  const std::uint32_t fitting = needs.memoryTypeBits & properties.memoryTypeBits;
  if (fitting == 0) {
    return fail(ErrorCode::incompatible_layout, text("The image can be in memory types [", needs.memoryTypeBits,
                                                     "], the dma-buf is [", properties.memoryTypeBits, "]."));
  }
  auto copy = OwnedHandle::duplicate(HandleKind::dma_buf, descriptor);
  if (!copy) return fail(std::move(copy.error()));
  const VkImportMemoryFdInfoKHR import{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, nullptr, type,
                                       static_cast<int>(copy->get())};
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, &import, needs.size,
                                      static_cast<std::uint32_t>(std::countr_zero(fitting))};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (const VkResult result = functions_.vkAllocateMemory(device_, &allocate, nullptr, &memory); result != VK_SUCCESS) {
    return fail(make_error(ErrorCode::invalid_handle, "The driver does not open the dma-buf.", result));
  }
  static_cast<void>(copy->detach());  // the driver's now
  const VkResult result = functions_.vkBindImageMemory(device_, image, memory, 0);
  functions_.vkFreeMemory(device_, memory, nullptr);
  if (result == VK_SUCCESS) return {};
  return fail(make_error(ErrorCode::incompatible_layout, "The driver puts no image into the dma-buf.", result));
}

}  // namespace geyser::webgpu
