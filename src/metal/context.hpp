// A device with its command queue, and the fences that are known on it. Objective-C++ only.
#pragma once

#import <Metal/Metal.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include <geyser/identity.hpp>
#include <geyser/metal.hpp>

#include "metal/reference.hpp"

namespace geyser::metal {

class MetalFence;

// SharedFence has a member `id`.
using EventObject = id<MTLSharedEvent>;

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(const Options& options);
  static Result<std::shared_ptr<Context>> wrap(const WrapOptions& options);
  Context(Reference<id<MTLDevice>> device, Reference<id<MTLCommandQueue>> queue, DiagnosticHandler diagnostics);

  id<MTLDevice> device() const noexcept { return device_.get(); }
  id<MTLCommandQueue> queue() const noexcept { return queue_.get(); }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }

  // A new command buffer that nothing has failed before. Errors: device_lost and others: what a command buffer of
  // Geyser's has failed with, once for each of them; a removed device again and again.
  Result<Reference<id<MTLCommandBuffer>>> command_buffer();
  // Commits it; what becomes of it is told by a later call.
  void commit(const Reference<id<MTLCommandBuffer>>& commands);
  // Commits it and waits for everything on the queue, at most `timeout`. Errors: timeout, as command_buffer().
  Result<void> finish(const Reference<id<MTLCommandBuffer>>& commands, std::chrono::nanoseconds timeout);

  // What `error`, of a call that has given no object, comes of: device_lost where an empty command buffer says that the
  // device is gone, else itself.
  GeyserError explain(GeyserError error);

  // Fences by id; both are MetalFence's.
  void add_fence(const MetalFence& fence);
  void remove_fence(const MetalFence& fence) noexcept;
  // The event of a fence of that id; null when it is none of this device's.
  Reference<EventObject> find_event(const SharedFence& fence) const;

 private:
  struct Outcome;  // outlives the context: handlers of the device's threads write it
  static void note(Outcome& outcome, id<MTLCommandBuffer> commands);
  Result<void> take_failure();
  // False: not done in that time.
  bool commit_and_wait(const Reference<id<MTLCommandBuffer>>& commands, std::chrono::nanoseconds timeout);

  Reference<id<MTLDevice>> device_;
  Reference<id<MTLCommandQueue>> queue_;
  DiagnosticHandler diagnostics_;
  DeviceIdentity identity_;
  std::shared_ptr<Outcome> outcome_;
  mutable std::mutex mutex_;  // of what follows
  std::map<FenceId, const MetalFence*> fences_;
};

}  // namespace geyser::metal
