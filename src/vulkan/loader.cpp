#include "vulkan/loader.hpp"

#include <string>

#include "common/text.hpp"
#include "vulkan/external_memory.hpp"

namespace geyser::vulkan {

using detail::text;

Result<platform::DynamicLibrary> open_loader() { return platform::DynamicLibrary::open(loader_names()); }

namespace {

tl::unexpected<GeyserError> missing(const char* name) {
  return fail(ErrorCode::not_available, text("Vulkan entry point [", name, "] is missing."));
}

}  // namespace

Result<GlobalFunctions> load_global(PFN_vkGetInstanceProcAddr get) {
  GlobalFunctions functions;
  functions.vkGetInstanceProcAddr = get;
#define GEYSER_VK_LOAD(name)                                                 \
  functions.name = reinterpret_cast<PFN_##name>(get(VK_NULL_HANDLE, #name)); \
  if (functions.name == nullptr) return missing(#name);
  GEYSER_VK_LOAD(vkCreateInstance)
  GEYSER_VK_LOAD(vkEnumerateInstanceVersion)
  GEYSER_VK_LOAD(vkEnumerateInstanceExtensionProperties)
  GEYSER_VK_LOAD(vkEnumerateInstanceLayerProperties)
#undef GEYSER_VK_LOAD
  return functions;
}

Result<InstanceFunctions> load_instance(PFN_vkGetInstanceProcAddr get, VkInstance instance) {
  InstanceFunctions functions;
  functions.vkGetInstanceProcAddr = get;
#define GEYSER_VK_LOAD(name) functions.name = reinterpret_cast<PFN_##name>(get(instance, #name));
#define GEYSER_VK_REQUIRE(name) \
  GEYSER_VK_LOAD(name)          \
  if (functions.name == nullptr) return missing(#name);
  GEYSER_VK_INSTANCE_REQUIRED(GEYSER_VK_REQUIRE)
  GEYSER_VK_INSTANCE_OPTIONAL(GEYSER_VK_LOAD)
#undef GEYSER_VK_REQUIRE
#undef GEYSER_VK_LOAD
  return functions;
}

Result<DeviceFunctions> load_device(const InstanceFunctions& instance, VkDevice device) {
  DeviceFunctions functions;
  const auto get = [&](const std::string& name) { return instance.vkGetDeviceProcAddr(device, name.c_str()); };
#define GEYSER_VK_LOAD(name) functions.name = reinterpret_cast<PFN_##name>(get(#name));
#define GEYSER_VK_REQUIRE(name) \
  GEYSER_VK_LOAD(name)          \
  if (functions.name == nullptr) return missing(#name);
#define GEYSER_VK_EITHER(name)                                                                    \
  GEYSER_VK_LOAD(name)                                                                            \
  if (functions.name == nullptr) functions.name = reinterpret_cast<PFN_##name>(get(#name "KHR")); \
  if (functions.name == nullptr) return missing(#name);
  GEYSER_VK_DEVICE_REQUIRED(GEYSER_VK_REQUIRE)
  GEYSER_VK_DEVICE_TIMELINE(GEYSER_VK_EITHER)
  GEYSER_VK_DEVICE_OPTIONAL(GEYSER_VK_LOAD)
#undef GEYSER_VK_EITHER
#undef GEYSER_VK_REQUIRE
#undef GEYSER_VK_LOAD
  return functions;
}

}  // namespace geyser::vulkan
