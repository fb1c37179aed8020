// IOSurface's functions on shared memory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "mach/ports.hpp"
#include "objects.hpp"

using geyser::apple_double::counters;
using geyser::apple_double::Header;
using geyser::apple_double::KernelObject;
using geyser::apple_double::ObjectKind;
using geyser::apple_double::PlaneHeader;
using geyser::apple_double::refuse;

namespace {
// Surfaces of this process that everybody may find, by number: whoever holds one keeps it findable.
std::multimap<uint32_t, IOSurfaceRef>& everybodys() {
  static std::multimap<uint32_t, IOSurfaceRef> all;
  return all;
}
}  // namespace

struct __IOSurface : CFObject {
  ~__IOSurface() override {
    std::erase_if(everybodys(), [this](const auto& one) { return one.second == this; });
    // The kernel takes back the uses of a client that goes.
    object->header().value -= static_cast<uint64_t>(uses);
    --counters().surfaces;
  }
  std::shared_ptr<KernelObject> object;
  int uses = 0;  // of this process
};

#define NAME(name) const CFStringRef name = reinterpret_cast<CFStringRef>(@ #name)
NAME(kIOSurfaceWidth);
NAME(kIOSurfaceHeight);
NAME(kIOSurfaceBytesPerElement);
NAME(kIOSurfaceBytesPerRow);
NAME(kIOSurfaceElementWidth);
NAME(kIOSurfaceElementHeight);
NAME(kIOSurfaceAllocSize);
NAME(kIOSurfacePixelFormat);
NAME(kIOSurfaceIsGlobal);
NAME(kIOSurfacePlaneInfo);
NAME(kIOSurfacePlaneWidth);
NAME(kIOSurfacePlaneHeight);
NAME(kIOSurfacePlaneBytesPerElement);
NAME(kIOSurfacePlaneBytesPerRow);
NAME(kIOSurfacePlaneOffset);
NAME(kIOSurfacePlaneSize);
#undef NAME

namespace {

constexpr size_t row_alignment = 64;
constexpr size_t page = 4096;
constexpr size_t largest_extent = 16384;

uint64_t number(NSDictionary* properties, CFStringRef key, uint64_t otherwise = 0) {
  NSNumber* value = [properties objectForKey:(NSString*)key];
  return value != nil ? [value unsignedLongLongValue] : otherwise;
}

IOSurfaceRef wrap(std::shared_ptr<KernelObject> object) {
  if (object == nullptr) return nullptr;
  auto* surface = new __IOSurface;
  surface->object = std::move(object);
  const Header& about = surface->object->header();
  if (about.global) everybodys().emplace(about.id, surface);
  ++counters().surfaces;
  return surface;
}

Header& header(IOSurfaceRef surface) { return surface->object->header(); }
const PlaneHeader& plane(IOSurfaceRef surface, size_t index) {
  // "IOSurfaceGetWidthOfPlane": a plane that is not there has no size.
  static const PlaneHeader none{};
  return index < std::max<size_t>(header(surface).plane_count, 1) ? header(surface).planes[index] : none;
}

// "IOSurfaceCreate": gives no surface when the properties contradict each other.
bool is_sound(const PlaneHeader& plane, uint64_t size) {
  const char* page_name = "IOSurfaceCreate";
  if (plane.width == 0 || plane.height == 0 || plane.bytes_per_element == 0) {
    refuse(page_name, "a width, height or element size of 0");
  } else if (plane.width > largest_extent || plane.height > largest_extent) {
    refuse("IOSurfaceGetPropertyMaximum", "an extent over kIOSurfaceWidth's or kIOSurfaceHeight's maximum");
  } else if (plane.bytes_per_row < plane.width * plane.bytes_per_element) {
    refuse(page_name, "kIOSurfaceBytesPerRow is less than a row");
  } else if (plane.bytes_per_row % row_alignment != 0) {
    refuse("IOSurfaceGetPropertyAlignment", "kIOSurfaceBytesPerRow is not aligned");
  } else if (plane.offset > size || plane.bytes_per_row * plane.height > size - plane.offset) {
    refuse(page_name, "kIOSurfaceAllocSize is too small");
  } else {
    return true;
  }
  return false;
}

}  // namespace

extern "C" {

CFTypeRef CFRetain(CFTypeRef cf) {
  ++const_cast<CFObject*>(static_cast<const CFObject*>(cf))->references;
  return cf;
}

void CFRelease(CFTypeRef cf) {
  auto* object = const_cast<CFObject*>(static_cast<const CFObject*>(cf));
  if (--object->references == 0) delete object;
}

IOSurfaceRef IOSurfaceCreate(CFDictionaryRef given) {
  auto* properties = (NSDictionary*)given;
  NSArray* infos = [properties objectForKey:(NSString*)kIOSurfacePlaneInfo];
  std::array<PlaneHeader, 4> planes{};
  const auto count = static_cast<uint32_t>(infos != nil ? [infos count] : 0);
  if (count > planes.size()) return nullptr;
  const uint64_t width = number(properties, kIOSurfaceWidth);
  const uint64_t height = number(properties, kIOSurfaceHeight);
  if (count == 0) {
    const uint64_t element = number(properties, kIOSurfaceBytesPerElement, 1);
    planes[0] = {
        width, height, element,
        number(properties, kIOSurfaceBytesPerRow, (width * element + row_alignment - 1) & ~(row_alignment - 1)), 0};
  }
  for (uint32_t i = 0; i < count; ++i) {
    NSDictionary* info = [infos objectAtIndex:i];
    planes[i] = {number(info, kIOSurfacePlaneWidth), number(info, kIOSurfacePlaneHeight),
                 number(info, kIOSurfacePlaneBytesPerElement), number(info, kIOSurfacePlaneBytesPerRow),
                 number(info, kIOSurfacePlaneOffset)};
  }
  const uint64_t needed = planes[0].bytes_per_row * planes[0].height;
  const uint64_t size = number(properties, kIOSurfaceAllocSize, needed);
  for (uint32_t i = 0; i < std::max<uint32_t>(count, 1); ++i) {
    if (!is_sound(planes[i], size)) return nullptr;
  }
  auto object = KernelObject::create(ObjectKind::surface, size);
  if (object == nullptr) return nullptr;
  object->header().plane_count = count;
  object->header().planes = planes;
  // Of a surface of several planes nobody says it but who makes it.
  object->header().element = {number(properties, kIOSurfaceBytesPerElement, count == 0 ? planes[0].bytes_per_element : 0),
                              number(properties, kIOSurfaceElementWidth, 1),
                              number(properties, kIOSurfaceElementHeight, 1)};
  object->header().width = width;
  object->header().height = height;
  object->header().pixel_format = number(properties, kIOSurfacePixelFormat);
  static uint32_t numbers = 100;
  object->header().id = ++numbers;
  object->header().global = number(properties, kIOSurfaceIsGlobal) != 0;
  return wrap(std::move(object));
}

IOSurfaceID IOSurfaceGetID(IOSurfaceRef buffer) { return header(buffer).id; }

// "IOSurfaceLookup": null for a surface that is not global.
IOSurfaceRef IOSurfaceLookup(IOSurfaceID csid) {
  const auto found = everybodys().find(csid);
  return found != everybodys().end() ? wrap(found->second->object) : nullptr;
}

kern_return_t IOSurfaceLock(IOSurfaceRef, IOSurfaceLockOptions, uint32_t*) { return 0; }
kern_return_t IOSurfaceUnlock(IOSurfaceRef, IOSurfaceLockOptions, uint32_t*) { return 0; }
size_t IOSurfaceGetAllocSize(IOSurfaceRef buffer) { return header(buffer).size; }
size_t IOSurfaceGetWidth(IOSurfaceRef buffer) { return header(buffer).width; }
size_t IOSurfaceGetHeight(IOSurfaceRef buffer) { return header(buffer).height; }
size_t IOSurfaceGetBytesPerElement(IOSurfaceRef buffer) { return header(buffer).element[0]; }
size_t IOSurfaceGetElementWidth(IOSurfaceRef buffer) { return header(buffer).element[1]; }
size_t IOSurfaceGetElementHeight(IOSurfaceRef buffer) { return header(buffer).element[2]; }
size_t IOSurfaceGetBytesPerRow(IOSurfaceRef buffer) { return plane(buffer, 0).bytes_per_row; }
void* IOSurfaceGetBaseAddress(IOSurfaceRef buffer) { return buffer->object->bytes(); }
uint32_t IOSurfaceGetPixelFormat(IOSurfaceRef buffer) { return static_cast<uint32_t>(header(buffer).pixel_format); }
size_t IOSurfaceGetPlaneCount(IOSurfaceRef buffer) { return header(buffer).plane_count; }
size_t IOSurfaceGetWidthOfPlane(IOSurfaceRef buffer, size_t index) { return plane(buffer, index).width; }
size_t IOSurfaceGetHeightOfPlane(IOSurfaceRef buffer, size_t index) { return plane(buffer, index).height; }
size_t IOSurfaceGetBytesPerElementOfPlane(IOSurfaceRef buffer, size_t index) {
  return plane(buffer, index).bytes_per_element;
}
size_t IOSurfaceGetBytesPerRowOfPlane(IOSurfaceRef buffer, size_t index) { return plane(buffer, index).bytes_per_row; }
void* IOSurfaceGetBaseAddressOfPlane(IOSurfaceRef buffer, size_t index) {
  return buffer->object->bytes() + plane(buffer, index).offset;
}
size_t IOSurfaceGetPropertyAlignment(CFStringRef property) {
  if (property == kIOSurfaceBytesPerRow || property == kIOSurfacePlaneBytesPerRow) return row_alignment;
  return property == kIOSurfaceAllocSize ? page : property == kIOSurfacePlaneOffset ? row_alignment : 1;
}
size_t IOSurfaceGetPropertyMaximum(CFStringRef property) {
  return property == kIOSurfaceWidth || property == kIOSurfaceHeight ? largest_extent : 0;
}
Boolean IOSurfaceIsInUse(IOSurfaceRef buffer) { return header(buffer).value != 0; }
void IOSurfaceIncrementUseCount(IOSurfaceRef buffer) {
  ++header(buffer).value;
  ++buffer->uses;
}
void IOSurfaceDecrementUseCount(IOSurfaceRef buffer) {
  --header(buffer).value;
  --buffer->uses;
}

mach_port_t IOSurfaceCreateMachPort(IOSurfaceRef buffer) {
  const int descriptor = buffer->object->duplicate();
  return descriptor < 0 ? 0 : geyser::mach_double::add_object(descriptor);
}

// Takes no right over, and gives null for a port that is dead or no surface's.
IOSurfaceRef IOSurfaceLookupFromMachPort(mach_port_t port) {
  return wrap(KernelObject::open(geyser::mach_double::object_behind(port), ObjectKind::surface));
}

}  // extern "C"

namespace geyser::apple_double {
std::shared_ptr<KernelObject> object_of(IOSurfaceRef surface) { return surface->object; }

IOSurfaceRef new_planar_surface(unsigned width, unsigned height) {
  @autoreleasepool {
    const auto number = [](size_t value) { return [NSNumber numberWithUnsignedLongLong:value]; };
    const size_t stride = (width + linear_alignment - 1) / linear_alignment * linear_alignment;
    NSMutableArray* planes = [NSMutableArray array];
    for (size_t i = 0; i < 2; ++i) {
      NSMutableDictionary* plane = [NSMutableDictionary dictionary];
      [plane setObject:number(i == 0 ? width : (width + 1) / 2) forKey:(NSString*)kIOSurfacePlaneWidth];
      [plane setObject:number(i == 0 ? height : (height + 1) / 2) forKey:(NSString*)kIOSurfacePlaneHeight];
      [plane setObject:number(i + 1) forKey:(NSString*)kIOSurfacePlaneBytesPerElement];
      [plane setObject:number(stride) forKey:(NSString*)kIOSurfacePlaneBytesPerRow];
      [plane setObject:number(i * stride * height) forKey:(NSString*)kIOSurfacePlaneOffset];
      [planes addObject:plane];
    }
    NSMutableDictionary* properties = [NSMutableDictionary dictionary];
    [properties setObject:number(width) forKey:(NSString*)kIOSurfaceWidth];
    [properties setObject:number(height) forKey:(NSString*)kIOSurfaceHeight];
    [properties setObject:number(0x34323076) forKey:(NSString*)kIOSurfacePixelFormat];
    [properties setObject:number(stride * (height + (height + 1) / 2)) forKey:(NSString*)kIOSurfaceAllocSize];
    [properties setObject:planes forKey:(NSString*)kIOSurfacePlaneInfo];
    return IOSurfaceCreate((CFDictionaryRef)properties);
  }
}
}  // namespace geyser::apple_double
