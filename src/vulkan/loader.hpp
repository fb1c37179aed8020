// libvulkan loaded at run time, and the entry points that Geyser calls.
#pragma once

#include <vulkan/vulkan_core.h>

#include <geyser/error.hpp>

#include "platform/dynamic_library.hpp"

namespace geyser::vulkan {

struct GlobalFunctions {
  PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr = nullptr;
  PFN_vkCreateInstance vkCreateInstance = nullptr;
  PFN_vkEnumerateInstanceVersion vkEnumerateInstanceVersion = nullptr;
  PFN_vkEnumerateInstanceExtensionProperties vkEnumerateInstanceExtensionProperties = nullptr;
  PFN_vkEnumerateInstanceLayerProperties vkEnumerateInstanceLayerProperties = nullptr;
};

// Required entry points first, then those that may be null. One list each: the loader walks it.
#define GEYSER_VK_INSTANCE_REQUIRED(X)              \
  X(vkDestroyInstance)                              \
  X(vkEnumeratePhysicalDevices)                     \
  X(vkGetPhysicalDeviceProperties2)                 \
  X(vkGetPhysicalDeviceFeatures2)                   \
  X(vkGetPhysicalDeviceMemoryProperties)            \
  X(vkGetPhysicalDeviceQueueFamilyProperties)       \
  X(vkGetPhysicalDeviceFormatProperties2)           \
  X(vkGetPhysicalDeviceImageFormatProperties2)      \
  X(vkGetPhysicalDeviceExternalBufferProperties)    \
  X(vkGetPhysicalDeviceExternalSemaphoreProperties) \
  X(vkEnumerateDeviceExtensionProperties)           \
  X(vkCreateDevice)                                 \
  X(vkGetDeviceProcAddr)
#define GEYSER_VK_INSTANCE_OPTIONAL(X) \
  X(vkCreateDebugUtilsMessengerEXT)    \
  X(vkDestroyDebugUtilsMessengerEXT)

#define GEYSER_VK_DEVICE_REQUIRED(X) \
  X(vkDestroyDevice)                 \
  X(vkDeviceWaitIdle)                \
  X(vkGetDeviceQueue)                \
  X(vkQueueSubmit)                   \
  X(vkCreateImage)                   \
  X(vkDestroyImage)                  \
  X(vkGetImageMemoryRequirements2)   \
  X(vkGetImageSubresourceLayout)     \
  X(vkBindImageMemory)               \
  X(vkBindImageMemory2)              \
  X(vkAllocateMemory)                \
  X(vkFreeMemory)                    \
  X(vkMapMemory)                     \
  X(vkCreateBuffer)                  \
  X(vkDestroyBuffer)                 \
  X(vkGetBufferMemoryRequirements)   \
  X(vkBindBufferMemory)              \
  X(vkCreateCommandPool)             \
  X(vkDestroyCommandPool)            \
  X(vkAllocateCommandBuffers)        \
  X(vkFreeCommandBuffers)            \
  X(vkBeginCommandBuffer)            \
  X(vkEndCommandBuffer)              \
  X(vkCmdPipelineBarrier)            \
  X(vkCmdCopyImageToBuffer)          \
  X(vkCmdCopyImage)                  \
  X(vkCmdCopyBufferToImage)          \
  X(vkCreateSemaphore)               \
  X(vkDestroySemaphore)
// Core in 1.2, an extension before: looked up by both names.
#define GEYSER_VK_DEVICE_TIMELINE(X) \
  X(vkWaitSemaphores)                \
  X(vkSignalSemaphore)               \
  X(vkGetSemaphoreCounterValue)
#define GEYSER_VK_DEVICE_OPTIONAL(X)          \
  X(vkGetMemoryFdKHR)                         \
  X(vkGetMemoryFdPropertiesKHR)               \
  X(vkGetMemoryHostPointerPropertiesEXT)      \
  X(vkGetImageDrmFormatModifierPropertiesEXT) \
  X(vkGetSemaphoreFdKHR)                      \
  X(vkImportSemaphoreFdKHR)

#define GEYSER_VK_MEMBER(name) PFN_##name name = nullptr;
struct InstanceFunctions {
  PFN_vkGetInstanceProcAddr vkGetInstanceProcAddr = nullptr;
  GEYSER_VK_INSTANCE_REQUIRED(GEYSER_VK_MEMBER)
  GEYSER_VK_INSTANCE_OPTIONAL(GEYSER_VK_MEMBER)
};
struct DeviceFunctions {
  GEYSER_VK_DEVICE_REQUIRED(GEYSER_VK_MEMBER)
  GEYSER_VK_DEVICE_TIMELINE(GEYSER_VK_MEMBER)
  GEYSER_VK_DEVICE_OPTIONAL(GEYSER_VK_MEMBER)
};
#undef GEYSER_VK_MEMBER

// The system's loader. Errors: not_available.
Result<platform::DynamicLibrary> open_loader();
Result<GlobalFunctions> load_global(PFN_vkGetInstanceProcAddr get);
Result<InstanceFunctions> load_instance(PFN_vkGetInstanceProcAddr get, VkInstance instance);
Result<DeviceFunctions> load_device(const InstanceFunctions& instance, VkDevice device);

}  // namespace geyser::vulkan
