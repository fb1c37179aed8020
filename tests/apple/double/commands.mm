// Command queues: a thread that does the work of command buffers in the order of their commits.
#include <Block.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "objects.hpp"

namespace geyser::apple_double {

class QueueThread {
 public:
  QueueThread() : thread_([this] { run(); }) {}
  ~QueueThread() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void add(Work work) {
    {
      const std::scoped_lock lock(mutex_);
      work_.push_back(std::move(work));
    }
    changed_.notify_all();
  }

 private:
  void run() {
    const std::function<bool()> stopped = [this] { return stop_.load(); };
    for (;;) {
      Work work;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || !work_.empty(); });
        if (work_.empty()) return;
        work = std::move(work_.front());
        work_.pop_front();
      }
      int error = take_failure();
      for (const Command& command : work.commands) {
        if (error == 0) error = command(stopped);
      }
      work.commands.clear();  // what it held goes first, as Metal lets go of it before the handlers
      @autoreleasepool {
        work.done(error);
      }
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> work_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

namespace {

// An Objective-C object that a command keeps until it is done.
std::shared_ptr<void> keep(id object) {
  return {static_cast<void*>([object retain]), [](void* held) { [static_cast<id>(held) release]; }};
}

struct Rows {
  std::byte* base;
  std::size_t row_bytes, image_bytes;
};

void copy(const Rows& from, const Rows& to, std::size_t row, std::size_t rows, std::size_t images) {
  for (std::size_t image = 0; image < images; ++image) {
    for (std::size_t i = 0; i < rows; ++i) {
      std::memcpy(to.base + image * to.image_bytes + i * to.row_bytes,
                  from.base + image * from.image_bytes + i * from.row_bytes, row);
    }
  }
}

}  // namespace

}  // namespace geyser::apple_double

using namespace geyser::apple_double;

@class DoubleCommandBuffer;

@interface DoubleBlit : NSObject <MTLBlitCommandEncoder> {
 @public
  DoubleCommandBuffer* commands_;
}
@end

@interface DoubleCommandBuffer : NSObject <MTLCommandBuffer> {
 @public
  id<MTLDevice> device_;
  std::shared_ptr<QueueThread> thread_;
  Work work_;
  std::vector<void (^)(id<MTLCommandBuffer>)> handlers_;
  std::atomic<NSUInteger> status_;
  NSError* error_;
  bool encoding_;
}
- (void)add:(Command)command;
@end

@implementation DoubleQueue
+ (DoubleQueue*)newWithDevice:(id<MTLDevice>)device {
  DoubleQueue* queue = [[DoubleQueue alloc] init];
  queue->device_ = device;
  queue->thread_ = std::make_shared<QueueThread>();
  ++counters().queues;
  return queue;
}
- (void)dealloc {
  --counters().queues;
  thread_.reset();
  [super dealloc];
}
- (id<MTLDevice>)device {
  return device_;
}
- (id<MTLCommandBuffer>)commandBuffer {
  DoubleCommandBuffer* commands = [[[DoubleCommandBuffer alloc] init] autorelease];
  commands->device_ = device_;
  commands->thread_ = thread_;
  ++counters().command_buffers;
  return commands;
}
@end

@implementation DoubleCommandBuffer
- (void)dealloc {
  --counters().command_buffers;
  for (auto handler : handlers_) Block_release(handler);
  handlers_ = {};
  work_ = {};
  thread_.reset();
  [error_ release];
  [super dealloc];
}
- (MTLCommandBufferStatus)status {
  return static_cast<MTLCommandBufferStatus>(status_.load());
}
- (NSError*)error {
  return error_;
}
- (void)add:(Command)command {
  if (status_ != MTLCommandBufferStatusNotEnqueued) programming_error("MTLCommandBuffer", "encoding after commit");
  work_.commands.push_back(std::move(command));
}
- (id<MTLBlitCommandEncoder>)blitCommandEncoder {
  if (encoding_) programming_error("blitCommandEncoder", "another encoder has not ended");
  encoding_ = true;
  DoubleBlit* blit = [[[DoubleBlit alloc] init] autorelease];
  blit->commands_ = [self retain];
  return blit;
}
- (void)encodeWaitForEvent:(id<MTLEvent>)event value:(uint64_t)value {
  if (encoding_) programming_error("encodeWaitForEvent:value:", "an encoder has not ended");
  auto object = static_cast<DoubleEvent*>(event)->object_;
  const std::uint64_t registry = device_.registryID;
  [self add:[object, value, registry](const std::function<bool()>& stopped) -> int {
    while (object->header().value.load() < value) {
      if (stopped()) return MTLCommandBufferErrorTimeout;
      if (is_unplugged(registry)) return MTLCommandBufferErrorDeviceRemoved;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return 0;
  }];
}
- (void)encodeSignalEvent:(id<MTLEvent>)event value:(uint64_t)value {
  if (encoding_) programming_error("encodeSignalEvent:value:", "an encoder has not ended");
  auto object = static_cast<DoubleEvent*>(event)->object_;
  [self add:[object, value](const std::function<bool()>&) -> int {
    object->header().value.store(value);
    return 0;
  }];
}
- (void)addCompletedHandler:(void (^)(id<MTLCommandBuffer>))block {
  if (status_ != MTLCommandBufferStatusNotEnqueued) programming_error("addCompletedHandler:", "a handler after commit");
  handlers_.push_back(Block_copy(block));
}
- (void)commit {
  if (encoding_) programming_error("commit", "an encoder has not ended");
  if (status_ != MTLCommandBufferStatusNotEnqueued) programming_error("commit", "committed twice");
  status_ = MTLCommandBufferStatusCommitted;
  const std::uint64_t registry = device_.registryID;
  Work work = std::move(work_);
  DoubleCommandBuffer* held = [self retain];
  work.done = [held, registry](int error) {
    if (is_unplugged(registry)) error = MTLCommandBufferErrorDeviceRemoved;
    if (error != 0)
      held->error_ = [[NSError alloc] initWithDomain:@"MTLCommandBufferErrorDomain" code:error userInfo:nil];
    held->status_ = error == 0 ? MTLCommandBufferStatusCompleted : MTLCommandBufferStatusError;
    for (auto handler : held->handlers_) handler(held);
    [held release];
  };
  // The thread may let go of this command buffer, and with it of its hold on the thread, from the thread itself.
  std::shared_ptr<QueueThread> thread = std::move(thread_);
  thread->add(std::move(work));
}
@end

@implementation DoubleBlit
- (void)dealloc {
  [commands_ release];
  [super dealloc];
}
- (void)copyFromBuffer:(id<MTLBuffer>)sourceBuffer
           sourceOffset:(NSUInteger)sourceOffset
      sourceBytesPerRow:(NSUInteger)sourceBytesPerRow
    sourceBytesPerImage:(NSUInteger)sourceBytesPerImage
             sourceSize:(MTLSize)size
              toTexture:(id<MTLTexture>)destination
       destinationSlice:(NSUInteger)slice
       destinationLevel:(NSUInteger)level
      destinationOrigin:(MTLOrigin)origin {
  [self copyTexture:destination
              slice:slice
              level:level
               size:size
             buffer:sourceBuffer
             offset:sourceOffset
                row:sourceBytesPerRow
              image:sourceBytesPerImage
           toBuffer:false];
}
- (void)copyFromTexture:(id<MTLTexture>)source
                 sourceSlice:(NSUInteger)slice
                 sourceLevel:(NSUInteger)level
                sourceOrigin:(MTLOrigin)origin
                  sourceSize:(MTLSize)size
                    toBuffer:(id<MTLBuffer>)destinationBuffer
           destinationOffset:(NSUInteger)offset
      destinationBytesPerRow:(NSUInteger)row
    destinationBytesPerImage:(NSUInteger)image {
  [self copyTexture:source
              slice:slice
              level:level
               size:size
             buffer:destinationBuffer
             offset:offset
                row:row
              image:image
           toBuffer:true];
}
- (void)copyTexture:(id<MTLTexture>)texture
              slice:(NSUInteger)slice
              level:(NSUInteger)level
               size:(MTLSize)size
             buffer:(id<MTLBuffer>)buffer
             offset:(NSUInteger)offset
                row:(NSUInteger)row
              image:(NSUInteger)image
           toBuffer:(bool)toBuffer {
  auto* mine = static_cast<DoubleTexture*>(texture);
  const Subresource sub = [mine subresourceOfSlice:slice level:level];
  const MTLPixelFormat format = mine.pixelFormat;
  const char* page = "MTLBlitCommandEncoder copyFromBuffer:... and copyFromTexture:...";
  if (size.width != sub.width || size.height != sub.height || size.depth != sub.depth) {
    programming_error(page, "only whole levels are copied by this double");
  }
  const std::size_t row_bytes = blocks_across(sub.width, format) * block_bytes(format);
  const std::size_t rows = blocks_down(sub.height, format);
  if (row < row_bytes || row % block_bytes(format) != 0 || (size.depth > 1 && image < row * rows)) {
    programming_error(page, "bytes per row or image");
  }
  if (offset + image * (size.depth - 1) + row * (rows - 1) + row_bytes > buffer.length) {
    programming_error(page, "the copy runs over the buffer");
  }
  const Rows a{sub.base, sub.row_bytes, sub.image_bytes};
  const Rows b{static_cast<std::byte*>([buffer contents]) + offset, row, image};
  const auto kept = std::pair(keep(texture), keep(buffer));
  const std::size_t depth = size.depth;
  [commands_ add:[=](const std::function<bool()>&) -> int {
    static_cast<void>(kept);
    copy(toBuffer ? a : b, toBuffer ? b : a, row_bytes, rows, depth);
    return 0;
  }];
}
- (void)copyFromTexture:(id<MTLTexture>)source toTexture:(id<MTLTexture>)destination {
  auto* from = static_cast<DoubleTexture*>(source);
  auto* to = static_cast<DoubleTexture*>(destination);
  if (from.pixelFormat != to.pixelFormat || from.width != to.width || from.height != to.height ||
      from.mipmapLevelCount != to.mipmapLevelCount || slices_of(from->descriptor_) != slices_of(to->descriptor_)) {
    programming_error("copyFromTexture:toTexture:", "the textures differ");
  }
  const MTLPixelFormat format = from.pixelFormat;
  for (NSUInteger slice = 0; slice < slices_of(from->descriptor_); ++slice) {
    for (NSUInteger level = 0; level < from.mipmapLevelCount; ++level) {
      const Subresource a = [from subresourceOfSlice:slice level:level];
      const Subresource b = [to subresourceOfSlice:slice level:level];
      const auto kept = std::pair(keep(source), keep(destination));
      [commands_ add:[=](const std::function<bool()>&) -> int {
        static_cast<void>(kept);
        copy({a.base, a.row_bytes, a.image_bytes}, {b.base, b.row_bytes, b.image_bytes},
             blocks_across(a.width, format) * block_bytes(format), blocks_down(a.height, format), a.depth);
        return 0;
      }];
    }
  }
}
- (void)endEncoding {
  if (!commands_->encoding_) programming_error("endEncoding", "the encoder has ended already");
  commands_->encoding_ = false;
}
@end
