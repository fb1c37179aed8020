#include "surface/surface.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

#include "common/text.hpp"
#include "platform/apple/handles.hpp"
#include "surface/format.hpp"
#include "surface/reference.hpp"

namespace geyser::surface {

using detail::text;

namespace {

using Properties = Reference<NSMutableDictionary*>;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

// What a property must be a multiple of; 0 from IOSurface means anything.
std::uint64_t alignment_of(CFStringRef property) {
  return std::max<std::uint64_t>(IOSurfaceGetPropertyAlignment(property), 1);
}

void set(const Properties& properties, CFStringRef key, std::uint64_t value) {
  [properties.get() setObject:[NSNumber numberWithUnsignedLongLong:value] forKey:(__bridge NSString*)key];
}

tl::unexpected<GeyserError> differs(const std::string& field, std::string wanted, std::string found) {
  return fail(ErrorCode::incompatible_layout,
              text("Field [", field, "] is [", wanted, "], but the surface has [", found, "]."));
}

struct Plane {
  std::uint64_t width = 0, height = 0, stride = 0, element = 0;
};

Plane plane_of(IOSurfaceRef surface, std::size_t index, bool planar) {
  if (!planar) {
    return {IOSurfaceGetWidth(surface), IOSurfaceGetHeight(surface), IOSurfaceGetBytesPerRow(surface),
            IOSurfaceGetBytesPerElement(surface)};
  }
  return {IOSurfaceGetWidthOfPlane(surface, index), IOSurfaceGetHeightOfPlane(surface, index),
          IOSurfaceGetBytesPerRowOfPlane(surface, index), IOSurfaceGetBytesPerElementOfPlane(surface, index)};
}

std::string name_of(std::uint32_t format) { return format == 0 ? "none" : four_characters(format); }

}  // namespace

Surface::Surface(IOSurfaceRef surface) noexcept : surface_(surface) { IOSurfaceIncrementUseCount(surface_); }

Surface::Surface(Surface&& other) noexcept : surface_(std::exchange(other.surface_, nullptr)) {}

Surface& Surface::operator=(Surface&& other) noexcept {
  std::swap(surface_, other.surface_);
  return *this;
}

Surface::~Surface() {
  if (surface_ == nullptr) return;
  IOSurfaceDecrementUseCount(surface_);
  CFRelease(surface_);
}

Surface Surface::share(IOSurfaceRef surface) noexcept {
  CFRetain(surface);
  return Surface(surface);
}

Result<Surface> Surface::create(const TextureDescriptor& descriptor, std::uint64_t row_alignment, Reach reach) {
  const FormatInfo& info = format_info(descriptor.format);
  const std::uint64_t row_step =
      std::lcm(std::max<std::uint64_t>(row_alignment, 1),
               info.is_multi_planar() ? alignment_of(kIOSurfacePlaneBytesPerRow) : alignment_of(kIOSurfaceBytesPerRow));
  @autoreleasepool {
    const auto properties = Properties::share([NSMutableDictionary dictionary]);
    set(properties, kIOSurfaceWidth, descriptor.extent.width);
    set(properties, kIOSurfaceHeight, descriptor.extent.height);
    // Deprecated, because it asks nobody; there is no other way to be found by those who know numbers.
    if (reach == Reach::everybody) set(properties, kIOSurfaceIsGlobal, 1);
    const bool limited = descriptor.picture.range == ColorRange::limited;
    if (const std::uint32_t name = surface_format_of(descriptor.format, limited); name != 0) {
      set(properties, kIOSurfacePixelFormat, name);
    }
    std::uint64_t size = 0;
    const auto planes = Reference<NSMutableArray*>::share([NSMutableArray array]);
    for (std::uint32_t i = 0; i < info.plane_count; ++i) {
      const Extent3D extent = mip_extent(descriptor, 0, i);
      const std::uint64_t element = info.planes[i].block_bytes;
      const std::uint64_t stride = round_up(extent.width * element, row_step);
      if (!info.is_multi_planar()) {
        set(properties, kIOSurfaceBytesPerElement, element);
        set(properties, kIOSurfaceBytesPerRow, stride);
        size = stride * extent.height;
        break;
      }
      const auto plane = Properties::share([NSMutableDictionary dictionary]);
      size = round_up(size, alignment_of(kIOSurfacePlaneOffset));
      set(plane, kIOSurfacePlaneWidth, extent.width);
      set(plane, kIOSurfacePlaneHeight, extent.height);
      set(plane, kIOSurfacePlaneBytesPerElement, element);
      set(plane, kIOSurfacePlaneBytesPerRow, stride);
      set(plane, kIOSurfacePlaneOffset, size);
      set(plane, kIOSurfacePlaneSize, stride * extent.height);
      [planes.get() addObject:plane.get()];
      size += stride * extent.height;
    }
    if (info.is_multi_planar()) {
      // One element for all planes: Metal does not look at it, MoltenVK compares it with the Vulkan format's block.
      const PlanarElement element = planar_element_of(descriptor.format);
      set(properties, kIOSurfaceBytesPerElement, element.bytes);
      set(properties, kIOSurfaceElementWidth, element.width);
      set(properties, kIOSurfaceElementHeight, element.height);
      [properties.get() setObject:planes.get() forKey:(__bridge NSString*)kIOSurfacePlaneInfo];
    }
    set(properties, kIOSurfaceAllocSize, round_up(size, alignment_of(kIOSurfaceAllocSize)));
    IOSurfaceRef surface = IOSurfaceCreate((__bridge CFDictionaryRef)properties.get());
    if (surface == nullptr) {
      return fail(ErrorCode::out_of_memory, text("IOSurfaceCreate gives no surface of [", size, "] bytes."));
    }
    return Surface(surface);
  }
}

Result<Surface> Surface::open(const OwnedHandle& right) {
  IOSurfaceRef surface = IOSurfaceLookupFromMachPort(platform::send_right_of(right.get()));
  if (surface == nullptr) {
    return fail(ErrorCode::invalid_handle, text("The port [", platform::send_right_of(right.get()),
                                                "] is dead, or the right of something else than an IOSurface."));
  }
  return Surface(surface);
}

Result<Surface> Surface::find(std::uint32_t id) {
  IOSurfaceRef surface = IOSurfaceLookup(id);
  if (surface == nullptr) {
    return fail(ErrorCode::invalid_handle, text("No surface that this program may find has number [", id, "]."));
  }
  return Surface(surface);
}

std::uint32_t Surface::id() const noexcept { return IOSurfaceGetID(get()); }

Extent3D Surface::extent() const noexcept {
  return {static_cast<std::uint32_t>(IOSurfaceGetWidth(get())), static_cast<std::uint32_t>(IOSurfaceGetHeight(get())),
          1};
}

Result<void> Surface::check(const TextureDescriptor& descriptor) const {
  const FormatInfo& info = format_info(descriptor.format);
  const std::uint32_t name = IOSurfaceGetPixelFormat(get());
  if (!is_surface_format(descriptor.format, name)) {
    return differs("descriptor.format", std::string(info.name), name_of(name));
  }
  const std::size_t count = IOSurfaceGetPlaneCount(get());
  // A surface with one plane says 0 or 1.
  if (std::max<std::size_t>(count, 1) != info.plane_count) {
    return differs("descriptor.format", text(info.plane_count, " planes"), text(count, " planes"));
  }
  for (std::uint32_t i = 0; i < info.plane_count; ++i) {
    const Extent3D extent = mip_extent(descriptor, 0, i);
    const Plane plane = plane_of(get(), i, count != 0);
    if (plane.width != extent.width || plane.height != extent.height) {
      return differs(text("descriptor.extent of plane ", i), text(extent.width, "x", extent.height),
                     text(plane.width, "x", plane.height));
    }
    if (plane.element != info.planes[i].block_bytes) {
      return differs(text("descriptor.format, bytes of plane ", i), text(std::uint32_t{info.planes[i].block_bytes}),
                     text(plane.element));
    }
  }
  return {};
}

Result<void> Surface::check_planar_element(const TextureDescriptor& descriptor) const {
  const FormatInfo& info = format_info(descriptor.format);
  if (!info.is_multi_planar()) return {};
  const PlanarElement wanted = planar_element_of(descriptor.format);
  const PlanarElement found{IOSurfaceGetBytesPerElement(get()), IOSurfaceGetElementWidth(get()),
                            IOSurfaceGetElementHeight(get())};
  if (found == wanted) return {};
  GeyserError error(ErrorCode::unsupported,
                    text("The surface's elements are [", found.bytes, "] bytes for [", found.width, "x", found.height,
                         "] texels, but MoltenVK opens [", info.name, "] with [", wanted.bytes, "] bytes for [",
                         wanted.width, "x", wanted.height, "] only."));
  error.suggest("a surface that Geyser has made");
  return fail(std::move(error));
}

Result<MemoryLayout> Surface::layout() const {
  const kern_return_t locked = IOSurfaceLock(get(), kIOSurfaceLockReadOnly, nullptr);
  if (locked != 0) {
    return fail(ErrorCode::operating_system, text("IOSurfaceLock fails with [", locked, "]."));
  }
  MemoryLayout layout;
  layout.tiling = Tiling::linear;
  layout.allocation_size = IOSurfaceGetAllocSize(get());
  const std::size_t count = IOSurfaceGetPlaneCount(get());
  layout.plane_count = static_cast<std::uint32_t>(std::clamp<std::size_t>(count, 1, max_memory_planes));
  const auto* base = static_cast<const std::byte*>(IOSurfaceGetBaseAddress(get()));
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    const void* start = count != 0 ? IOSurfaceGetBaseAddressOfPlane(get(), i) : base;
    layout.planes[i].offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(start) - base);
    layout.planes[i].stride = plane_of(get(), i, count != 0).stride;
  }
  IOSurfaceUnlock(get(), kIOSurfaceLockReadOnly, nullptr);
  return layout;
}

Result<void> Surface::check(const MemoryLayout& told) const {
  auto mine = layout();
  if (!mine) return fail(std::move(mine.error()));
  if (*mine == told) return {};
  return fail(ErrorCode::incompatible_layout,
              text("The parcel says [", told.allocation_size, "] bytes with rows of [", told.planes[0].stride,
                   "], but the surface has [", mine->allocation_size, "] with rows of [", mine->planes[0].stride,
                   "]."));
}

Result<OwnedHandle> Surface::right() const {
  OwnedHandle right = platform::adopt_send_right(HandleKind::io_surface, IOSurfaceCreateMachPort(get()));
  if (!right.has_value()) return fail(ErrorCode::operating_system, "IOSurfaceCreateMachPort gives no right.");
  return right;
}

}  // namespace geyser::surface
