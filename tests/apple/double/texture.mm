// Textures, buffers and their storage.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "objects.hpp"

using namespace geyser::apple_double;

namespace geyser::apple_double {

std::size_t block_bytes(MTLPixelFormat format) {
  const auto number = static_cast<NSUInteger>(format);
  if (number >= 10 && number <= 14) return 1;
  if (number >= 20 && number <= 40) return 2;
  if (number >= 53 && number <= 94) return 4;
  if (number >= 103 && number <= 115) return 8;
  if (number >= 123 && number <= 125) return 16;
  if (number == 250) return 2;
  if (number == 252) return 4;
  if (number == 130 || number == 131 || number == 140 || number == 141) return 8;
  if (number >= 170 && number <= 183) {
    const bool small = number == 170 || number == 172 || number >= 180;  // R11, RGB8 and RGB8A1
    return small ? 8 : 16;
  }
  return (number >= 130 && number <= 153) || (number >= 186 && number <= 218) ? 16 : 0;
}

bool is_compressed(MTLPixelFormat format) {
  return static_cast<NSUInteger>(format) >= 130 && static_cast<NSUInteger>(format) <= 218;
}
bool is_apples(MTLPixelFormat format) {
  return format == MTLPixelFormatR8Unorm_sRGB || format == MTLPixelFormatRG8Unorm_sRGB ||
         format == MTLPixelFormatB5G6R5Unorm ||
         (static_cast<NSUInteger>(format) >= 170 && static_cast<NSUInteger>(format) <= 218);
}
Block block_of(MTLPixelFormat format) {
  const auto number = static_cast<NSUInteger>(format);
  if (!is_compressed(format)) return {1, 1};
  if (number < 186) return {4, 4};
  constexpr Block astc[] = {{4, 4}, {5, 4}, {5, 5}, {6, 5}, {6, 6}, {},       {8, 5},   {8, 6},
                            {8, 8}, {10, 5}, {10, 6}, {10, 8}, {10, 10}, {12, 10}, {12, 12}};
  return astc[(number - 186) % 18];
}
std::size_t blocks_across(std::size_t texels, MTLPixelFormat format) {
  return (texels + block_of(format).width - 1) / block_of(format).width;
}
std::size_t blocks_down(std::size_t texels, MTLPixelFormat format) {
  return (texels + block_of(format).height - 1) / block_of(format).height;
}
bool is_depth(MTLPixelFormat format) {
  return format == MTLPixelFormatDepth16Unorm || format == MTLPixelFormatDepth32Float;
}

namespace {

std::size_t at_level(std::size_t texels, NSUInteger level) { return std::max<std::size_t>(texels >> level, 1); }

std::size_t level_bytes(MTLTextureDescriptor* d, NSUInteger level) {
  return blocks_across(at_level(d.width, level), d.pixelFormat) * block_bytes(d.pixelFormat) *
         blocks_down(at_level(d.height, level), d.pixelFormat) * at_level(d.depth, level);
}

}  // namespace

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::getpagesize());
  return (bytes + page - 1) / page * page;
}

std::shared_ptr<void> make_memory(std::size_t bytes) {
  void* memory = std::aligned_alloc(whole_pages(1), whole_pages(bytes));
  if (memory != nullptr) std::memset(memory, 0xa5, whole_pages(bytes));
  return {memory, std::free};
}

std::size_t slices_of(MTLTextureDescriptor* d) {
  const bool cube = d.textureType == MTLTextureTypeCube || d.textureType == MTLTextureTypeCubeArray;
  return d.arrayLength * (cube ? 6 : 1);
}

std::size_t packed_bytes(MTLTextureDescriptor* d) {
  std::size_t bytes = 0;
  for (NSUInteger level = 0; level < d.mipmapLevelCount; ++level) bytes += level_bytes(d, level);
  return bytes * slices_of(d);
}

TextureMemory memory_of(void* texture) {
  auto* one = static_cast<DoubleTexture*>(texture);
  MTLTextureDescriptor* d = one->descriptor_;
  if (one->storage_.row_bytes != 0) programming_error("VkImportMetalTextureInfoEXT", "this double takes no linear one");
  const Block block = block_of(d.pixelFormat);
  return {one->storage_.base, whole_pages(packed_bytes(d)), one->device_.registryID, d.textureType, d.pixelFormat,
          d.usage, d.width, d.height, d.depth, d.mipmapLevelCount, slices_of(d), block_bytes(d.pixelFormat),
          block.width, block.height};
}

void* new_private_texture(const TextureMemory& wanted) {
  MTLTextureDescriptor* d = [[MTLTextureDescriptor alloc] init];
  d.textureType = static_cast<MTLTextureType>(wanted.type);
  d.pixelFormat = static_cast<MTLPixelFormat>(wanted.pixel_format);
  d.width = wanted.width;
  d.height = wanted.height;
  d.depth = wanted.depth;
  d.mipmapLevelCount = wanted.levels;
  d.arrayLength = wanted.slices;
  d.usage = wanted.usage;
  d.storageMode = MTLStorageModePrivate;
  id<MTLTexture> texture = [static_cast<id<MTLDevice>>(system_device()) newTextureWithDescriptor:d];
  [d release];
  return texture;
}

}  // namespace geyser::apple_double

@implementation MTLTextureDescriptor
@synthesize textureType, pixelFormat, width, height, depth, mipmapLevelCount, arrayLength, storageMode, usage;
// "MTLTextureDescriptor": the defaults.
- (instancetype)init {
  self = [super init];
  textureType = MTLTextureType2D;
  pixelFormat = MTLPixelFormatRGBA8Unorm;
  width = height = depth = mipmapLevelCount = arrayLength = 1;
  usage = MTLTextureUsageShaderRead;
  ++counters().descriptors;
  return self;
}
- (void)dealloc {
  --counters().descriptors;
  [super dealloc];
}
@end

@implementation DoubleTexture
- (instancetype)init {
  self = [super init];
  ++counters().textures;
  return self;
}
- (void)dealloc {
  --counters().textures;
  if (surface_ != nullptr) CFRelease(surface_);
  [heap_ release];
  [descriptor_ release];
  storage_ = {};
  shared_.reset();
  [super dealloc];
}
- (id<MTLDevice>)device {
  return device_;
}
- (id<MTLHeap>)heap {
  return heap_;
}
- (IOSurfaceRef)iosurface {
  return surface_;
}
- (NSUInteger)iosurfacePlane {
  return plane_;
}
- (MTLStorageMode)storageMode {
  return descriptor_.storageMode;
}
- (MTLTextureType)textureType {
  return descriptor_.textureType;
}
- (MTLPixelFormat)pixelFormat {
  return descriptor_.pixelFormat;
}
- (NSUInteger)width {
  return descriptor_.width;
}
- (NSUInteger)height {
  return descriptor_.height;
}
- (NSUInteger)depth {
  return descriptor_.depth;
}
- (NSUInteger)mipmapLevelCount {
  return descriptor_.mipmapLevelCount;
}
- (NSUInteger)arrayLength {
  return descriptor_.arrayLength;
}
- (MTLTextureUsage)usage {
  return descriptor_.usage;
}
- (BOOL)isShareable {
  return shared_ != nullptr;
}
// "newSharedTextureHandle": nil for a texture that was not made to be shared.
- (MTLSharedTextureHandle*)newSharedTextureHandle {
  if (shared_ == nullptr) {
    refuse("newSharedTextureHandle", "the texture was not made by newSharedTextureWithDescriptor:");
    return nil;
  }
  return [MTLSharedTextureHandle newWithObject:shared_];
}
- (Subresource)subresourceOfSlice:(NSUInteger)slice level:(NSUInteger)level {
  if (slice >= slices_of(descriptor_) || level >= descriptor_.mipmapLevelCount) {
    programming_error("MTLBlitCommandEncoder", "a slice or level that the texture has not");
  }
  Subresource sub;
  sub.width = at_level(descriptor_.width, level);
  sub.height = at_level(descriptor_.height, level);
  sub.depth = at_level(descriptor_.depth, level);
  sub.base = storage_.base;
  sub.row_bytes = storage_.row_bytes;
  if (sub.row_bytes == 0) {
    const std::size_t slice_bytes = packed_bytes(descriptor_) / slices_of(descriptor_);
    sub.base += slice * slice_bytes;
    for (NSUInteger i = 0; i < level; ++i) sub.base += level_bytes(descriptor_, i);
    sub.row_bytes = blocks_across(sub.width, descriptor_.pixelFormat) * block_bytes(descriptor_.pixelFormat);
  }
  sub.image_bytes = sub.row_bytes * blocks_down(sub.height, descriptor_.pixelFormat);
  return sub;
}
@end

@implementation MTLHeapDescriptor
@synthesize size, storageMode;
- (instancetype)init {
  self = [super init];
  storageMode = MTLStorageModePrivate;  // "MTLHeapDescriptor": the default
  return self;
}
@end

@implementation DoubleHeap
- (void)dealloc {
  memory_.reset();
  [super dealloc];
}
- (id<MTLDevice>)device {
  return device_;
}
- (NSUInteger)size {
  return size_;
}
- (NSUInteger)usedSize {
  return used_;
}
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor*)d {
  if (d.storageMode != storage_) {
    programming_error("MTLHeap newTextureWithDescriptor:", "the storage mode is not the heap's");
  }
  DoubleTexture* texture = static_cast<DoubleTexture*>([device_ newTextureWithDescriptor:d]);
  if (texture == nil) return nil;
  const std::size_t bytes = whole_pages(packed_bytes(d));
  if (bytes > size_ - used_) {
    refuse("MTLHeap newTextureWithDescriptor:", "the heap has no room");
    [texture release];
    return nil;
  }
  texture->storage_ = {memory_, static_cast<std::byte*>(memory_.get()) + used_, 0};
  texture->heap_ = [self retain];
  used_ += bytes;
  return texture;
}
@end

@implementation DoubleBuffer
- (instancetype)init {
  self = [super init];
  ++counters().buffers;
  return self;
}
- (void)dealloc {
  --counters().buffers;
  keep_.reset();
  [super dealloc];
}
- (id<MTLDevice>)device {
  return device_;
}
- (MTLStorageMode)storageMode {
  return MTLStorageModeShared;
}
- (NSUInteger)length {
  return length_;
}
- (void*)contents {
  return bytes_;
}
- (id<MTLTexture>)newTextureWithDescriptor:(MTLTextureDescriptor*)d
                                    offset:(NSUInteger)offset
                               bytesPerRow:(NSUInteger)bytesPerRow {
  const char* page = "MTLBuffer newTextureWithDescriptor:offset:bytesPerRow:";
  if (d.textureType != MTLTextureType2D || d.mipmapLevelCount != 1 || d.arrayLength != 1 || d.depth != 1 ||
      is_compressed(d.pixelFormat)) {
    refuse(page, "only plain 2D textures of one level are made of a buffer");
  } else if (d.storageMode != MTLStorageModeShared) {
    refuse(page, "the storage mode is not the buffer's");
  } else if (offset % linear_alignment != 0 || bytesPerRow % linear_alignment != 0) {
    refuse("minimumLinearTextureAlignmentForPixelFormat:", "offset or bytesPerRow are not aligned");
  } else if (bytesPerRow < d.width * block_bytes(d.pixelFormat)) {
    refuse(page, "bytesPerRow is less than a row");
  } else if (offset > length_ ||
             bytesPerRow * (d.height - 1) + d.width * block_bytes(d.pixelFormat) > length_ - offset) {
    refuse(page, "the texture runs over the buffer");
  } else {
    DoubleTexture* texture = [[DoubleTexture alloc] init];
    texture->device_ = device_;
    texture->descriptor_ = [d retain];
    DoubleBuffer* buffer = [self retain];
    texture->storage_ = {
        std::shared_ptr<void>(static_cast<void*>(buffer), [](void* held) { [static_cast<id>(held) release]; }),
        bytes_ + offset, bytesPerRow};
    return texture;
  }
  return nil;
}
@end
