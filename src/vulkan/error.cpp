#include "vulkan/error.hpp"

#include <string_view>

#include "common/text.hpp"

namespace geyser::vulkan {

std::string result_name(VkResult result) {
  switch (result) {
#define GEYSER_VK_NAME(name) \
  case name:                 \
    return #name;
    GEYSER_VK_NAME(VK_SUCCESS)
    GEYSER_VK_NAME(VK_NOT_READY)
    GEYSER_VK_NAME(VK_TIMEOUT)
    GEYSER_VK_NAME(VK_INCOMPLETE)
    GEYSER_VK_NAME(VK_ERROR_OUT_OF_HOST_MEMORY)
    GEYSER_VK_NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY)
    GEYSER_VK_NAME(VK_ERROR_INITIALIZATION_FAILED)
    GEYSER_VK_NAME(VK_ERROR_DEVICE_LOST)
    GEYSER_VK_NAME(VK_ERROR_MEMORY_MAP_FAILED)
    GEYSER_VK_NAME(VK_ERROR_LAYER_NOT_PRESENT)
    GEYSER_VK_NAME(VK_ERROR_EXTENSION_NOT_PRESENT)
    GEYSER_VK_NAME(VK_ERROR_FEATURE_NOT_PRESENT)
    GEYSER_VK_NAME(VK_ERROR_INCOMPATIBLE_DRIVER)
    GEYSER_VK_NAME(VK_ERROR_TOO_MANY_OBJECTS)
    GEYSER_VK_NAME(VK_ERROR_FORMAT_NOT_SUPPORTED)
    GEYSER_VK_NAME(VK_ERROR_FRAGMENTED_POOL)
    GEYSER_VK_NAME(VK_ERROR_OUT_OF_POOL_MEMORY)
    GEYSER_VK_NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE)
    GEYSER_VK_NAME(VK_ERROR_FRAGMENTATION)
    GEYSER_VK_NAME(VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT)
    GEYSER_VK_NAME(VK_ERROR_VALIDATION_FAILED_EXT)
#undef GEYSER_VK_NAME
    default:
      return "VK_ERROR_UNKNOWN";
  }
}

namespace {

ErrorCode code_of(VkResult result) {
  switch (result) {
    case VK_TIMEOUT:
    case VK_NOT_READY:
      return ErrorCode::timeout;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
      return ErrorCode::out_of_memory;
    case VK_ERROR_DEVICE_LOST:
      return ErrorCode::device_lost;
    case VK_ERROR_INVALID_EXTERNAL_HANDLE:
      return ErrorCode::invalid_handle;
    case VK_ERROR_FORMAT_NOT_SUPPORTED:
    case VK_ERROR_FEATURE_NOT_PRESENT:
      return ErrorCode::unsupported;
    case VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT:
      return ErrorCode::incompatible_layout;
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_INCOMPATIBLE_DRIVER:
    case VK_ERROR_INITIALIZATION_FAILED:
      return ErrorCode::not_available;
    default:
      return ErrorCode::operating_system;
  }
}

}  // namespace

GeyserError make_error(VkResult result, const char* call) {
  GeyserError error(code_of(result), detail::text(call, " failed."),
                    NativeError{NativeDomain::vulkan, static_cast<std::int64_t>(result), result_name(result)});
  // Of what makes instances and devices it is a documented answer. NVIDIA's driver gives it for semaphores, too, on a
  // device that was once without descriptors, and from then on for good.
  const std::string_view name = call;
  if (result == VK_ERROR_INITIALIZATION_FAILED && name != "vkCreateInstance" && name != "vkCreateDevice") {
    error.suggest("a new manager, on a device made anew");
  }
  return error;
}

}  // namespace geyser::vulkan
