// Vulkan 1.1 and later. libvulkan is loaded at run time: nothing links it. <vulkan/vulkan_core.h> is included for its
// types.
//
// Handle kinds: opaque_fd (VK_KHR_external_memory_fd), dma_buf (VK_EXT_external_memory_dma_buf with
// VK_EXT_image_drm_format_modifier: one mip, one layer, multi-planar formats with their planes in one buffer or, where
// TextureCapability::disjoint says so, in several), host_memory (in place with VK_EXT_external_memory_host, else
// copied). Fence kinds: opaque_fd_timeline, opaque_fd_binary, sync_file (VK_KHR_external_semaphore_fd), drm_syncobj (by
// sync files, where a DRM node has timelines), host_timeline.
// On Windows, in place of descriptors: opaque_win32, opaque_win32_kmt (VK_KHR_external_memory_win32), and
// opaque_win32_timeline and opaque_win32_binary (VK_KHR_external_semaphore_win32; semaphores by NT handle alone, not by
// number). Of Direct3D's on the same adapter (LUID): d3d_nt (textures of Direct3D 11, resources and heaps of 12) and
// d3d_kmt are opened and not made, d3d12_fence as the driver says. A keyed mutex is acquired with key 0 by the access's
// first submission and released by its last (VK_KHR_win32_keyed_mutex).
// On Apple's systems, by VK_EXT_metal_objects: io_surface (2D, one mip and layer; nv12, p010 and i420 too),
// metal_shared_texture (all shapes but cubes, on one MTLDevice; geyser/metal.hpp) and metal_shared_event: a timeline
// semaphore and the MTLSharedEvent are one object. Opening an event for Vulkan sets it to the value that it has:
// whoever signals at that very moment is undone, so open fences before they are used. Ownership: a successful
// vkAllocateMemory or vkImportSemaphoreFdKHR takes the descriptor; Geyser closes it otherwise. A Win32 handle stays the
// application's, and Geyser closes it; a global number nobody closes. Threads: begin_access, end_access, create, import
// and the making of a manager use the wrapped queue, which Vulkan wants externally synchronised: give
// `lock_queue`/`unlock_queue`, or call them from the thread that owns the queue. Whether sync files work is tried when
// a manager is made, by two empty submissions. With a signal fence of kind sync_file or drm_syncobj, end_access asks
// the driver for the sync file of what it has submitted; software drivers give it only when that is done. Where none is
// given, the CPU waits and a diagnostic says so. Published textures are in VK_IMAGE_LAYOUT_GENERAL and owned by
// VK_QUEUE_FAMILY_EXTERNAL (opaque kinds) or, where the device has VK_EXT_queue_family_foreign, by FOREIGN (dma_buf and
// host_memory in place); inside an access the image is in GENERAL and owned by the wrapped queue's family. The caller
// may change the layout inside an access and must bring it back to GENERAL before end_access.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <vulkan/vulkan_core.h>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::vulkan {

// Which device create_manager picks: the first that fits everything given here.
struct DeviceSelection {
  std::optional<std::uint32_t> index;  // among vkEnumeratePhysicalDevices
  std::string name_contains;           // case-sensitive
  std::optional<Uuid> device_uuid;
};

struct Options {
  DeviceSelection device;
  bool validation = false;  // VK_LAYER_KHRONOS_validation with synchronisation validation; messages go to `diagnostics`
  DiagnosticHandler diagnostics;
};

// Makes an instance and a device of its own. Errors: not_available (no loader, no device that fits: each one is named
// with its reason), operating_system.
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// The caller's objects. All stay the caller's and must outlive everything made here.
struct WrapOptions {
  PFN_vkGetInstanceProcAddr get_instance_proc_addr = nullptr;  // null: the loader's
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
  // What the caller enabled when it made the device; Geyser cannot ask Vulkan for it.
  std::vector<std::string> enabled_extensions;
  bool timeline_semaphore_enabled = false;
  // On Apple's systems: the instance was made with VkExportMetalObjectCreateInfoEXT and METAL_DEVICE in its chain.
  // Without it neither fences of kind metal_shared_event nor textures of kind metal_shared_texture are offered.
  bool metal_device_exported = false;
  std::function<void()> lock_queue;
  std::function<void()> unlock_queue;
  DiagnosticHandler diagnostics;
};
// Errors: invalid_argument (a null object), not_available (entry points missing: the extension is named).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> wrap_device(const WrapOptions& options);

// What to enable before creating a device that Geyser will wrap: the subset of Geyser's list that the device has.
struct DeviceRequirements {
  std::vector<std::string> extensions;
  bool timeline_semaphore = false;        // VkPhysicalDeviceTimelineSemaphoreFeatures::timelineSemaphore
  bool sampler_ycbcr_conversion = false;  // for multi-planar formats
};
// `get_instance_proc_addr` null: the loader's. The instance should be of Vulkan 1.1 or later.
[[nodiscard]] GEYSER_API Result<DeviceRequirements> device_requirements(
    VkInstance instance, VkPhysicalDevice physical_device, PFN_vkGetInstanceProcAddr get_instance_proc_addr = nullptr);

// Borrowed native objects; valid as long as the manager or texture.
struct NativeDevice {
  VkInstance instance = VK_NULL_HANDLE;
  VkPhysicalDevice physical_device = VK_NULL_HANDLE;
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  std::uint32_t queue_family = 0;
  PFN_vkGetInstanceProcAddr get_instance_proc_addr = nullptr;
};
struct NativeTexture {
  VkImage image = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;  // of a disjoint image plane 0's
  VkFormat format = VK_FORMAT_UNDEFINED;
  VkImageUsageFlags usage = 0;
  VkImageLayout layout = VK_IMAGE_LAYOUT_GENERAL;  // while an access is open
};
// Errors: invalid_argument (an object of another API).
[[nodiscard]] GEYSER_API Result<NativeDevice> native(const TextureShareManager& manager);
[[nodiscard]] GEYSER_API Result<NativeTexture> native(const SharedTexture& texture);

// One whole access in one vkQueueSubmit: waits and acquire, the caller's recorded command buffers (primary, of the
// wrapped queue's family), release and signal. Cheaper than begin_access, a submission of one's own and end_access;
// equal in meaning. The command buffers must not be reset before the access is complete.
// Errors: as begin_access and end_access, invalid_argument (another API, over max_access_commands).
inline constexpr std::size_t max_access_commands = 8;
// What the submission signals for the caller, who owns both: nothing else says when its own commands are done. After an
// error neither is signalled. Drivers may notice one sooner than another (docs/results.md, The floor).
struct Completion {
  VkFence fence = VK_NULL_HANDLE;          // unsignalled
  VkSemaphore semaphore = VK_NULL_HANDLE;  // a timeline, which gets `value`; or binary and unsignalled
  std::uint64_t value = 0;
};
[[nodiscard]] GEYSER_API Result<AccessState> submit_access(SharedTexture& texture, AccessMode mode,
                                                           const AccessState& state,
                                                           std::span<const VkCommandBuffer> command_buffers,
                                                           const Completion& completion = {});

// Acquire and release as part of the caller's own command buffer, recorded once: a hand-off then submits no command
// buffer but the caller's. Worth it where drivers charge for each one (docs/results.md). `mode` discard drops the
// contents at each submission, every other mode keeps them. Between the two the image is as in an open access.
// Errors: invalid_argument (another API, a null command buffer).
[[nodiscard]] GEYSER_API Result<void> record_acquire(const SharedTexture& texture, AccessMode mode,
                                                     VkCommandBuffer commands);
[[nodiscard]] GEYSER_API Result<void> record_release(const SharedTexture& texture, VkCommandBuffer commands);
// submit_access for command buffers of which the first begins with record_acquire and the last ends with
// record_release. A `mode` of discard goes with an acquire of discard, every other mode with one that keeps.
// What the first access to an image needs besides is added by Geyser.
// Errors: as submit_access, busy (another access is open), invalid_argument (no command buffer).
[[nodiscard]] GEYSER_API Result<AccessState> submit_recorded_access(SharedTexture& texture, AccessMode mode,
                                                                    const AccessState& state,
                                                                    std::span<const VkCommandBuffer> command_buffers,
                                                                    const Completion& completion = {});

// For an access that is open: command buffers that end_access submits before it releases and signals. With an access
// that was begun AccessTiming::deferred (also a frame of a feed) waits, acquire, commands, release and signal are one
// vkQueueSubmit, as with submit_access. At most max_access_commands for an access; they must not be reset before it is
// complete. Until end_access nothing of them is submitted, unless another access begins; the submission that has them
// signals `completion`.
// Errors: invalid_argument (another API, too many, a second completion), invalid_access (no access is open).
[[nodiscard]] GEYSER_API Result<void> add_commands(SharedTexture& texture,
                                                   std::span<const VkCommandBuffer> command_buffers,
                                                   const Completion& completion = {});
// The same for command buffers that hold record_acquire and record_release, as for submit_recorded_access: all that
// this access has, and it was begun deferred.
// Errors: as add_commands; busy (another access is open), invalid_access (not deferred, or with commands already),
// invalid_argument (no command buffer).
[[nodiscard]] GEYSER_API Result<void> add_recorded_commands(SharedTexture& texture,
                                                            std::span<const VkCommandBuffer> command_buffers,
                                                            const Completion& completion = {});

// An image that the caller made with exportable memory, to be shared without a copy. On Apple's systems of kind
// metal_shared_texture: made with VkExportMetalObjectCreateInfoEXT and METAL_TEXTURE in its chain, and compared with
// the descriptor; MoltenVK's own textures stay in this process.
struct AdoptInfo {
  VkImage image = VK_NULL_HANDLE;          // stays the caller's; must outlive the texture
  VkDeviceMemory memory = VK_NULL_HANDLE;  // bound to it alone at offset 0, allocated for export as `kind`
  VkDeviceSize allocation_size = 0;
  std::uint32_t memory_type = 0;
  bool dedicated = false;
  VkImageUsageFlags usage = 0;  // exactly as at vkCreateImage
  VkImageCreateFlags create_flags = 0;
  VkImageTiling tiling = VK_IMAGE_TILING_OPTIMAL;
  HandleKind kind = HandleKind::opaque_fd;
  bool initialized = false;  // has contents, is in VK_IMAGE_LAYOUT_GENERAL, owned by the wrapped queue's family
};
// Errors: invalid_argument, unsupported, incompatible_layout.
[[nodiscard]] GEYSER_API Result<std::unique_ptr<SharedTexture>> adopt_image(TextureShareManager& manager,
                                                                            const TextureDescriptor& descriptor,
                                                                            const AdoptInfo& info);

}  // namespace geyser::vulkan
