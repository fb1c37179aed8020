// Timeline semaphores that are MTLSharedEvents (VK_EXT_metal_objects): one object of the driver's and of Metal's.
#include <array>
#include <utility>

#include "surface/shared_event.hpp"
#include "vulkan/external_semaphore.hpp"
#include "vulkan/metal_export.hpp"
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

using surface::SharedEvent;

namespace {

tl::unexpected<GeyserError> none() {
  return fail(ErrorCode::unsupported, "Vulkan on Metal shares no semaphores but MTLSharedEvents.");
}

}  // namespace

std::span<const FenceKind> semaphore_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 1> kinds{FenceKind::metal_shared_event};
  return kinds;
}

bool has_semaphore_functions(const Device& device) noexcept { return metal_device(device) != nullptr; }

// By doing: MoltenVK's timelines are no events where it was told to emulate them.
FenceCapability probe_semaphores(const Device& device, FenceKind kind) {
  auto semaphore = create_external_semaphore(device, kind);
  if (!semaphore) return {kind, false, false, true};
  const bool works = export_semaphore(device, kind, *semaphore).has_value();
  device.functions().vkDestroySemaphore(device.handle(), *semaphore, nullptr);
  return {kind, works, works, true};
}

Result<VkSemaphore> create_external_semaphore(const Device& device, FenceKind kind) {
  if (kind != FenceKind::metal_shared_event) return none();
  const VkExportMetalObjectCreateInfoEXT info{VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT, nullptr,
                                              VK_EXPORT_METAL_OBJECT_TYPE_METAL_SHARED_EVENT_BIT_EXT};
  return make_semaphore(device, kind, 0, &info);
}

Result<OwnedHandle> export_semaphore(const Device& device, FenceKind kind, VkSemaphore semaphore) {
  if (kind != FenceKind::metal_shared_event) return none();
  const auto found =
      ask_metal(device, VkExportMetalSharedEventInfoEXT{VK_STRUCTURE_TYPE_EXPORT_METAL_SHARED_EVENT_INFO_EXT, nullptr,
                                                        semaphore, VK_NULL_HANDLE, nullptr});
  if (found.mtlSharedEvent == nullptr) {
    return fail(ErrorCode::unsupported, "The driver's semaphore is no MTLSharedEvent.");
  }
  return SharedEvent::share(found.mtlSharedEvent).handle();
}

// The driver sets the event to the semaphore's first value, so that has to be where the event is already. Who signals
// between the two lines is undone: a fence is imported before its maker's first signal, or between two of them.
Result<VkSemaphore> import_semaphore(const Device& device, FenceKind kind, OwnedHandle& handle) {
  if (kind != FenceKind::metal_shared_event) return none();
  auto event = SharedEvent::open(metal_device(device), handle);
  if (!event) return fail(std::move(event.error()));
  const VkImportMetalSharedEventInfoEXT info{VK_STRUCTURE_TYPE_IMPORT_METAL_SHARED_EVENT_INFO_EXT, nullptr,
                                             event->get()};
  auto semaphore = make_semaphore(device, kind, event->value(), &info);
  if (semaphore) handle.reset();
  return semaphore;
}

}  // namespace geyser::vulkan
