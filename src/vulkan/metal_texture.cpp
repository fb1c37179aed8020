// Images over MTLTextures. The driver has no handle of them, so Geyser makes each one itself, on the driver's own
// MTLDevice, with what hands it on.
#include <utility>

#include "common/text.hpp"
#include "surface/shared_event.hpp"
#include "surface/texture_object.hpp"
#include "vulkan/metal_export.hpp"
#include "vulkan/metal_objects.hpp"

namespace geyser::vulkan {

using surface::TextureObject;

namespace {

ImageTexture wrap(TextureObject&& object) {
  const TextureUsage usages = object.usages();
  return {std::make_shared<TextureObject>(std::move(object)), usages};
}

const TextureObject& object_of(const ImageTexture& image) {
  return *static_cast<const TextureObject*>(image.texture.get());
}

}  // namespace

void* metal_device(const Device& device) {
  if (!device.metal_device_exported() || export_function(device) == nullptr) return nullptr;
  return ask_metal(device, VkExportMetalDeviceInfoEXT{VK_STRUCTURE_TYPE_EXPORT_METAL_DEVICE_INFO_EXT, nullptr, nullptr})
      .mtlDevice;
}

std::uint64_t metal_registry_id(const Device& device) {
  void* found = metal_device(device);
  return found != nullptr ? surface::registry_id(found) : 0;
}

bool has_metal_textures(const Device& device, const FormatInfo& info) {
  return device.extensions().surfaces && surface::has_textures(info.format) && metal_device(device) != nullptr;
}

Result<ImageTexture> create_metal_texture(const Device& device, const TextureDescriptor& descriptor) {
  auto object = TextureObject::create(metal_device(device), descriptor);
  if (!object) return fail(std::move(object.error()));
  return wrap(*std::move(object));
}

Result<ImageTexture> open_metal_texture(const Device& device, const ApiTextureHandle& parcel) {
  auto object = TextureObject::open(metal_device(device), parcel);
  if (!object) return fail(std::move(object.error()));
  return wrap(*std::move(object));
}

Result<ImageTexture> find_metal_texture(const Device& device, const TextureDescriptor& descriptor, VkImage image) {
  void* const on = metal_device(device);
  if (on == nullptr || !surface::has_textures(descriptor.format)) {
    return fail(ErrorCode::unsupported,
                detail::text("No MTLTexture of format [", to_string(descriptor.format), "] can be asked for: ",
                             on == nullptr ? "the instance does not export its MTLDevice." : "Metal has none."));
  }
  // "VkExportMetalTextureInfoEXT": of an image of one plane, plane 0.
  const auto found = ask_metal(
      device, VkExportMetalTextureInfoEXT{VK_STRUCTURE_TYPE_EXPORT_METAL_TEXTURE_INFO_EXT, nullptr, image,
                                          VK_NULL_HANDLE, VK_NULL_HANDLE, VK_IMAGE_ASPECT_PLANE_0_BIT, nullptr});
  if (found.mtlTexture == nullptr) return fail(ErrorCode::unsupported, "The driver's image is no MTLTexture.");
  auto object = TextureObject::adopt(on, found.mtlTexture, descriptor);
  if (!object) return fail(std::move(object.error()));
  return wrap(*std::move(object));
}

Result<OwnedHandle> export_metal_texture(const ImageTexture& texture) { return object_of(texture).handle(); }

struct TextureChain::Info : VkImportMetalTextureInfoEXT {};

// "VkImportMetalTextureInfoEXT": the texture underlies the image's plane, and the driver takes a reference of its own.
TextureChain::TextureChain(const ImageTexture& texture)
    : info_(new Info{{VK_STRUCTURE_TYPE_IMPORT_METAL_TEXTURE_INFO_EXT, nullptr, VK_IMAGE_ASPECT_PLANE_0_BIT,
                      object_of(texture).get()}}) {}

TextureChain::~TextureChain() = default;

}  // namespace geyser::vulkan
