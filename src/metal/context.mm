#include "metal/context.hpp"

#include <condition_variable>
#include <optional>
#include <string>
#include <utility>

#include "common/text.hpp"
#include "metal/error.hpp"
#include "metal/fence.hpp"

namespace geyser::metal {

using detail::text;

struct Context::Outcome {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t finished = 0;  // of those that are waited for, the number of the last one that is done
  std::uint64_t waited_for = 0;
  std::optional<GeyserError> failure;
  bool removed = false;
};

namespace {

std::string string_of(NSString* string) {
  const char* bytes = string != nil ? string.UTF8String : nullptr;
  return bytes != nullptr ? bytes : "";
}

Reference<NSArray*> all_devices() { return Reference<NSArray*>::adopt(MTLCopyAllDevices()); }

}  // namespace

Context::Context(Reference<id<MTLDevice>> device, Reference<id<MTLCommandQueue>> queue, DiagnosticHandler diagnostics)
    : device_(std::move(device)),
      queue_(std::move(queue)),
      diagnostics_(std::move(diagnostics)),
      outcome_(std::make_shared<Outcome>()) {
  identity_.metal_registry_id = this->device().registryID;
  identity_.device_name = string_of(this->device().name);
  identity_.driver_name = "Metal";
}

Result<std::shared_ptr<Context>> Context::create(const Options& options) {
  Reference<id<MTLDevice>> device;
  if (!options.registry_id) {
    device = Reference<id<MTLDevice>>::adopt(MTLCreateSystemDefaultDevice());
    if (!device) return fail(ErrorCode::not_available, "This system has no Metal device.");
  } else {
    std::string seen;
    const auto devices = all_devices();
    for (NSUInteger i = 0; devices && i < devices.get().count; ++i) {
      const auto candidate = Reference<id<MTLDevice>>::share([devices.get() objectAtIndex:i]);
      if (candidate.get().registryID == *options.registry_id) device = candidate;
      seen += text(seen.empty() ? "" : ", ", string_of(candidate.get().name), " (", candidate.get().registryID, ")");
    }
    if (!device) {
      return fail(ErrorCode::not_available, text("No Metal device has registry id [", *options.registry_id,
                                                 "]; there are [", seen.empty() ? "none" : seen, "]."));
    }
  }
  return wrap({device.pointer(), nullptr, options.diagnostics});
}

Result<std::shared_ptr<Context>> Context::wrap(const WrapOptions& options) {
  if (options.device == nullptr && options.queue == nullptr) {
    return fail(ErrorCode::invalid_argument, "Neither a device nor a command queue is given.");
  }
  auto queue = Reference<id<MTLCommandQueue>>::share_pointer(options.queue);
  auto device = options.device != nullptr ? Reference<id<MTLDevice>>::share_pointer(options.device)
                                          : Reference<id<MTLDevice>>::share(queue.get().device);
  if (queue && queue.get().device.registryID != device.get().registryID) {
    return fail(ErrorCode::invalid_argument,
                text("The command queue belongs to device [", queue.get().device.registryID, "], not to [",
                     device.get().registryID, "]."));
  }
  if (!queue) queue = Reference<id<MTLCommandQueue>>::adopt([device.get() newCommandQueue]);
  if (!queue) return fail(no_object("newCommandQueue"));
  return std::make_shared<Context>(std::move(device), std::move(queue), options.diagnostics);
}

Result<void> Context::take_failure() {
  const std::scoped_lock lock(outcome_->mutex);
  if (!outcome_->failure) return {};
  GeyserError error = *outcome_->failure;
  if (!outcome_->removed) outcome_->failure.reset();
  return fail(std::move(error));
}

void Context::note(Outcome& outcome, id<MTLCommandBuffer> commands) {
  if (commands.status != MTLCommandBufferStatusError) return;
  @autoreleasepool {
    NSError* error = commands.error;
    const std::scoped_lock lock(outcome.mutex);
    if (outcome.removed) return;
    outcome.failure = command_buffer_error(error.code, string_of(error.localizedDescription));
    outcome.removed = error.code == MTLCommandBufferErrorDeviceRemoved;
  }
}

Result<Reference<id<MTLCommandBuffer>>> Context::command_buffer() {
  if (auto good = take_failure(); !good) return fail(std::move(good.error()));
  @autoreleasepool {
    auto commands = Reference<id<MTLCommandBuffer>>::share([queue() commandBuffer]);
    if (!commands) return fail(no_object("commandBuffer"));
    return commands;
  }
}

void Context::commit(const Reference<id<MTLCommandBuffer>>& commands) {
  const std::shared_ptr<Outcome> outcome = outcome_;
  [commands.get() addCompletedHandler:^(id<MTLCommandBuffer> buffer) {
    note(*outcome, buffer);
  }];
  [commands.get() commit];
}

bool Context::commit_and_wait(const Reference<id<MTLCommandBuffer>>& commands, std::chrono::nanoseconds timeout) {
  const std::shared_ptr<Outcome> outcome = outcome_;
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(outcome->mutex);
    number = ++outcome->waited_for;
  }
  [commands.get() addCompletedHandler:^(id<MTLCommandBuffer> buffer) {
    note(*outcome, buffer);
    const std::scoped_lock lock(outcome->mutex);
    if (outcome->finished < number) outcome->finished = number;
    outcome->changed.notify_all();
  }];
  [commands.get() commit];
  // waitUntilCompleted has no end: a command buffer may wait for an event that a dead process was to signal.
  std::unique_lock lock(outcome->mutex);
  return outcome->changed.wait_for(lock, timeout, [&] { return outcome->finished >= number; });
}

Result<void> Context::finish(const Reference<id<MTLCommandBuffer>>& commands, std::chrono::nanoseconds timeout) {
  if (commit_and_wait(commands, timeout)) return take_failure();
  return fail(ErrorCode::timeout,
              text("The device is not done in [",
                   std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(), "] ms."));
}

GeyserError Context::explain(GeyserError error) {
  @autoreleasepool {
    const auto commands = Reference<id<MTLCommandBuffer>>::share([queue() commandBuffer]);
    if (commands) static_cast<void>(commit_and_wait(commands, std::chrono::milliseconds(100)));
  }
  const std::scoped_lock lock(outcome_->mutex);
  return outcome_->removed ? *outcome_->failure : std::move(error);
}

void Context::add_fence(const MetalFence& fence) {
  const std::scoped_lock lock(mutex_);
  fences_[fence.id()] = &fence;
}

void Context::remove_fence(const MetalFence& fence) noexcept {
  const std::scoped_lock lock(mutex_);
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

Reference<EventObject> Context::find_event(const SharedFence& fence) const {
  const std::scoped_lock lock(mutex_);
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second->event() : Reference<EventObject>();
}

}  // namespace geyser::metal
