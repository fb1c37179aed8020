// Making an instance and a device of our own, and wrapping the caller's.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "common/text.hpp"
#include "vulkan/device.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

using detail::text;

namespace {

constexpr const char* validation_layer = "VK_LAYER_KHRONOS_validation";

bool has_instance_extension(const GlobalFunctions& functions, const char* name) {
  std::uint32_t count = 0;
  functions.vkEnumerateInstanceExtensionProperties(nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  functions.vkEnumerateInstanceExtensionProperties(nullptr, &count, extensions.data());
  return std::any_of(extensions.begin(), extensions.end(), [&](const VkExtensionProperties& extension) {
    return std::strcmp(extension.extensionName, name) == 0;
  });
}

bool has_layer(const GlobalFunctions& functions, const char* name) {
  std::uint32_t count = 0;
  functions.vkEnumerateInstanceLayerProperties(&count, nullptr);
  std::vector<VkLayerProperties> layers(count);
  functions.vkEnumerateInstanceLayerProperties(&count, layers.data());
  return std::any_of(layers.begin(), layers.end(),
                     [&](const VkLayerProperties& layer) { return std::strcmp(layer.layerName, name) == 0; });
}

VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                                          const VkDebugUtilsMessengerCallbackDataEXT* data, void* user) {
  const auto& handler = *static_cast<const DiagnosticHandler*>(user);
  if (handler) {
    handler(GeyserError(ErrorCode::invalid_argument, data->pMessage,
                        NativeError{NativeDomain::vulkan, data->messageIdNumber,
                                    data->pMessageIdName != nullptr ? data->pMessageIdName : ""}));
  }
  return VK_FALSE;
}

struct Candidate {
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
};

// The first device that fits, or an error that names every device with its reason.
Result<Candidate> choose_device(const InstanceFunctions& functions, VkInstance instance,
                                const DeviceSelection& selection) {
  std::uint32_t count = 0;
  functions.vkEnumeratePhysicalDevices(instance, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  functions.vkEnumeratePhysicalDevices(instance, &count, devices.data());
  std::string reasons;
  for (std::uint32_t i = 0; i < count; ++i) {
    VkPhysicalDeviceIDProperties id{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES, nullptr, {}, {}, {}, 0, 0};
    VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &id, {}};
    functions.vkGetPhysicalDeviceProperties2(devices[i], &properties);
    const std::string name = properties.properties.deviceName;
    std::string reason;
    if (selection.index.has_value() && *selection.index != i) {
      reason = text("index [", i, "] is not [", *selection.index, "]");
    } else if (name.find(selection.name_contains) == std::string::npos) {
      reason = text("its name has no [", selection.name_contains, "]");
    } else if (selection.device_uuid.has_value() &&
               std::memcmp(selection.device_uuid->data(), id.deviceUUID, VK_UUID_SIZE) != 0) {
      reason = text("its UUID is not [", to_string(*selection.device_uuid), "]");
    } else if (properties.properties.apiVersion < VK_API_VERSION_1_1) {
      reason = "it is older than Vulkan 1.1";
    } else {
      std::uint32_t family_count = 0;
      functions.vkGetPhysicalDeviceQueueFamilyProperties(devices[i], &family_count, nullptr);
      std::vector<VkQueueFamilyProperties> families(family_count);
      functions.vkGetPhysicalDeviceQueueFamilyProperties(devices[i], &family_count, families.data());
      constexpr VkQueueFlags both = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
      for (std::uint32_t family = 0; family < family_count; ++family) {
        if ((families[family].queueFlags & both) == both) return Candidate{devices[i], family};
      }
      reason = "it has no queue for graphics and compute";
    }
    reasons += text(" Device [", name, "] is passed over: ", reason, ".");
  }
  return fail(ErrorCode::not_available, count == 0 ? std::string("No Vulkan device is on this machine.")
                                                   : text("No Vulkan device fits.", reasons));
}

}  // namespace

std::span<const char* const> wanted_device_extensions() noexcept {
  // Core in 1.2 or later, but still to be enabled by name where the device is older.
  static constexpr std::array<const char*, 14> names{
      VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
      "VK_KHR_external_memory_win32",  // of a header that needs the system's
      "VK_KHR_external_semaphore_win32",
      keyed_mutex_extension,
      VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME,
      VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME,
      VK_KHR_IMAGE_FORMAT_LIST_EXTENSION_NAME,  // wanted by the next
      VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME,
      VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME,
      VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME,
      VK_KHR_TIMELINE_SEMAPHORE_EXTENSION_NAME,
      VK_EXT_PCI_BUS_INFO_EXTENSION_NAME,
      metal_objects_extension,
      "VK_KHR_portability_subset",  // must be enabled where it is; of a header for extensions that may change
  };
  return names;
}

std::vector<std::string> supported_extensions(const InstanceFunctions& functions, VkPhysicalDevice physical_device) {
  std::uint32_t count = 0;
  functions.vkEnumerateDeviceExtensionProperties(physical_device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> available(count);
  functions.vkEnumerateDeviceExtensionProperties(physical_device, nullptr, &count, available.data());
  std::vector<std::string> result;
  for (const char* wanted : wanted_device_extensions()) {
    if (std::any_of(available.begin(), available.end(), [&](const VkExtensionProperties& extension) {
          return std::strcmp(extension.extensionName, wanted) == 0;
        })) {
      result.emplace_back(wanted);
    }
  }
  return result;
}

Result<std::shared_ptr<Device>> Device::create(const Options& options) {
  auto device = std::shared_ptr<Device>(new Device());
  auto loader = open_loader();
  if (!loader) return fail(std::move(loader.error()).during("loading Vulkan"));
  device->loader_ = *std::move(loader);
  device->diagnostics_ = options.diagnostics;
  auto get = reinterpret_cast<PFN_vkGetInstanceProcAddr>(device->loader_.symbol("vkGetInstanceProcAddr"));
  if (get == nullptr) return fail(ErrorCode::not_available, "The Vulkan loader has no vkGetInstanceProcAddr.");
  auto global = load_global(get);
  if (!global) return fail(std::move(global.error()));

  const VkApplicationInfo application{
      VK_STRUCTURE_TYPE_APPLICATION_INFO, nullptr, "Geyser", 1, "Geyser", 1, VK_API_VERSION_1_3};
  std::vector<const char*> layers;
  std::vector<const char*> instance_extensions;
  const VkValidationFeatureEnableEXT enable = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
  VkDebugUtilsMessengerCreateInfoEXT messenger{
      VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
      nullptr,
      0,
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
      VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
      on_message,
      &device->diagnostics_};
  VkValidationFeaturesEXT features{VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT, &messenger, 1, &enable, 0, nullptr};
  if (options.validation) {
    if (!has_layer(*global, validation_layer)) {
      return fail(ErrorCode::not_available, text("The Vulkan layer [", validation_layer, "] is not installed."));
    }
    layers.push_back(validation_layer);
    instance_extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    instance_extensions.push_back(VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME);
  }
  VkInstanceCreateFlags flags = 0;
  if (drivers_are_portable_subsets() &&
      has_instance_extension(*global, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
    instance_extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
    flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
  }
  const InstanceChain chain(options.validation ? &features : nullptr);
  VkInstanceCreateInfo instance_info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                     chain.next(),
                                     flags,
                                     &application,
                                     static_cast<std::uint32_t>(layers.size()),
                                     layers.data(),
                                     static_cast<std::uint32_t>(instance_extensions.size()),
                                     instance_extensions.data()};
  if (const VkResult result = global->vkCreateInstance(&instance_info, nullptr, &device->native_.instance);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateInstance"));
  }
  device->owns_device_ = true;
  device->metal_device_exported_ = true;
  device->native_.get_instance_proc_addr = get;
  auto functions = load_instance(get, device->native_.instance);
  if (!functions) return fail(std::move(functions.error()));
  device->instance_functions_ = *functions;
  if (options.validation) {
    functions->vkCreateDebugUtilsMessengerEXT(device->native_.instance, &messenger, nullptr, &device->messenger_);
  }

  auto candidate = choose_device(*functions, device->native_.instance, options.device);
  if (!candidate) return fail(std::move(candidate.error()));
  device->native_.physical_device = candidate->physical_device;
  device->native_.queue_family = candidate->queue_family;

  VkPhysicalDeviceSamplerYcbcrConversionFeatures ycbcr{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SAMPLER_YCBCR_CONVERSION_FEATURES, nullptr, VK_FALSE};
  VkPhysicalDeviceTimelineSemaphoreFeatures timeline{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
                                                     &ycbcr, VK_FALSE};
  VkPhysicalDeviceFeatures2 available{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &timeline, {}};
  functions->vkGetPhysicalDeviceFeatures2(candidate->physical_device, &available);
  if (timeline.timelineSemaphore == VK_FALSE) {
    return fail(ErrorCode::not_available, "The Vulkan device has no timeline semaphores.");
  }
  const auto extensions = supported_extensions(*functions, candidate->physical_device);
  std::vector<const char*> names;
  names.reserve(extensions.size());
  for (const std::string& name : extensions) names.push_back(name.c_str());
  const float priority = 1.0F;
  const VkDeviceQueueCreateInfo queue{
      VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, nullptr, 0, candidate->queue_family, 1, &priority};
  VkPhysicalDeviceFeatures2 enabled{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &timeline, {}};
  // For callers that use the device through native(): harmless where absent.
  enabled.features.textureCompressionBC = available.features.textureCompressionBC;
  enabled.features.textureCompressionETC2 = available.features.textureCompressionETC2;
  enabled.features.textureCompressionASTC_LDR = available.features.textureCompressionASTC_LDR;
  enabled.features.imageCubeArray = available.features.imageCubeArray;
  enabled.features.shaderStorageImageMultisample = available.features.shaderStorageImageMultisample;
  enabled.features.shaderStorageImageWriteWithoutFormat = available.features.shaderStorageImageWriteWithoutFormat;
  enabled.features.shaderStorageImageReadWithoutFormat = available.features.shaderStorageImageReadWithoutFormat;
  const VkDeviceCreateInfo device_info{
      VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,     &enabled,     0,      1, &queue, 0, nullptr,
      static_cast<std::uint32_t>(names.size()), names.data(), nullptr};
  if (const VkResult result =
          functions->vkCreateDevice(candidate->physical_device, &device_info, nullptr, &device->native_.device);
      result != VK_SUCCESS) {
    return fail(make_error(result, "vkCreateDevice"));
  }
  if (auto done = device->initialize(extensions); !done) return fail(std::move(done.error()));
  return device;
}

Result<std::shared_ptr<Device>> Device::wrap(const WrapOptions& options) {
  if (options.instance == VK_NULL_HANDLE || options.physical_device == VK_NULL_HANDLE ||
      options.device == VK_NULL_HANDLE || options.queue == VK_NULL_HANDLE) {
    return fail(ErrorCode::invalid_argument, "Instance, physical device, device and queue must all be given.");
  }
  if (!options.timeline_semaphore_enabled) {
    return fail(ErrorCode::invalid_argument,
                "The device must be created with the feature [timelineSemaphore]; device_requirements() says so.");
  }
  auto device = std::shared_ptr<Device>(new Device());
  device->diagnostics_ = options.diagnostics;
  device->lock_queue_ = options.lock_queue;
  device->unlock_queue_ = options.unlock_queue;
  device->metal_device_exported_ = options.metal_device_exported;
  PFN_vkGetInstanceProcAddr get = options.get_instance_proc_addr;
  if (get == nullptr) {
    auto loader = open_loader();
    if (!loader) return fail(std::move(loader.error()).during("loading Vulkan"));
    device->loader_ = *std::move(loader);
    get = reinterpret_cast<PFN_vkGetInstanceProcAddr>(device->loader_.symbol("vkGetInstanceProcAddr"));
    if (get == nullptr) return fail(ErrorCode::not_available, "The Vulkan loader has no vkGetInstanceProcAddr.");
  }
  device->native_ = {options.instance, options.physical_device, options.device,
                     options.queue,    options.queue_family,    get};
  auto functions = load_instance(get, options.instance);
  if (!functions) return fail(std::move(functions.error()));
  device->instance_functions_ = *functions;
  if (auto done = device->initialize(options.enabled_extensions); !done) return fail(std::move(done.error()));
  return device;
}

}  // namespace geyser::vulkan
