#include "surface/texture_object.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/apple/handles.hpp"
#include "surface/pixel_format.hpp"
#include "surface/shared_event.hpp"
#include "surface/texture_descriptor.hpp"

namespace geyser::surface {

using detail::text;

namespace {

using Texture = Reference<id<MTLTexture>>;
using Device = Reference<id<MTLDevice>>;

MTLTextureType type_of(TextureDimension dimension) {
  switch (dimension) {
    case TextureDimension::two_d:
      break;
    case TextureDimension::two_d_array:
      return MTLTextureType2DArray;
    case TextureDimension::cube:
      return MTLTextureTypeCube;
    case TextureDimension::cube_array:
      return MTLTextureTypeCubeArray;
    case TextureDimension::three_d:
      return MTLTextureType3D;
  }
  return MTLTextureType2D;
}

// Metal counts cubes, Geyser faces.
NSUInteger array_length(const TextureDescriptor& d) {
  if (d.dimension == TextureDimension::cube_array) return d.array_layers / 6;
  return d.dimension == TextureDimension::two_d_array ? d.array_layers : 1;
}

MTLTextureUsage usage_of(const TextureDescriptor& d) {
  MTLTextureUsage usage = MTLTextureUsageShaderRead;
  if (contains(d.usage, TextureUsage::storage)) usage |= MTLTextureUsageShaderWrite;
  if (contains(d.usage, TextureUsage::color_attachment) || contains(d.usage, TextureUsage::depth_stencil_attachment)) {
    usage |= MTLTextureUsageRenderTarget;
  }
  return usage;
}

tl::unexpected<GeyserError> other_device(std::uint64_t textures, std::uint64_t managers) {
  return fail(GeyserError(ErrorCode::incompatible_device,
                          text("The texture is on the Metal device with registry id [", textures,
                               "], but this manager is on [", managers, "]."))
                  .suggest("handle kind [io_surface]"));
}

}  // namespace

bool has_textures(TextureFormat format) noexcept {
  return find_pixel_format(format) != nullptr && !format_info(format).is_multi_planar();
}

Reference<MTLTextureDescriptor*> describe(const TextureDescriptor& d, std::uint32_t plane, MTLStorageMode storage) {
  const Extent3D extent = mip_extent(d, 0, plane);
  auto object = Reference<MTLTextureDescriptor*>::adopt([[MTLTextureDescriptor alloc] init]);
  MTLTextureDescriptor* description = object.get();
  description.textureType = type_of(d.dimension);
  description.pixelFormat = static_cast<MTLPixelFormat>(find_pixel_format(d.format)->pixel_formats[plane]);
  description.width = extent.width;
  description.height = extent.height;
  description.depth = extent.depth;
  description.mipmapLevelCount = d.mip_levels;
  description.arrayLength = array_length(d);
  description.storageMode = storage;
  description.usage = usage_of(d);
  return object;
}

Result<TextureObject> TextureObject::create(void* device, const TextureDescriptor& descriptor) {
  const auto on = Device::share_pointer(device);
  const auto description = describe(descriptor, 0, MTLStorageModePrivate);
  auto texture = Texture::adopt([on.get() newSharedTextureWithDescriptor:description.get()]);
  if (!texture) return fail(ErrorCode::unsupported, "newSharedTextureWithDescriptor: gives no object.");
  return TextureObject(std::move(texture).detach());
}

Result<TextureObject> TextureObject::open(void* device, const ApiTextureHandle& parcel) {
  // Another device's handle is refused before Metal hears of it.
  if (parcel.identity.metal_registry_id != registry_id(device)) {
    return other_device(parcel.identity.metal_registry_id, registry_id(device));
  }
  auto object = Reference<NSObject*>::adopt_pointer(platform::retained_object_of(parcel.handles[0]));
  if (object && [object.get() respondsToSelector:@selector(newSharedTextureHandle)]) {
    return adopt(device, object.pointer(), parcel.descriptor);
  }
  if (!object || ![object.get() isKindOfClass:[MTLSharedTextureHandle class]]) {
    return fail(ErrorCode::invalid_handle, "The handle is neither an MTLSharedTextureHandle nor an MTLTexture.");
  }
  const auto handle = Reference<MTLSharedTextureHandle*>::share_pointer(object.pointer());
  const auto on = Device::share_pointer(device);
  auto texture = Texture::adopt([on.get() newSharedTextureWithHandle:handle.get()]);
  if (!texture) return fail(ErrorCode::invalid_handle, "The device does not open the shared texture.");
  TextureObject opened(std::move(texture).detach());
  if (auto good = opened.check(device, parcel.descriptor); !good) return fail(std::move(good.error()));
  return opened;
}

Result<TextureObject> TextureObject::adopt(void* device, void* texture, const TextureDescriptor& descriptor) {
  TextureObject adopted(Texture::share_pointer(texture).detach());
  if (auto good = adopted.check(device, descriptor); !good) return fail(std::move(good.error()));
  return adopted;
}

Result<void> TextureObject::check(void* device, const TextureDescriptor& d) const {
  const auto texture = Texture::share_pointer(texture_);
  id<MTLTexture> found = texture.get();
  if (found.device.registryID != registry_id(device)) return other_device(found.device.registryID, registry_id(device));
  if (found.width == d.extent.width && found.height == d.extent.height && found.depth == d.extent.depth &&
      found.mipmapLevelCount == d.mip_levels && found.textureType == type_of(d.dimension) &&
      found.arrayLength == array_length(d) && found.pixelFormat == find_pixel_format(d.format)->pixel_formats[0]) {
    return {};
  }
  return fail(
      ErrorCode::incompatible_layout,
      text("The texture is [", found.width, "x", found.height, "x", found.depth, "] of MTLPixelFormat [",
           static_cast<std::uint64_t>(found.pixelFormat), "] and MTLTextureType [",
           static_cast<std::uint64_t>(found.textureType), "] with [", found.mipmapLevelCount, "] levels and [",
           found.arrayLength, "] layers, but the descriptor says [", to_string(d), "]."));
}

TextureObject::TextureObject(TextureObject&& other) noexcept : texture_(std::exchange(other.texture_, nullptr)) {}

TextureObject& TextureObject::operator=(TextureObject&& other) noexcept {
  std::swap(texture_, other.texture_);
  return *this;
}

TextureObject::~TextureObject() { const auto last = Texture::adopt_pointer(texture_); }

TextureUsage TextureObject::usages() const noexcept {
  const auto texture = Texture::share_pointer(texture_);
  const MTLTextureUsage made_for = texture.get().usage;
  const MTLPixelFormat format = texture.get().pixelFormat;
  TextureUsage usages = TextureUsage::transfer_source | TextureUsage::transfer_destination;
  if ((made_for & MTLTextureUsageShaderRead) != 0) usages = usages | TextureUsage::sampled;
  if ((made_for & MTLTextureUsageShaderWrite) != 0) usages = usages | TextureUsage::storage;
  if ((made_for & MTLTextureUsageRenderTarget) != 0) {
    const bool depth = format == MTLPixelFormatDepth16Unorm || format == MTLPixelFormatDepth32Float;
    usages = usages | (depth ? TextureUsage::depth_stencil_attachment : TextureUsage::color_attachment);
  }
  return usages;
}

Result<OwnedHandle> TextureObject::handle() const {
  const auto texture = Texture::share_pointer(texture_);
  void* object = nullptr;
  if (texture.get().shareable) {
    object = Reference<MTLSharedTextureHandle*>::adopt([texture.get() newSharedTextureHandle]).detach();
  } else {
    object = Texture(texture).detach();
  }
  OwnedHandle handle = platform::adopt_object(HandleKind::metal_shared_texture, object);
  if (!handle.has_value()) return fail(ErrorCode::operating_system, "The texture's handle cannot be kept.");
  return handle;
}

}  // namespace geyser::surface
