// A double of MoltenVK behind a loader: a real driver of this system, made to look like one of Metal's. It has
// VK_EXT_metal_objects and VK_KHR_portability_subset, no handles of memory, and shows itself only to who enumerates
// portable subsets. An image on an IOSurface is a linear one in the surface's memory (VK_EXT_external_memory_host), one
// over an MTLTexture has its pixels carried (texture.cpp). What an application must do by the specification and does
// not ends the program.
#include "driver.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

using namespace moltenvk_double;

namespace moltenvk_double {

PFN_vkGetInstanceProcAddr next = nullptr;
PFN_vkGetDeviceProcAddr next_device = nullptr;
VkInstance instance = VK_NULL_HANDLE;
bool device_exported = false;

void wrong(const char* what) {
  std::fprintf(stderr, "MoltenVK's double: %s\n", what);
  std::abort();
}

const VkBaseInStructure* find(const void* chain, VkStructureType type) {
  for (const auto* one = static_cast<const VkBaseInStructure*>(chain); one != nullptr; one = one->pNext) {
    if (one->sType == type) return one;
  }
  return nullptr;
}

}  // namespace moltenvk_double

namespace {

constexpr const char* subset = "VK_KHR_portability_subset";

VkPhysicalDevice physical_device = VK_NULL_HANDLE;
bool shows_subsets = false;

bool has(const char* const* names, std::uint32_t count, std::string_view name) {
  return std::any_of(names, names + count, [&](const char* one) { return name == one; });
}

VkResult give(const std::vector<VkExtensionProperties>& all, std::uint32_t* count, VkExtensionProperties* into) {
  if (into == nullptr) {
    *count = static_cast<std::uint32_t>(all.size());
    return VK_SUCCESS;
  }
  const std::size_t given = std::min<std::size_t>(*count, all.size());
  std::copy_n(all.begin(), given, into);
  *count = static_cast<std::uint32_t>(given);
  return given < all.size() ? VK_INCOMPLETE : VK_SUCCESS;
}

VkExtensionProperties extension(const char* name) {
  VkExtensionProperties one{};
  std::strncpy(one.extensionName, name, sizeof(one.extensionName) - 1);
  one.specVersion = 1;
  return one;
}

VKAPI_ATTR VkResult VKAPI_CALL instance_extensions(const char* layer, std::uint32_t* count,
                                                   VkExtensionProperties* into) {
  const auto ask = reinterpret_cast<PFN_vkEnumerateInstanceExtensionProperties>(
      next(VK_NULL_HANDLE, "vkEnumerateInstanceExtensionProperties"));
  std::uint32_t number = 0;
  ask(layer, &number, nullptr);
  std::vector<VkExtensionProperties> all(number);
  ask(layer, &number, all.data());
  std::erase_if(all, [](const auto& one) {
    return std::string_view(one.extensionName) == VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
  });
  all.push_back(extension(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME));
  return give(all, count, into);
}

VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info, const VkAllocationCallbacks* callbacks,
                                               VkInstance* made) {
  VkInstanceCreateInfo own = *info;
  std::vector<const char*> names(info->ppEnabledExtensionNames,
                                 info->ppEnabledExtensionNames + info->enabledExtensionCount);
  const auto removed = std::erase_if(
      names, [](const char* name) { return std::string_view(name) == VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME; });
  shows_subsets = (info->flags & VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR) != 0;
  if (shows_subsets && removed == 0) wrong("the flag without VK_KHR_portability_enumeration (VUID-06559)");
  const auto* exported = find(info->pNext, VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT);
  device_exported =
      exported != nullptr && reinterpret_cast<const VkExportMetalObjectCreateInfoEXT*>(exported)->exportObjectType ==
                                 VK_EXPORT_METAL_OBJECT_TYPE_METAL_DEVICE_BIT_EXT;
  own.flags &= ~static_cast<VkInstanceCreateFlags>(VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR);
  own.enabledExtensionCount = static_cast<std::uint32_t>(names.size());
  own.ppEnabledExtensionNames = names.data();
  const auto create = reinterpret_cast<PFN_vkCreateInstance>(next(VK_NULL_HANDLE, "vkCreateInstance"));
  const VkResult result = create(&own, callbacks, made);
  if (result == VK_SUCCESS) {
    instance = *made;
    next_device = REAL(vkGetDeviceProcAddr);
  }
  return result;
}

VKAPI_ATTR VkResult VKAPI_CALL physical_devices(VkInstance of, std::uint32_t* count, VkPhysicalDevice* into) {
  if (!shows_subsets) {
    *count = 0;
    return VK_SUCCESS;
  }
  return REAL(vkEnumeratePhysicalDevices)(of, count, into);
}

VKAPI_ATTR VkResult VKAPI_CALL device_extensions(VkPhysicalDevice device, const char* layer, std::uint32_t* count,
                                                 VkExtensionProperties* into) {
  const auto ask = REAL(vkEnumerateDeviceExtensionProperties);
  std::uint32_t number = 0;
  ask(device, layer, &number, nullptr);
  std::vector<VkExtensionProperties> all(number);
  ask(device, layer, &number, all.data());
  std::erase_if(all, [](const auto& one) {
    const std::string_view name = one.extensionName;
    return name.starts_with("VK_KHR_external_") || name.starts_with("VK_EXT_external_memory") ||
           name == VK_EXT_IMAGE_DRM_FORMAT_MODIFIER_EXTENSION_NAME ||
           name == VK_EXT_QUEUE_FAMILY_FOREIGN_EXTENSION_NAME;
  });
  all.push_back(extension(VK_EXT_METAL_OBJECTS_EXTENSION_NAME));
  all.push_back(extension(subset));
  return give(all, count, into);
}

VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice device, const VkDeviceCreateInfo* info,
                                             const VkAllocationCallbacks* callbacks, VkDevice* made) {
  const char* const* names = info->ppEnabledExtensionNames;
  if (!has(names, info->enabledExtensionCount, subset)) {
    wrong("a portable subset's device without VK_KHR_portability_subset (VUID-04451)");
  }
  std::vector<const char*> own;
  for (std::uint32_t i = 0; i < info->enabledExtensionCount; ++i) {
    const std::string_view name = names[i];
    if (name != VK_EXT_METAL_OBJECTS_EXTENSION_NAME && name != subset) own.push_back(names[i]);
  }
  own.push_back(VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME);
  VkDeviceCreateInfo changed = *info;
  changed.enabledExtensionCount = static_cast<std::uint32_t>(own.size());
  changed.ppEnabledExtensionNames = own.data();
  physical_device = device;
  return REAL(vkCreateDevice)(device, &changed, callbacks, made);
}

struct Element {
  std::size_t bytes = 0, planes = 0;  // of 2x2 texels
};

// MoltenVK compares a planar format's block with the whole surface's element.
Element element_of(VkFormat format) {
  switch (format) {
    case VK_FORMAT_G8_B8R8_2PLANE_420_UNORM:
      return {6, 2};
    case VK_FORMAT_G8_B8_R8_3PLANE_420_UNORM:
      return {6, 3};
    case VK_FORMAT_G10X6_B10X6R10X6_2PLANE_420_UNORM_3PACK16:
      return {12, 2};
    default:
      return {};
  }
}

// "VkImportMetalIOSurfaceInfoEXT": a configuration that is not the image's is undefined behaviour.
void check(const VkImageCreateInfo& info, IOSurfaceRef surface) {
  if (surface == nullptr) wrong("Geyser makes its surfaces itself");
  if (info.imageType != VK_IMAGE_TYPE_2D || info.mipLevels != 1 || info.arrayLayers != 1 ||
      info.samples != VK_SAMPLE_COUNT_1_BIT || info.tiling != VK_IMAGE_TILING_OPTIMAL) {
    wrong("an image that no surface underlies");
  }
  if (IOSurfaceGetWidth(surface) != info.extent.width || IOSurfaceGetHeight(surface) != info.extent.height) {
    wrong("a surface of another size than its image");
  }
  const Element element = element_of(info.format);
  if (element.bytes != 0 &&
      (IOSurfaceGetBytesPerElement(surface) != element.bytes || IOSurfaceGetElementWidth(surface) != 2 ||
       IOSurfaceGetElementHeight(surface) != 2 || IOSurfaceGetPlaneCount(surface) != element.planes)) {
    wrong("a surface of other elements than its image's blocks");
  }
}

// "IOSurface": each plane has its own rows.
std::vector<VkBufferImageCopy> regions_of(const VkImageCreateInfo& info, IOSurfaceRef surface) {
  const std::size_t planes = std::max<std::size_t>(element_of(info.format).planes, 1);
  const auto* base = static_cast<const char*>(IOSurfaceGetBaseAddress(surface));
  std::vector<VkBufferImageCopy> regions;
  for (std::size_t i = 0; i < planes; ++i) {
    const auto* start = static_cast<const char*>(IOSurfaceGetBaseAddressOfPlane(surface, i));
    const std::size_t row = IOSurfaceGetBytesPerRowOfPlane(surface, i);
    const std::size_t element = IOSurfaceGetBytesPerElementOfPlane(surface, i);
    if (row % element != 0) wrong("rows that this double does not carry");
    const VkImageAspectFlags aspect =
        planes == 1 ? VK_IMAGE_ASPECT_COLOR_BIT : static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_PLANE_0_BIT << i);
    regions.push_back({static_cast<VkDeviceSize>(start - base),
                       static_cast<std::uint32_t>(row / element),
                       0,
                       {aspect, 0, 0, 1},
                       {0, 0, 0},
                       {static_cast<std::uint32_t>(IOSurfaceGetWidthOfPlane(surface, i)),
                        static_cast<std::uint32_t>(IOSurfaceGetHeightOfPlane(surface, i)), 1}});
  }
  return regions;
}

VKAPI_ATTR VkResult VKAPI_CALL create_image(VkDevice device, const VkImageCreateInfo* info,
                                            const VkAllocationCallbacks* callbacks, VkImage* made) {
  const auto* found = find(info->pNext, VK_STRUCTURE_TYPE_IMPORT_METAL_IO_SURFACE_INFO_EXT);
  if (is_over_texture(*info)) {
    if (found != nullptr) wrong("an image on a surface and over a texture");
    return create_over_texture(device, *info, callbacks, made);
  }
  if (found == nullptr) return REAL_OF(device, vkCreateImage)(device, info, callbacks, made);
  IOSurfaceRef surface = reinterpret_cast<const VkImportMetalIOSurfaceInfoEXT*>(found)->ioSurface;
  check(*info, surface);
  CFRetain(surface);
  const std::shared_ptr<void> keep(surface, [](void* held) { CFRelease(held); });
  const auto page = static_cast<VkDeviceSize>(::getpagesize());
  const VkDeviceSize size = (IOSurfaceGetAllocSize(surface) + page - 1) / page * page;
  return create_carried(device, *info, callbacks,
                        {IOSurfaceGetBaseAddress(surface), size, regions_of(*info, surface), keep}, made);
}

VKAPI_ATTR void VKAPI_CALL destroy_image(VkDevice device, VkImage image, const VkAllocationCallbacks* callbacks) {
  REAL_OF(device, vkDestroyImage)(device, image, callbacks);
  forget_over_texture(image);
  forget_carried(image);
}

PFN_vkVoidFunction of_device(std::string_view name) {
#define OWN(text, function) \
  if (name == text) return reinterpret_cast<PFN_vkVoidFunction>(function);
  OWN("vkCreateImage", create_image)
  OWN("vkDestroyImage", destroy_image)
  OWN("vkCmdPipelineBarrier", pipeline_barrier)
  OWN("vkCreateSemaphore", create_semaphore)
  OWN("vkDestroySemaphore", destroy_semaphore)
  OWN("vkExportMetalObjectsEXT", export_objects)
  return nullptr;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL get_device(VkDevice device, const char* name) {
  const PFN_vkVoidFunction own = of_device(name);
  return own != nullptr ? own : next_device(device, name);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr(VkInstance of, const char* text) {
  if (next == nullptr) {
    void* loader = ::dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (loader == nullptr) wrong("there is no Vulkan loader");
    next = reinterpret_cast<PFN_vkGetInstanceProcAddr>(::dlsym(loader, "vkGetInstanceProcAddr"));
  }
  const std::string_view name = text;
  OWN("vkEnumerateInstanceExtensionProperties", instance_extensions)
  OWN("vkCreateInstance", create_instance)
  OWN("vkEnumeratePhysicalDevices", physical_devices)
  OWN("vkEnumerateDeviceExtensionProperties", device_extensions)
  OWN("vkCreateDevice", create_device)
  OWN("vkGetDeviceProcAddr", get_device)
  OWN("vkGetInstanceProcAddr", vkGetInstanceProcAddr)
  if (const PFN_vkVoidFunction own = of_device(name)) return own;
  return next(of, text);
}
