// Drivers of Metal's share objects of Metal's (metal_objects.hpp), and no memory of their own.
#include <vulkan/vulkan_core.h>

#include <array>

#include "vulkan/external_memory.hpp"
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

namespace {

tl::unexpected<GeyserError> none() {
  return fail(ErrorCode::unsupported, "Vulkan on Metal exports and imports no memory but surfaces.");
}

}  // namespace

std::span<const char* const> loader_names() noexcept {
  // MoltenVK is a driver that needs no loader.
  static constexpr std::array<const char*, 3> names{"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib"};
  return names;
}

const char* external_memory_extension() noexcept { return ""; }
const char* external_semaphore_extension() noexcept { return metal_objects_extension; }
bool drivers_are_portable_subsets() noexcept { return true; }
std::span<const HandleKind> opaque_memory_kinds() noexcept { return {}; }
bool has_memory_functions(const Device&) noexcept { return false; }
Result<OwnedHandle> export_memory(const Device&, VkDeviceMemory, HandleKind) { return none(); }
Result<VkDeviceMemory> import_memory(const Device&, const VkMemoryAllocateInfo&, VkExternalMemoryHandleTypeFlagBits,
                                     OwnedHandle&) {
  return none();
}

}  // namespace geyser::vulkan
