// Shared events and the handles of them and of shared textures.
#include <time.h>

#include <utility>

#include "objects.hpp"

using namespace geyser::apple_double;

@implementation MTLSharedEventHandle
+ (MTLSharedEventHandle*)newWithObject:(std::shared_ptr<KernelObject>)object {
  MTLSharedEventHandle* handle = [[MTLSharedEventHandle alloc] init];
  handle->state_ = new std::shared_ptr<KernelObject>(std::move(object));
  ++counters().event_handles;
  return handle;
}
- (void)dealloc {
  --counters().event_handles;
  delete static_cast<std::shared_ptr<KernelObject>*>(state_);
  [super dealloc];
}
- (std::shared_ptr<KernelObject>)object {
  return *static_cast<std::shared_ptr<KernelObject>*>(state_);
}
@end

@implementation MTLSharedTextureHandle
+ (MTLSharedTextureHandle*)newWithObject:(std::shared_ptr<KernelObject>)object {
  MTLSharedTextureHandle* handle = [[MTLSharedTextureHandle alloc] init];
  handle->state_ = new std::shared_ptr<KernelObject>(std::move(object));
  ++counters().texture_handles;
  return handle;
}
- (void)dealloc {
  --counters().texture_handles;
  delete static_cast<std::shared_ptr<KernelObject>*>(state_);
  [super dealloc];
}
- (std::shared_ptr<KernelObject>)object {
  return *static_cast<std::shared_ptr<KernelObject>*>(state_);
}
- (id<MTLDevice>)device {
  return nil;
}
@end

namespace geyser::apple_double {

void* system_device() {
  static id<MTLDevice> device = MTLCreateSystemDefaultDevice();
  return device;
}
int descriptor_of(void* handle) {
  id object = static_cast<id>(handle);
  if ([object isKindOfClass:[MTLSharedTextureHandle class]]) {
    return [static_cast<MTLSharedTextureHandle*>(object) object]->duplicate();
  }
  if ([object isKindOfClass:[MTLSharedEventHandle class]]) {
    return [static_cast<MTLSharedEventHandle*>(object) object]->duplicate();
  }
  return -1;
}
void* new_texture_handle(int descriptor) {
  auto object = KernelObject::open(descriptor, ObjectKind::shared_texture);
  return object != nullptr ? [MTLSharedTextureHandle newWithObject:object] : nil;
}
void* new_event_handle(int descriptor) {
  auto object = KernelObject::open(descriptor, ObjectKind::event);
  return object != nullptr ? [MTLSharedEventHandle newWithObject:object] : nil;
}
void* new_shared_event() { return [static_cast<id<MTLDevice>>(system_device()) newSharedEvent]; }
void retain(void* object) { [static_cast<id>(object) retain]; }
void release(void* object) { [static_cast<id>(object) release]; }
std::uint64_t event_value(void* event) { return static_cast<DoubleEvent*>(event)->object_->header().value.load(); }
void set_event_value(void* event, std::uint64_t value) {
  static_cast<DoubleEvent*>(event)->object_->header().value.store(value);
}
void raise_event_value(void* event, std::uint64_t value) {
  auto& stored = static_cast<DoubleEvent*>(event)->object_->header().value;
  std::uint64_t now = stored.load();
  while (now < value && !stored.compare_exchange_weak(now, value)) {
  }
}

}  // namespace geyser::apple_double

@implementation DoubleEvent
- (instancetype)init {
  self = [super init];
  ++counters().events;
  return self;
}
- (void)dealloc {
  --counters().events;
  object_.reset();
  [super dealloc];
}
- (id<MTLDevice>)device {
  return device_;
}
- (uint64_t)signaledValue {
  return object_->header().value.load();
}
- (void)setSignaledValue:(uint64_t)value {
  object_->header().value.store(value);
}
- (MTLSharedEventHandle*)newSharedEventHandle {
  return [MTLSharedEventHandle newWithObject:object_];
}
- (BOOL)waitUntilSignaledValue:(uint64_t)value timeoutMS:(uint64_t)milliseconds {
  for (uint64_t waited = 0; object_->header().value.load() < value; ++waited) {
    if (waited / 5 >= milliseconds) return NO;
    const timespec nap{0, 200'000};
    ::nanosleep(&nap, nullptr);
  }
  return YES;
}
@end
