#include "vulkan/metal_objects.hpp"

#include <vulkan/vulkan_core.h>
// It needs the types of the above.
#include <vulkan/vulkan_metal.h>

#include <utility>

#include "surface/format.hpp"
#include "surface/surface.hpp"

namespace geyser::vulkan {

using surface::Surface;

namespace {

Result<ImageSurface> wrap(Surface&& surface) {
  auto layout = surface.layout();
  if (!layout) return fail(std::move(layout.error()));
  return ImageSurface{std::make_shared<Surface>(std::move(surface)), *layout};
}

const Surface& surface_of(const ImageSurface& image) { return *static_cast<const Surface*>(image.surface.get()); }

}  // namespace

bool knows_surfaces() noexcept { return true; }

bool has_surfaces(const FormatInfo& info) noexcept { return surface::has_surfaces(info.format); }

Result<ImageSurface> create_surface(const TextureDescriptor& descriptor) {
  auto surface = Surface::create(descriptor, surface::any_row_alignment);
  if (!surface) return fail(std::move(surface.error()));
  return wrap(*std::move(surface));
}

Result<ImageSurface> open_surface(const ApiTextureHandle& parcel) {
  auto surface = Surface::open(parcel.handles[0]);
  if (!surface) return fail(std::move(surface.error()));
  if (auto good = surface->check(parcel.descriptor); !good) return fail(std::move(good.error()));
  if (auto good = surface->check_planar_element(parcel.descriptor); !good) return fail(std::move(good.error()));
  if (auto good = surface->check(parcel.layout); !good) return fail(std::move(good.error()));
  return wrap(*std::move(surface));
}

Result<OwnedHandle> export_surface(const ImageSurface& surface) { return surface_of(surface).right(); }

struct InstanceChain::Info : VkExportMetalObjectCreateInfoEXT {};

InstanceChain::InstanceChain(const void* next)
    : info_(new Info{{VK_STRUCTURE_TYPE_EXPORT_METAL_OBJECT_CREATE_INFO_EXT, next,
                      VK_EXPORT_METAL_OBJECT_TYPE_METAL_DEVICE_BIT_EXT}}),
      next_(info_.get()) {}

InstanceChain::~InstanceChain() = default;

struct SurfaceChain::Info : VkImportMetalIOSurfaceInfoEXT {};

// "VkImportMetalIOSurfaceInfoEXT": the surface underlies the image, whose driver takes a reference of its own.
SurfaceChain::SurfaceChain(const ImageSurface& surface)
    : info_(new Info{
          {VK_STRUCTURE_TYPE_IMPORT_METAL_IO_SURFACE_INFO_EXT, nullptr, surface_of(surface).get()},
      }) {}

SurfaceChain::~SurfaceChain() = default;

}  // namespace geyser::vulkan
