// Devices, and what they make.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "objects.hpp"

namespace geyser::apple_double {

namespace {
std::atomic<bool> unplugged{false};
std::atomic<bool> refuses_events{false};
std::atomic<int> failures{0};
std::atomic<int> failure_code{0};

// "MTLDevice newTextureWithDescriptor:": what no device makes; beyond that the families Apple2 (the built-in one) and Mac2
// differ.
bool is_sound(std::uint64_t registry, MTLTextureDescriptor* d) {
  const char* page = "Metal Feature Set Tables";
  const bool flat = d.textureType != MTLTextureType3D;
  const NSUInteger limit = flat ? 16384 : 2048;
  if (block_bytes(d.pixelFormat) == 0) {
    refuse("MTLPixelFormat", "a pixel format that there is not");
  } else if (registry != built_in && is_apples(d.pixelFormat)) {
    refuse(page, "a pixel format of Apple's GPUs only");
  } else if (d.width == 0 || d.height == 0 || d.depth == 0 || d.width > limit || d.height > limit || d.depth > limit ||
             d.arrayLength == 0 || slices_of(d) > 2048 || (flat && d.depth != 1)) {
    refuse(page, "an extent or a number of layers over the limit");
  } else if (!flat && is_compressed(d.pixelFormat)) {
    refuse(page, "a compressed volume");
  } else if (is_depth(d.pixelFormat) && (d.storageMode != MTLStorageModePrivate || !flat)) {
    refuse("MTLStorageMode", "a depth texture that is not private, or a volume");
  } else if (is_depth(d.pixelFormat) && (d.usage & MTLTextureUsageShaderWrite) != 0) {
    refuse("MTLTextureUsage", "a depth texture that shaders write");
  } else if ((d.usage & MTLTextureUsageShaderWrite) != 0 && is_compressed(d.pixelFormat)) {
    refuse("MTLTextureUsage", "a compressed texture that shaders write");
  } else {
    return true;
  }
  return false;
}

DoubleTexture* make(DoubleDevice* device, MTLTextureDescriptor* descriptor, Storage storage) {
  DoubleTexture* texture = [[DoubleTexture alloc] init];
  texture->device_ = device;
  texture->descriptor_ = [descriptor retain];
  texture->storage_ = std::move(storage);
  return texture;
}

}  // namespace

Counters& counters() {
  static Counters all{};
  return all;
}

Alive alive() {
  const Counters& c = counters();
  return {c.surfaces,        c.textures, c.buffers,         c.events,     c.event_handles,
          c.texture_handles, c.queues,   c.command_buffers, c.descriptors, c.pixel_buffers, c.xpc_objects, c.gl_contexts};
}

void programming_error(const char* page, const std::string& what) {
  std::fprintf(stderr, "apple double: a programming error (%s): %s\n", page, what.c_str());
  std::abort();
}

void refuse(const char* page, const std::string& what) {
  if (std::getenv("GEYSER_APPLE_DOUBLE_TRACE") != nullptr)
    std::fprintf(stderr, "apple double: refused (%s): %s\n", page, what.c_str());
}

void unplug(bool now) { unplugged = now; }
void refuse_foreign_events(bool refused) { refuses_events = refused; }
bool is_unplugged(std::uint64_t device) { return device == external && unplugged; }
void fail_next(int count, int code) {
  failure_code = code;
  failures = count;
}
int take_failure() {
  if (failures <= 0) return 0;
  --failures;
  return failure_code;
}

}  // namespace geyser::apple_double

using namespace geyser::apple_double;

@implementation DoubleDevice
- (NSString*)name {
  return registry_ == built_in ? @"Apple double" : @"Apple double, external";
}
- (uint64_t)registryID {
  return registry_;
}
- (BOOL)isRemovable {
  return registry_ == external;
}
- (BOOL)hasUnifiedMemory {
  return registry_ == built_in;
}
- (BOOL)supportsBCTextureCompression {
  return YES;
}
- (NSUInteger)maxBufferLength {
  return NSUInteger{1} << 30;
}
- (BOOL)supportsFamily:(MTLGPUFamily)gpuFamily {
  return registry_ == built_in;  // else of family Mac2
}
- (NSUInteger)minimumLinearTextureAlignmentForPixelFormat:(MTLPixelFormat)format {
  if (block_bytes(format) == 0 || is_compressed(format) || is_depth(format)) {
    programming_error("minimumLinearTextureAlignmentForPixelFormat:", "a format that is not ordinary or packed");
  }
  return linear_alignment;
}
- (id<MTLCommandQueue>)newCommandQueue {
  return [DoubleQueue newWithDevice:self];
}
- (id<MTLBuffer>)newBufferWithBytesNoCopy:(void*)pointer
                                   length:(NSUInteger)length
                                  options:(MTLResourceOptions)options
                              deallocator:(void (^)(void*, NSUInteger))deallocator {
  const auto page = static_cast<std::uintptr_t>(::getpagesize());
  const char* name = "newBufferWithBytesNoCopy:length:options:deallocator:";
  if (reinterpret_cast<std::uintptr_t>(pointer) % page != 0 || length % page != 0 || length == 0) {
    refuse(name, "the memory is not of whole pages");
  } else if (options != MTLResourceStorageModeShared) {
    refuse(name, "the storage mode is neither shared nor managed");
  } else if (length > [self maxBufferLength]) {
    refuse("maxBufferLength", "the buffer is too long");
  } else {
    DoubleBuffer* buffer = [[DoubleBuffer alloc] init];
    buffer->device_ = self;
    buffer->bytes_ = static_cast<std::byte*>(pointer);
    buffer->length_ = length;
    return buffer;
  }
  return nil;
}
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor*)descriptor {
  if (!is_sound(registry_, descriptor) || is_unplugged(registry_)) return nil;
  // Contents are undefined: not zero.
  auto memory = make_memory(packed_bytes(descriptor));
  if (memory == nullptr) return nil;
  return make(self, descriptor, {memory, static_cast<std::byte*>(memory.get()), 0});
}
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor*)d
                                 iosurface:(IOSurfaceRef)iosurface
                                     plane:(NSUInteger)plane {
  const char* page = "newTextureWithDescriptor:iosurface:plane:";
  if (!is_sound(registry_, d) || is_unplugged(registry_)) return nil;
  const Header& surface = object_of(iosurface)->header();
  if (plane >= std::max<NSUInteger>(surface.plane_count, 1)) {
    refuse(page, "a plane that the surface has not");
    return nil;
  }
  const PlaneHeader& found = surface.planes[plane];
  const MTLStorageMode wanted = [self hasUnifiedMemory] ? MTLStorageModeShared : MTLStorageModeManaged;
  if (d.textureType != MTLTextureType2D || d.mipmapLevelCount != 1 || d.arrayLength != 1 ||
      is_compressed(d.pixelFormat)) {
    refuse(page, "only plain 2D textures of one level are on a surface");
  } else if (d.storageMode != wanted) {
    refuse("MTLStorageMode", "a surface is neither private, nor shared where the memory is not");
  } else if (d.width > found.width || d.height > found.height) {
    refuse(page, "the texture is larger than the plane");
  } else if (block_bytes(d.pixelFormat) != found.bytes_per_element) {
    refuse(page, "the pixel format has not the plane's bytes per element");
  } else if (found.bytes_per_row % linear_alignment != 0) {
    refuse("minimumLinearTextureAlignmentForPixelFormat:", "the plane's rows are not aligned");
  } else {
    DoubleTexture* texture =
        make(self, d, {nullptr, object_of(iosurface)->bytes() + found.offset, found.bytes_per_row});
    texture->surface_ = static_cast<IOSurfaceRef>(const_cast<void*>(CFRetain(iosurface)));
    texture->plane_ = plane;
    return texture;
  }
  return nil;
}
- (id<MTLHeap>)newHeapWithDescriptor:(MTLHeapDescriptor*)d {
  if (d.size == 0) programming_error("newHeapWithDescriptor:", "a heap without a size");
  auto memory = make_memory(d.size);
  if (memory == nullptr || is_unplugged(registry_)) return nil;
  DoubleHeap* heap = [[DoubleHeap alloc] init];
  heap->device_ = self;
  heap->storage_ = d.storageMode;
  heap->size_ = d.size;
  heap->memory_ = memory;
  return heap;
}
- (id<MTLTexture>)newSharedTextureWithDescriptor:(MTLTextureDescriptor*)d {
  if (!is_sound(registry_, d) || is_unplugged(registry_)) return nil;
  if (d.storageMode != MTLStorageModePrivate) {
    refuse("newSharedTextureWithDescriptor:", "the storage mode is not private");
    return nil;
  }
  auto object = KernelObject::create(ObjectKind::shared_texture, packed_bytes(d));
  if (object == nullptr) return nil;
  Header& header = object->header();
  header.device = registry_;
  header.type = d.textureType;
  header.pixel_format = d.pixelFormat;
  header.width = d.width;
  header.height = d.height;
  header.depth = d.depth;
  header.levels = d.mipmapLevelCount;
  header.layers = d.arrayLength;
  header.usage = d.usage;
  DoubleTexture* texture = make(self, d, {object, object->bytes(), 0});
  texture->shared_ = object;
  return texture;
}
// "MTLSharedTextureHandle": the texture opens on the device that made it.
- (id<MTLTexture>)newSharedTextureWithHandle:(MTLSharedTextureHandle*)handle {
  auto object = [handle object];
  const Header& header = object->header();
  if (header.device != registry_) {
    refuse("MTLSharedTextureHandle", "the texture is another device's");
    return nil;
  }
  MTLTextureDescriptor* d = [[MTLTextureDescriptor alloc] init];
  d.textureType = static_cast<MTLTextureType>(header.type);
  d.pixelFormat = static_cast<MTLPixelFormat>(header.pixel_format);
  d.width = header.width;
  d.height = header.height;
  d.depth = header.depth;
  d.mipmapLevelCount = header.levels;
  d.arrayLength = header.layers;
  d.usage = header.usage;
  d.storageMode = MTLStorageModePrivate;
  DoubleTexture* texture = make(self, d, {object, object->bytes(), 0});
  [d release];
  texture->shared_ = object;
  return texture;
}
- (id<MTLSharedEvent>)newSharedEvent {
  auto object = KernelObject::create(ObjectKind::event, 0);
  if (object == nullptr) return nil;
  object->header().device = registry_;
  DoubleEvent* event = [[DoubleEvent alloc] init];
  event->device_ = self;
  event->object_ = object;
  return event;
}
- (id<MTLSharedEvent>)newSharedEventWithHandle:(MTLSharedEventHandle*)handle {
  if (is_unplugged(registry_)) return nil;
  if (refuses_events && [handle object]->header().device != registry_) {
    refuse("newSharedEventWithHandle:", "the event is another device's");
    return nil;
  }
  DoubleEvent* event = [[DoubleEvent alloc] init];
  event->device_ = self;
  event->object_ = [handle object];
  return event;
}
@end

namespace {
DoubleDevice* device(std::uint64_t registry) {
  static DoubleDevice* devices[2] = {};
  DoubleDevice*& one = devices[registry == built_in ? 0 : 1];
  if (one == nil) {
    one = [[DoubleDevice alloc] init];
    one->registry_ = registry;
  }
  return one;
}
}  // namespace

extern "C" id<MTLDevice> MTLCreateSystemDefaultDevice(void) { return [device(built_in) retain]; }
extern "C" NSArray* MTLCopyAllDevices(void) {
  return [[NSArray alloc] initWithObjects:device(built_in), device(external), nil];
}

// The runtime's entry points for C++ (src/platform/apple/owned_handle.cpp), which GNU's has not.
extern "C" {
void* objc_retain(void* object) { return [static_cast<id>(object) retain]; }
void objc_release(void* object) { [static_cast<id>(object) release]; }
}
