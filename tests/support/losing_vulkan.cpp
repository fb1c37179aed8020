#include "support/losing_vulkan.hpp"

#include <cstdint>
#include <cstring>

namespace geyser::test {

namespace {

struct Losing {
  PFN_vkGetInstanceProcAddr get_instance = nullptr;
  PFN_vkGetDeviceProcAddr get_device = nullptr;
  VkDevice device = VK_NULL_HANDLE;
  PFN_vkQueueSubmit submit = nullptr;
  PFN_vkWaitSemaphores wait = nullptr;
  PFN_vkGetSemaphoreCounterValue value = nullptr;
  bool lost = false;
};

Losing& losing() {
  static Losing one;
  return one;
}

VKAPI_ATTR VkResult VKAPI_CALL on_submit(VkQueue queue, std::uint32_t count, const VkSubmitInfo* infos, VkFence fence) {
  return losing().lost ? VK_ERROR_DEVICE_LOST : losing().submit(queue, count, infos, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL on_wait(VkDevice device, const VkSemaphoreWaitInfo* info, std::uint64_t timeout) {
  return losing().lost ? VK_ERROR_DEVICE_LOST : losing().wait(device, info, timeout);
}

VKAPI_ATTR VkResult VKAPI_CALL on_value(VkDevice device, VkSemaphore semaphore, std::uint64_t* value) {
  return losing().lost ? VK_ERROR_DEVICE_LOST : losing().value(device, semaphore, value);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL on_get_device(VkDevice device, const char* name) {
  const PFN_vkVoidFunction real = losing().get_device(device, name);
  losing().device = device;
  if (std::strcmp(name, "vkQueueSubmit") == 0) {
    losing().submit = reinterpret_cast<PFN_vkQueueSubmit>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_submit);
  }
  if (std::strcmp(name, "vkWaitSemaphores") == 0 || std::strcmp(name, "vkWaitSemaphoresKHR") == 0) {
    losing().wait = reinterpret_cast<PFN_vkWaitSemaphores>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_wait);
  }
  if (std::strcmp(name, "vkGetSemaphoreCounterValue") == 0 || std::strcmp(name, "vkGetSemaphoreCounterValueKHR") == 0) {
    losing().value = reinterpret_cast<PFN_vkGetSemaphoreCounterValue>(real);
    return reinterpret_cast<PFN_vkVoidFunction>(on_value);
  }
  return real;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL on_get_instance(VkInstance instance, const char* name) {
  const PFN_vkVoidFunction real = losing().get_instance(instance, name);
  if (std::strcmp(name, "vkGetDeviceProcAddr") != 0) return real;
  losing().get_device = reinterpret_cast<PFN_vkGetDeviceProcAddr>(real);
  return reinterpret_cast<PFN_vkVoidFunction>(on_get_device);
}

}  // namespace

PFN_vkGetInstanceProcAddr make_losing_vulkan(PFN_vkGetInstanceProcAddr real) {
  losing() = {};
  losing().get_instance = real;
  return on_get_instance;
}

void lose_vulkan() {
  const auto idle = reinterpret_cast<PFN_vkDeviceWaitIdle>(losing().get_device(losing().device, "vkDeviceWaitIdle"));
  idle(losing().device);
  losing().lost = true;
}

}  // namespace geyser::test
