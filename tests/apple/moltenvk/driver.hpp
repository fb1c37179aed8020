// What the files of MoltenVK's double share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <IOSurface/IOSurface.h>
#include <vulkan/vulkan_core.h>
// It needs the types of the above.
#include <vulkan/vulkan_metal.h>

namespace moltenvk_double {

// The driver behind.
extern PFN_vkGetInstanceProcAddr next;
extern PFN_vkGetDeviceProcAddr next_device;
extern VkInstance instance;
// Whether the instance was made with METAL_DEVICE among what it exports.
extern bool device_exported;

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(next(instance, name));
}
template <typename Function>
Function real(VkDevice device, const char* name) {
  return reinterpret_cast<Function>(next_device(device, name));
}
#define REAL(name) real<PFN_##name>(#name)
#define REAL_OF(device, name) real<PFN_##name>(device, #name)

// A rule of the specification that the application broke: ends the program.
[[noreturn]] void wrong(const char* what);
const VkBaseInStructure* find(const void* chain, VkStructureType type);

VKAPI_ATTR VkResult VKAPI_CALL create_semaphore(VkDevice device, const VkSemaphoreCreateInfo* info,
                                                const VkAllocationCallbacks* callbacks, VkSemaphore* made);
VKAPI_ATTR void VKAPI_CALL destroy_semaphore(VkDevice device, VkSemaphore semaphore,
                                             const VkAllocationCallbacks* callbacks);
VKAPI_ATTR void VKAPI_CALL export_objects(VkDevice device, VkExportMetalObjectsInfoEXT* objects);

// carry.cpp: where an object of Metal's has the pixels of an image, in whole pages.
struct Pixels {
  void* base = nullptr;
  VkDeviceSize size = 0;
  std::vector<VkBufferImageCopy> regions;
  std::shared_ptr<void> object;
};
// As `info` says, but for its chain.
VkResult create_carried(VkDevice device, const VkImageCreateInfo& info, const VkAllocationCallbacks* callbacks,
                        Pixels pixels, VkImage* made);
void forget_carried(VkImage image);
VKAPI_ATTR void VKAPI_CALL pipeline_barrier(VkCommandBuffer commands, VkPipelineStageFlags source,
                                            VkPipelineStageFlags destination, VkDependencyFlags flags,
                                            std::uint32_t memory_count, const VkMemoryBarrier* memory,
                                            std::uint32_t buffer_count, const VkBufferMemoryBarrier* buffers,
                                            std::uint32_t image_count, const VkImageMemoryBarrier* of_images);

// texture.cpp
bool is_over_texture(const VkImageCreateInfo& info);
VkResult create_over_texture(VkDevice device, const VkImageCreateInfo& info, const VkAllocationCallbacks* callbacks,
                             VkImage* made);
void forget_over_texture(VkImage image);
void* texture_of(const VkExportMetalTextureInfoEXT& info);

}  // namespace moltenvk_double
