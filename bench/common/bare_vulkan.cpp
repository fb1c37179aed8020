#include "bare_vulkan.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

namespace bench {

void check(VkResult result, const char* what) {
  if (result != VK_SUCCESS) {
    throw std::runtime_error(std::string(what) + " gave VkResult " + std::to_string(static_cast<int>(result)));
  }
}

void BareVulkan::load_device(std::uint32_t queue_family) {
#define BENCH_VK_LOAD(name) name = reinterpret_cast<PFN_##name>(vkGetDeviceProcAddr(device, #name));
  BENCH_VK_FUNCTIONS(BENCH_VK_LOAD)
#undef BENCH_VK_LOAD
  if (queue == VK_NULL_HANDLE) vkGetDeviceQueue(device, queue_family, 0, &queue);
  const VkCommandPoolCreateInfo info{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, nullptr, 0, queue_family};
  check(vkCreateCommandPool(device, &info, nullptr, &pool), "vkCreateCommandPool");
  const auto get_properties = reinterpret_cast<PFN_vkGetPhysicalDeviceProperties2>(
      vkGetInstanceProcAddr(instance, "vkGetPhysicalDeviceProperties2"));
  VkPhysicalDeviceIDProperties identity{};
  identity.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES;
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &identity, {}};
  get_properties(physical_device, &properties);
  std::copy_n(static_cast<const std::uint8_t*>(identity.deviceUUID), uuid.size(), uuid.begin());
  name = static_cast<const char*>(properties.properties.deviceName);
  nanoseconds_per_tick = properties.properties.limits.timestampPeriod;
  const auto get_memory = reinterpret_cast<PFN_vkGetPhysicalDeviceMemoryProperties>(
      vkGetInstanceProcAddr(instance, "vkGetPhysicalDeviceMemoryProperties"));
  get_memory(physical_device, &memory);
}

void BareVulkan::ask_for_semaphores() {
  const auto semaphore_properties = reinterpret_cast<PFN_vkGetPhysicalDeviceExternalSemaphoreProperties>(
      vkGetInstanceProcAddr(instance, "vkGetPhysicalDeviceExternalSemaphoreProperties"));
  const auto both = [&](VkSemaphoreType type) {
    const VkSemaphoreTypeCreateInfo type_info{VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO, nullptr, type, 0};
    const VkPhysicalDeviceExternalSemaphoreInfo info{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_SEMAPHORE_INFO,
                                                     &type_info, VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT};
    VkExternalSemaphoreProperties properties{VK_STRUCTURE_TYPE_EXTERNAL_SEMAPHORE_PROPERTIES, nullptr, 0, 0, 0};
    semaphore_properties(physical_device, &info, &properties);
    constexpr VkExternalSemaphoreFeatureFlags wanted =
        VK_EXTERNAL_SEMAPHORE_FEATURE_EXPORTABLE_BIT | VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT;
    return (properties.externalSemaphoreFeatures & wanted) == wanted;
  };
  timeline = both(VK_SEMAPHORE_TYPE_TIMELINE);
  binary = both(VK_SEMAPHORE_TYPE_BINARY);
}

BareVulkan BareVulkan::around(VkInstance instance, VkPhysicalDevice physical_device, VkDevice device, VkQueue queue,
                              std::uint32_t queue_family, PFN_vkGetInstanceProcAddr get) {
  BareVulkan vulkan;
  vulkan.instance = instance;
  vulkan.physical_device = physical_device;
  vulkan.device = device;
  vulkan.queue = queue;
  vulkan.vkGetInstanceProcAddr = get;
  vulkan.vkGetDeviceProcAddr = reinterpret_cast<PFN_vkGetDeviceProcAddr>(get(instance, "vkGetDeviceProcAddr"));
  vulkan.ask_for_semaphores();
  vulkan.load_device(queue_family);
  return vulkan;
}

BareVulkan BareVulkan::open(std::uint32_t device_index) {
  BareVulkan vulkan;
  void* library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error("there is no libvulkan.so.1");
  const auto get = reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
  vulkan.vkGetInstanceProcAddr = get;
  const VkApplicationInfo application{
      VK_STRUCTURE_TYPE_APPLICATION_INFO, nullptr, "floor", 1, nullptr, 0, VK_API_VERSION_1_2};
  const VkInstanceCreateInfo instance_info{
      VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, nullptr, 0, &application, 0, nullptr, 0, nullptr};
  const auto create_instance = reinterpret_cast<PFN_vkCreateInstance>(get(VK_NULL_HANDLE, "vkCreateInstance"));
  check(create_instance(&instance_info, nullptr, &vulkan.instance), "vkCreateInstance");
  const auto load = [&](const char* name) { return get(vulkan.instance, name); };
  vulkan.vkGetDeviceProcAddr = reinterpret_cast<PFN_vkGetDeviceProcAddr>(load("vkGetDeviceProcAddr"));
  const auto enumerate = reinterpret_cast<PFN_vkEnumeratePhysicalDevices>(load("vkEnumeratePhysicalDevices"));
  std::uint32_t count = 0;
  enumerate(vulkan.instance, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  enumerate(vulkan.instance, &count, devices.data());
  if (device_index >= count) throw std::runtime_error("there is no Vulkan device of that index");
  vulkan.physical_device = devices[device_index];

  vulkan.ask_for_semaphores();
  std::vector<const char*> extensions{VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME};
  if (vulkan.timeline || vulkan.binary) extensions.push_back(VK_KHR_EXTERNAL_SEMAPHORE_FD_EXTENSION_NAME);
  VkPhysicalDeviceVulkan12Features features{};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  features.timelineSemaphore = VK_TRUE;
  const float priority = 1.0F;
  const VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO, nullptr, 0, 0, 1, &priority};
  const VkDeviceCreateInfo device_info{
      VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,          &features,         0,      1, &queue, 0, nullptr,
      static_cast<std::uint32_t>(extensions.size()), extensions.data(), nullptr};
  const auto create_device = reinterpret_cast<PFN_vkCreateDevice>(load("vkCreateDevice"));
  check(create_device(vulkan.physical_device, &device_info, nullptr, &vulkan.device), "vkCreateDevice");
  vulkan.load_device(0);
  return vulkan;
}

std::uint32_t BareVulkan::memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const {
  for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    if ((bits >> i & 1U) != 0 && (memory.memoryTypes[i].propertyFlags & wanted) == wanted) return i;
  }
  throw std::runtime_error("no memory type fits");
}

bool BareVulkan::has_memory_type(std::uint32_t bits, VkMemoryPropertyFlags wanted) const {
  for (std::uint32_t i = 0; i < memory.memoryTypeCount; ++i) {
    if ((bits >> i & 1U) != 0 && (memory.memoryTypes[i].propertyFlags & wanted) == wanted) return true;
  }
  return false;
}

VkCommandBuffer BareVulkan::record(const std::function<void(VkCommandBuffer)>& write) const {
  const VkCommandBufferAllocateInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, nullptr, pool,
                                         VK_COMMAND_BUFFER_LEVEL_PRIMARY, 1};
  VkCommandBuffer buffer = VK_NULL_HANDLE;
  check(vkAllocateCommandBuffers(device, &info, &buffer), "vkAllocateCommandBuffers");
  const VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, nullptr,
                                       VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT, nullptr};
  check(vkBeginCommandBuffer(buffer, &begin), "vkBeginCommandBuffer");
  write(buffer);
  check(vkEndCommandBuffer(buffer), "vkEndCommandBuffer");
  return buffer;
}

void BareVulkan::barrier(VkCommandBuffer buffer, VkImage image, VkImageLayout from, VkImageLayout to,
                         std::uint32_t source_family, std::uint32_t destination_family) const {
  const bool acquire = source_family == VK_QUEUE_FAMILY_EXTERNAL;
  const bool release = destination_family == VK_QUEUE_FAMILY_EXTERNAL;
  constexpr VkAccessFlags everything = VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT;
  const VkImageMemoryBarrier barrier{VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER,
                                     nullptr,
                                     acquire ? 0 : everything,
                                     release ? 0 : everything,
                                     from,
                                     to,
                                     source_family,
                                     destination_family,
                                     image,
                                     {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1}};
  vkCmdPipelineBarrier(buffer, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 0, nullptr, 0,
                       nullptr, 1, &barrier);
}

HostBuffer make_host_buffer(const BareVulkan& vulkan, VkDeviceSize bytes, bool cached) {
  HostBuffer result;
  const VkBufferCreateInfo info{VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                nullptr,
                                0,
                                bytes,
                                VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                VK_SHARING_MODE_EXCLUSIVE,
                                0,
                                nullptr};
  check(vulkan.vkCreateBuffer(vulkan.device, &info, nullptr, &result.buffer), "vkCreateBuffer");
  VkMemoryRequirements requirements{};
  vulkan.vkGetBufferMemoryRequirements(vulkan.device, result.buffer, &requirements);
  constexpr VkMemoryPropertyFlags mapped = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  const VkMemoryPropertyFlags wanted = cached ? mapped | VK_MEMORY_PROPERTY_HOST_CACHED_BIT : mapped;
  const bool has = vulkan.has_memory_type(requirements.memoryTypeBits, wanted);
  const VkMemoryAllocateInfo allocate{VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, nullptr, requirements.size,
                                      vulkan.memory_type(requirements.memoryTypeBits, has ? wanted : mapped)};
  VkDeviceMemory memory = VK_NULL_HANDLE;
  check(vulkan.vkAllocateMemory(vulkan.device, &allocate, nullptr, &memory), "vkAllocateMemory");
  check(vulkan.vkBindBufferMemory(vulkan.device, result.buffer, memory, 0), "vkBindBufferMemory");
  void* address = nullptr;
  check(vulkan.vkMapMemory(vulkan.device, memory, 0, VK_WHOLE_SIZE, 0, &address), "vkMapMemory");
  result.words = static_cast<std::uint32_t*>(address);
  return result;
}

namespace {

VkBufferImageCopy last_texel(std::uint32_t width, std::uint32_t height, VkDeviceSize offset) {
  VkBufferImageCopy region{};
  region.bufferOffset = offset;
  region.imageSubresource = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1};
  region.imageOffset = {static_cast<std::int32_t>(width) - 1, static_cast<std::int32_t>(height) - 1, 0};
  region.imageExtent = {1, 1, 1};
  return region;
}

}  // namespace

void record_write(const BareVulkan& vulkan, VkCommandBuffer buffer, VkImage image, std::uint32_t width,
                  std::uint32_t height, VkBuffer source, VkDeviceSize offset) {
  const VkBufferImageCopy region = last_texel(width, height, offset);
  vulkan.vkCmdCopyBufferToImage(buffer, source, image, VK_IMAGE_LAYOUT_GENERAL, 1, &region);
}

void record_read(const BareVulkan& vulkan, VkCommandBuffer buffer, VkImage image, std::uint32_t width,
                 std::uint32_t height, VkBuffer destination, VkDeviceSize offset) {
  const VkBufferImageCopy region = last_texel(width, height, offset);
  vulkan.vkCmdCopyImageToBuffer(buffer, image, VK_IMAGE_LAYOUT_GENERAL, destination, 1, &region);
  const VkMemoryBarrier to_host{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, VK_ACCESS_TRANSFER_WRITE_BIT,
                                VK_ACCESS_HOST_READ_BIT};
  vulkan.vkCmdPipelineBarrier(buffer, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0,
                              nullptr, 0, nullptr);
}

}  // namespace bench
