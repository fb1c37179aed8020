// Where there is no Direct3D.
#include "common/text.hpp"
#include "vulkan/external_memory.hpp"

namespace geyser::vulkan {

std::span<const HandleKind> direct3d_memory_kinds() noexcept { return {}; }

Result<std::uint32_t> memory_types_of(const Device&, VkExternalMemoryHandleTypeFlagBits, const OwnedHandle& handle) {
  return fail(ErrorCode::unsupported, detail::text("No system but Windows has [", to_string(handle.kind()), "]."));
}

VkResult submit_with_mutex(const Device&, const VkSubmitInfo&, const KeyedMutexUse&, VkFence) {
  return VK_ERROR_EXTENSION_NOT_PRESENT;
}

}  // namespace geyser::vulkan
