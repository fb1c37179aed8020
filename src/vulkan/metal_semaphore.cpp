// No semaphore of a driver of Metal's has a handle; shared events are not exchanged yet.
#include "vulkan/external_semaphore.hpp"

namespace geyser::vulkan {

namespace {

tl::unexpected<GeyserError> none() { return fail(ErrorCode::unsupported, "Vulkan on Metal shares no semaphores."); }

}  // namespace

std::span<const FenceKind> semaphore_fence_kinds() noexcept { return {}; }
bool has_semaphore_functions(const Device&) noexcept { return false; }
VkExternalSemaphoreHandleTypeFlagBits semaphore_handle_type(FenceKind) noexcept {
  return VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT;
}
Result<OwnedHandle> export_semaphore(const Device&, FenceKind, VkSemaphore) { return none(); }
Result<void> import_semaphore_payload(const Device&, FenceKind, VkSemaphore, OwnedHandle&) { return none(); }

}  // namespace geyser::vulkan
