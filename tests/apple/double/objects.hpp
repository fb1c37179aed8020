// The double's Objective-C classes, as its own files know each other.
#pragma once

#import <Metal/Metal.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "double.hpp"
#include "kernel_object.hpp"

// What CFRetain() and CFRelease() count.
struct CFObject {
  virtual ~CFObject() = default;
  std::atomic<int> references{1};
};

namespace geyser::apple_double {

struct Counters {
  std::atomic<int> surfaces, textures, buffers, events, event_handles, texture_handles, queues, command_buffers,
      descriptors, pixel_buffers, xpc_objects, gl_contexts;
};
Counters& counters();

// A programming error, in the words of Apple's validation layer: the program ends.
[[noreturn]] void programming_error(const char* page, const std::string& what);
// A call that gives nil: says why on stderr when GEYSER_APPLE_DOUBLE_TRACE is set.
void refuse(const char* page, const std::string& what);

bool is_unplugged(std::uint64_t device);
// Takes one of fail_next(); 0: none is left.
int take_failure();

// Bytes of a block; 0: no such format here.
std::size_t block_bytes(MTLPixelFormat format);
bool is_compressed(MTLPixelFormat format);
bool is_depth(MTLPixelFormat format);
// Of Apple's GPUs only.
bool is_apples(MTLPixelFormat format);
struct Block {
  std::size_t width, height;
};
Block block_of(MTLPixelFormat format);
std::size_t blocks_across(std::size_t texels, MTLPixelFormat format);
std::size_t blocks_down(std::size_t texels, MTLPixelFormat format);
inline constexpr std::size_t linear_alignment = 256;

// Where the texels of a texture are.
struct Storage {
  std::shared_ptr<void> keep;  // memory, or whose it is
  std::byte* base = nullptr;
  std::size_t row_bytes = 0;  // of linear ones; 0: packed, levels and slices one after another
};
struct Subresource {
  std::byte* base = nullptr;
  std::size_t row_bytes = 0, image_bytes = 0;
  std::size_t width = 0, height = 0, depth = 0;  // texels
};
std::size_t packed_bytes(MTLTextureDescriptor* descriptor);
// Whole pages, with no contents to rely on.
std::shared_ptr<void> make_memory(std::size_t bytes);
std::size_t whole_pages(std::size_t bytes);
std::size_t slices_of(MTLTextureDescriptor* descriptor);

using Command = std::function<int(const std::function<bool()>& stop)>;  // an MTLCommandBufferError
struct Work {
  std::vector<Command> commands;
  std::function<void(int error)> done;
};
class QueueThread;

std::shared_ptr<KernelObject> object_of(IOSurfaceRef surface);

}  // namespace geyser::apple_double

@interface DoubleDevice : NSObject <MTLDevice> {
 @public
  std::uint64_t registry_;
}
@end

@class DoubleHeap;

@interface DoubleTexture : NSObject <MTLTexture> {
 @public
  id<MTLDevice> device_;
  DoubleHeap* heap_;  // which it is in
  MTLTextureDescriptor* descriptor_;
  geyser::apple_double::Storage storage_;
  IOSurfaceRef surface_;
  NSUInteger plane_;
  std::shared_ptr<geyser::apple_double::KernelObject> shared_;
}
- (geyser::apple_double::Subresource)subresourceOfSlice:(NSUInteger)slice level:(NSUInteger)level;
@end

@interface DoubleHeap : NSObject <MTLHeap> {
 @public
  id<MTLDevice> device_;
  MTLStorageMode storage_;
  NSUInteger size_, used_;
  std::shared_ptr<void> memory_;
}
@end

@interface DoubleBuffer : NSObject <MTLBuffer> {
 @public
  id<MTLDevice> device_;
  std::byte* bytes_;
  NSUInteger length_;
  std::shared_ptr<void> keep_;
}
@end

@interface DoubleEvent : NSObject <MTLSharedEvent> {
 @public
  id<MTLDevice> device_;
  std::shared_ptr<geyser::apple_double::KernelObject> object_;
}
@end

@interface MTLSharedEventHandle (Double)
+ (MTLSharedEventHandle*)newWithObject:(std::shared_ptr<geyser::apple_double::KernelObject>)object;
- (std::shared_ptr<geyser::apple_double::KernelObject>)object;
@end
@interface MTLSharedTextureHandle (Double)
+ (MTLSharedTextureHandle*)newWithObject:(std::shared_ptr<geyser::apple_double::KernelObject>)object;
- (std::shared_ptr<geyser::apple_double::KernelObject>)object;
@end

@interface DoubleQueue : NSObject <MTLCommandQueue> {
 @public
  id<MTLDevice> device_;
  std::shared_ptr<geyser::apple_double::QueueThread> thread_;
}
+ (DoubleQueue*)newWithDevice:(id<MTLDevice>)device;
@end
