#include "vulkan/metal_objects.hpp"

#include <vulkan/vulkan_core.h>
// It needs the types of the above.
#include <vulkan/vulkan_metal.h>

#include <utility>

#include "common/text.hpp"
#include "surface/format.hpp"
#include "surface/surface.hpp"

namespace geyser::vulkan {

using surface::Surface;

namespace {

// "Metal Feature Set Tables", minimum linear texture alignment: no device wants more, and Vulkan has no question for
// it.
constexpr std::uint64_t row_alignment = 256;

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
  auto surface = Surface::create(descriptor, row_alignment);
  if (!surface) return fail(std::move(surface.error()));
  return wrap(*std::move(surface));
}

Result<ImageSurface> open_surface(const ApiTextureHandle& parcel) {
  auto surface = Surface::open(parcel.handles[0]);
  if (!surface) return fail(std::move(surface.error()));
  if (auto good = surface->check(parcel.descriptor); !good) return fail(std::move(good.error()));
  if (auto good = surface->check_planar_element(parcel.descriptor); !good) return fail(std::move(good.error()));
  auto image = wrap(*std::move(surface));
  if (image && image->layout != parcel.layout) {
    return fail(ErrorCode::incompatible_layout,
                detail::text("The parcel says [", parcel.layout.allocation_size, "] bytes with rows of [",
                             parcel.layout.planes[0].stride, "], but the surface has [", image->layout.allocation_size,
                             "] with rows of [", image->layout.planes[0].stride, "]."));
  }
  return image;
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
