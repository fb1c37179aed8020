// Images in memory that Direct3D made: a texture (which is an allocation of its own), or a heap whose start it is.
#include <utility>

#include "common/text.hpp"
#include "vulkan/capabilities.hpp"
#include "vulkan/error.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/format.hpp"
#include "vulkan/image.hpp"

namespace geyser::vulkan {

using detail::text;

VkExternalMemoryHandleTypeFlagBits handle_type_of(const ApiTextureHandle& parcel) noexcept {
  if (parcel.kind == HandleKind::d3d_kmt) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_KMT_BIT;
  if (parcel.kind != HandleKind::d3d_nt) return to_vulkan(parcel.kind);
  if (parcel.api != Api::d3d12) return VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D11_TEXTURE_BIT;
  return parcel.layout.dedicated ? VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_RESOURCE_BIT
                                 : VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_HEAP_BIT;
}

Result<Image> Image::import_direct3d(const std::shared_ptr<Device>& device, ApiTextureHandle& parcel,
                                     const ImageRecipe& recipe) {
  OwnedHandle& handle = parcel.handles[0];
  const VkExternalMemoryFeatureFlags features = external_features(*device, parcel.descriptor, recipe);
  if ((features & VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) == 0) {
    return fail(ErrorCode::unsupported,
                text("The Vulkan device does not import [", to_string(parcel.kind), "] of API [", to_string(parcel.api),
                     "] (VkExternalMemoryHandleTypeFlagBits [", static_cast<unsigned>(recipe.direct3d),
                     "]) as format [", to_string(parcel.descriptor.format), "]."));
  }
  auto types = memory_types_of(*device, recipe.direct3d, handle);
  if (!types) return fail(std::move(types.error()));
  Image image(device);
  if (auto made = image.create_image(parcel.descriptor, recipe, VK_IMAGE_TILING_OPTIMAL, nullptr); !made) {
    return fail(std::move(made.error()));
  }
  const Requirements requirements = requirements_of(*device, image.image_);
  const bool heap = recipe.direct3d == VK_EXTERNAL_MEMORY_HANDLE_TYPE_D3D12_HEAP_BIT;
  // Of a heap the size is to be given as it was made; that of a texture the driver asks the system for.
  const std::uint64_t size = heap ? parcel.layout.allocation_size : requirements.memory.size;
  if (size < requirements.memory.size) {
    return fail(ErrorCode::incompatible_layout, text("The image needs [", requirements.memory.size,
                                                     "] bytes, but field [layout.allocation_size] is [", size, "]."));
  }
  const int type =
      device->pick_memory_type(requirements.memory.memoryTypeBits & *types, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
  if (type < 0) {
    return fail(ErrorCode::incompatible_layout,
                text("The handle is of memory types [", *types, "], of which the image can use none (types [",
                     requirements.memory.memoryTypeBits, "])."));
  }
  const bool dedicated =
      !heap || requirements.dedicated || (features & VK_EXTERNAL_MEMORY_FEATURE_DEDICATED_ONLY_BIT) != 0;
  if (auto done = image.take(handle, recipe.direct3d, size, static_cast<std::uint32_t>(type), dedicated); !done) {
    return fail(std::move(done.error()));
  }
  if (auto done = image.bind(); !done) return fail(std::move(done.error()));
  return image;
}

}  // namespace geyser::vulkan
