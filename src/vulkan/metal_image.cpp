// Textures whose image is an object of Metal's: an IOSurface's, or over an MTLTexture.
#include <utility>

#include "vulkan/format.hpp"
#include "vulkan/texture.hpp"

namespace geyser::vulkan {

namespace {

// Of those that Metal wants to hear of.
TextureUsage usages_of(VkImageUsageFlags usage) {
  TextureUsage usages = TextureUsage::sampled;
  if ((usage & VK_IMAGE_USAGE_STORAGE_BIT) != 0) usages = usages | TextureUsage::storage;
  if ((usage & VK_IMAGE_USAGE_COLOR_ATTACHMENT_BIT) != 0) usages = usages | TextureUsage::color_attachment;
  if ((usage & VK_IMAGE_USAGE_DEPTH_STENCIL_ATTACHMENT_BIT) != 0) {
    usages = usages | TextureUsage::depth_stencil_attachment;
  }
  return usages;
}

}  // namespace

Result<std::unique_ptr<SharedTexture>> VulkanTexture::create_of_metal(const std::shared_ptr<Device>& device,
                                                                      const TextureDescriptor& descriptor,
                                                                      const ImageRecipe& recipe) {
  if (recipe.external == HandleKind::io_surface) {
    auto surface = create_surface(descriptor);
    if (!surface) return fail(std::move(surface.error()));
    return on_surface(device, descriptor, recipe, *std::move(surface));
  }
  TextureDescriptor all = descriptor;
  all.usage = usages_of(recipe.usage);
  auto object = create_metal_texture(*device, all);
  if (!object) return fail(std::move(object.error()));
  return over_texture(device, descriptor, recipe, *std::move(object));
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::import_of_metal(const std::shared_ptr<Device>& device,
                                                                      const ApiTextureHandle& parcel,
                                                                      const ImageRecipe& recipe) {
  if (parcel.kind == HandleKind::io_surface) {
    auto surface = open_surface(parcel);
    if (!surface) return fail(std::move(surface.error()));
    return on_surface(device, parcel.descriptor, recipe, *std::move(surface));
  }
  auto object = open_metal_texture(*device, parcel);
  if (!object) return fail(std::move(object.error()));
  return over_texture(device, parcel.descriptor, recipe, *std::move(object));
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::on_surface(const std::shared_ptr<Device>& device,
                                                                 const TextureDescriptor& descriptor,
                                                                 const ImageRecipe& recipe, ImageSurface&& surface) {
  const SurfaceChain chain(surface);
  auto image = Image::over(device, descriptor, recipe, chain.next());
  if (!image) return fail(std::move(image.error()));
  Init init{Api::vulkan,          descriptor,           surface.layout, HandleKind::io_surface,
            SharePath::zero_copy, device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(new VulkanTexture(std::move(init), device, *std::move(image)));
  texture->usage_ = recipe.usage;
  texture->surface_ = std::move(surface);
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::over_texture(const std::shared_ptr<Device>& device,
                                                                   const TextureDescriptor& descriptor,
                                                                   ImageRecipe recipe, ImageTexture&& object) {
  // An image that says it can be more than its texture was made for would have Metal end the program.
  recipe.usage &= to_vulkan(object.usages);
  const TextureChain chain(object);
  auto image = Image::over(device, descriptor, recipe, chain.next());
  if (!image) return fail(std::move(image.error()));
  MemoryLayout layout;
  layout.allocation_size = host_size(descriptor);
  layout.plane_count = 1;
  Init init{Api::vulkan,          descriptor,           layout, HandleKind::metal_shared_texture,
            SharePath::zero_copy, device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(new VulkanTexture(std::move(init), device, *std::move(image)));
  texture->usage_ = recipe.usage;
  texture->object_ = std::move(object);
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

}  // namespace geyser::vulkan
