#include "syphon/picture.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "surface/surface.hpp"

namespace geyser::syphon {

using detail::text;
using surface::Surface;

namespace {

// To the manager it is a parcel like any other.
Result<Picture> import(TextureShareManager& manager, const TextureDescriptor& descriptor, const Surface& surface) {
  auto layout = surface.layout();
  if (!layout) return fail(std::move(layout.error()));
  auto right = surface.right();
  if (!right) return fail(std::move(right.error()));
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor;
  parcel.layout = *layout;
  parcel.identity = manager.capabilities().identity;
  parcel.api = Api::metal;
  parcel.kind = HandleKind::io_surface;
  parcel.handle_count = 1;
  parcel.handles[0] = *std::move(right);
  auto texture = manager.import_shared_texture(std::move(parcel));
  if (!texture) return fail(std::move(texture.error()));
  return Picture{surface.id(), *std::move(texture)};
}

}  // namespace

Result<Picture> create_picture(TextureShareManager& manager, const TextureDescriptor& descriptor) {
  if (auto valid = validate(descriptor); !valid) return fail(std::move(valid.error()));
  if (descriptor.format != TextureFormat::bgra8_unorm || descriptor.dimension != TextureDimension::two_d ||
      descriptor.mip_levels != 1 || descriptor.samples != 1) {
    GeyserError error(ErrorCode::unsupported,
                      text("Syphon's programs know [bgra8_unorm] pictures, not [", to_string(descriptor), "]."));
    error.suggest("format [bgra8_unorm]");
    return fail(std::move(error));
  }
  auto surface = Surface::create(descriptor, surface::any_row_alignment, surface::Reach::everybody);
  if (!surface) return fail(std::move(surface.error()));
  return import(manager, descriptor, *surface);
}

Result<Picture> open_picture(TextureShareManager& manager, std::uint32_t id) {
  auto surface = Surface::find(id);
  if (!surface) return fail(std::move(surface.error()));
  TextureDescriptor descriptor;
  descriptor.format = TextureFormat::bgra8_unorm;
  descriptor.extent = surface->extent();
  descriptor.picture.origin = PictureOrigin::bottom_left;
  return import(manager, descriptor, *surface);
}

}  // namespace geyser::syphon
