// Timeline semaphores: a counter in a section beside each one.
#include <algorithm>
#include <new>
#include <utility>

#include "windows/interposer/interposer.hpp"

namespace geyser::test::interposer {

namespace {

constexpr DWORD counter_bytes = 4096;

VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice handle, const VkSemaphoreCreateInfo* info,
                                                const VkAllocationCallbacks* allocator, VkSemaphore* made) {
  DeviceState& device = *state().find(handle);
  const auto next = GEYSER_NEXT(device, vkCreateSemaphore);
  const auto* exported = find<VkExportSemaphoreCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_EXPORT_SEMAPHORE_CREATE_INFO);
  const auto* type = find<VkSemaphoreTypeCreateInfo>(info->pNext, VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
  if (exported == nullptr || exported->handleTypes == 0) return next(handle, info, allocator, made);
  if (type == nullptr || type->semaphoreType != VK_SEMAPHORE_TYPE_TIMELINE) return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  VkSemaphoreTypeCreateInfo alone = *type;
  alone.pNext = nullptr;
  const VkSemaphoreCreateInfo changed{VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &alone, info->flags};
  Semaphore semaphore{Section(
      ::CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, counter_bytes, nullptr), counter_bytes)};
  if (!semaphore.section) return VK_ERROR_OUT_OF_HOST_MEMORY;
  ::new (semaphore.section.view()) std::atomic<std::uint64_t>(type->initialValue);
  const VkResult result = next(handle, &changed, allocator, made);
  if (result != VK_SUCCESS) return result;
  const std::lock_guard lock(device.mutex);
  device.semaphores[*made] = std::move(semaphore);
  return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice handle, VkSemaphore semaphore,
                                             const VkAllocationCallbacks* allocator) {
  DeviceState& device = *state().find(handle);
  {
    const std::lock_guard lock(device.mutex);
    const auto found = device.semaphores.find(semaphore);
    if (found != device.semaphores.end()) {
      // What it has reached since the thread looked last is not to go with it: others wait for it.
      std::uint64_t native = 0;
      GEYSER_NEXT(device, vkGetSemaphoreCounterValue)(handle, semaphore, &native);
      std::uint64_t shared = found->second.shared().load();
      while (native > shared && !found->second.shared().compare_exchange_weak(shared, native)) continue;
      device.semaphores.erase(found);
    }
  }
  GEYSER_NEXT(device, vkDestroySemaphore)(handle, semaphore, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL get_semaphore_handle(VkDevice handle, const VkSemaphoreGetWin32HandleInfoKHR* info,
                                                    HANDLE* given) {
  DeviceState& device = *state().find(handle);
  const std::lock_guard lock(device.mutex);
  const auto found = device.semaphores.find(info->semaphore);
  if (found == device.semaphores.end()) return VK_ERROR_OUT_OF_HOST_MEMORY;
  *given = found->second.section.duplicate();
  return *given != nullptr ? VK_SUCCESS : VK_ERROR_TOO_MANY_OBJECTS;
}

VKAPI_ATTR VkResult VKAPI_CALL import_semaphore_handle(VkDevice handle,
                                                       const VkImportSemaphoreWin32HandleInfoKHR* info) {
  DeviceState& device = *state().find(handle);
  Semaphore semaphore{Section(duplicate(info->handle), counter_bytes)};
  if (!semaphore.section || info->flags != 0) return VK_ERROR_INVALID_EXTERNAL_HANDLE;
  const std::lock_guard lock(device.mutex);
  device.semaphores[info->semaphore] = std::move(semaphore);
  return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL counter_value(VkDevice handle, VkSemaphore semaphore, std::uint64_t* value) {
  DeviceState& device = *state().find(handle);
  const VkResult result = GEYSER_NEXT(device, vkGetSemaphoreCounterValue)(handle, semaphore, value);
  const std::lock_guard lock(device.mutex);
  const auto found = device.semaphores.find(semaphore);
  if (result == VK_SUCCESS && found != device.semaphores.end()) {
    *value = std::max(*value, found->second.shared().load());
  }
  return result;
}

}  // namespace

PFN_vkVoidFunction semaphore_function(std::string_view name) noexcept {
  const auto plain = [](auto function) { return reinterpret_cast<PFN_vkVoidFunction>(function); };
  if (name == "vkCreateSemaphore") return plain(&create_semaphore);
  if (name == "vkDestroySemaphore") return plain(&destroy_semaphore);
  if (name == "vkGetSemaphoreWin32HandleKHR") return plain(&get_semaphore_handle);
  if (name == "vkImportSemaphoreWin32HandleKHR") return plain(&import_semaphore_handle);
  if (name == "vkGetSemaphoreCounterValue" || name == "vkGetSemaphoreCounterValueKHR") return plain(&counter_value);
  return nullptr;
}

}  // namespace geyser::test::interposer
