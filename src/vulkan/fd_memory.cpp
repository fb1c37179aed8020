#include <array>
#include <utility>

#include "platform/shared_memory.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

std::span<const char* const> loader_names() noexcept {
  static constexpr std::array<const char*, 2> names{"libvulkan.so.1", "libvulkan.so"};
  return names;
}

const char* external_memory_extension() noexcept { return VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME; }
const char* external_semaphore_extension() noexcept { return VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME; }

bool drivers_are_portable_subsets() noexcept { return false; }

std::span<const HandleKind> opaque_memory_kinds() noexcept {
  static constexpr std::array<HandleKind, 1> kinds{HandleKind::opaque_fd};
  return kinds;
}

bool has_memory_functions(const Device& device) noexcept { return device.functions().vkGetMemoryFdKHR != nullptr; }

Result<OwnedHandle> export_memory(const Device& device, VkDeviceMemory memory, HandleKind kind) {
  const VkMemoryGetFdInfoKHR info{VK_STRUCTURE_TYPE_MEMORY_GET_FD_INFO_KHR, nullptr, memory, to_vulkan(kind)};
  int fd = -1;
  if (const VkResult result = device.functions().vkGetMemoryFdKHR(device.handle(), &info, &fd); result != VK_SUCCESS) {
    return fail(make_error(result, "vkGetMemoryFdKHR"));
  }
  return OwnedHandle::adopt(kind, fd);
}

Result<VkDeviceMemory> import_memory(const Device& device, const VkMemoryAllocateInfo& info,
                                     VkExternalMemoryHandleTypeFlagBits type, OwnedHandle& handle) {
  // lavapipe reads what memory a descriptor is of at the file offset.
  auto copy = platform::duplicate_with_own_offset(handle);
  if (!copy) return fail(std::move(copy.error()));
  const VkImportMemoryFdInfoKHR import_info{VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR, info.pNext, type,
                                            static_cast<int>(copy->get())};
  VkMemoryAllocateInfo with_handle = info;
  with_handle.pNext = &import_info;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  if (const VkResult result = device.functions().vkAllocateMemory(device.handle(), &with_handle, nullptr, &memory);
      result != VK_SUCCESS) {
    // Against the specification lavapipe closes what it refuses; the number may be another thread's by now.
    if (!platform::is_same_object(handle.get(), copy->get())) static_cast<void>(copy->detach());
    return fail(make_error(result, "vkAllocateMemory"));
  }
  static_cast<void>(copy->detach());  // the driver's
  handle.reset();
  return memory;
}

}  // namespace geyser::vulkan
