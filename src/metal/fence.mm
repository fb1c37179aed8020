#include "metal/fence.hpp"

#include <utility>

#include "common/text.hpp"
#include "metal/error.hpp"
#include "surface/shared_event.hpp"

namespace geyser::metal {

using detail::text;

std::vector<FenceCapability> fence_capabilities() {
  return {{FenceKind::metal_shared_event, true, true, true}, {FenceKind::host_timeline, true, true, false}};
}

MetalFence::MetalFence(std::shared_ptr<Context> context, FenceId id, std::uint64_t value, Reference<EventObject> event)
    : SharedFence(FenceKind::metal_shared_event, id, value), context_(std::move(context)), event_(std::move(event)) {
  context_->add_fence(*this);
}

MetalFence::~MetalFence() { context_->remove_fence(*this); }

Result<std::uint64_t> MetalFence::do_completed_value() const { return event_.get().signaledValue; }

Result<void> MetalFence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  if (event_.get().signaledValue >= value) return {};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const auto limit = static_cast<std::uint64_t>(milliseconds > 0 ? milliseconds : 0);
  if (limit != 0 && [event_.get() waitUntilSignaledValue:value timeoutMS:limit]) return {};
  const std::uint64_t now = event_.get().signaledValue;
  if (now >= value) return {};
  return fail(ErrorCode::timeout,
              text("Fence [", id(), "] does not reach value [", value, "] in [", limit, "] ms; it is at [", now, "]."));
}

Result<void> MetalFence::do_signal(std::uint64_t value) {
  const std::uint64_t now = event_.get().signaledValue;
  if (value <= now) {
    return fail(ErrorCode::invalid_argument,
                text("Fence value [", value, "] is not larger than the current value [", now, "]."));
  }
  event_.get().signaledValue = value;
  return {};
}

Result<FenceHandle> MetalFence::do_export() const {
  auto handle = surface::SharedEvent::share(event_.pointer()).handle();
  if (!handle) return fail(std::move(handle.error()));
  return FenceHandle{kind(), id(), event_.get().signaledValue, *std::move(handle)};
}

// For Dawn, which signals only its own event.
Result<void> MetalFence::do_signal_after(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) {
  const OwnedHandle owned = std::move(after);
  auto theirs = surface::SharedEvent::open((__bridge void*)context_->device(), owned);
  if (!theirs) return fail(std::move(theirs.error()));
  const auto event = Reference<EventObject>::adopt_pointer(std::move(*theirs).detach());
  auto commands = context_->command_buffer();
  if (!commands) return fail(std::move(commands.error()));
  [commands->get() encodeWaitForEvent:event.get() value:after_value];
  [commands->get() encodeSignalEvent:event_.get() value:value];
  context_->commit(*commands);
  return {};
}

Result<std::shared_ptr<SharedFence>> create_fence(const std::shared_ptr<Context>& context) {
  auto event = Reference<EventObject>::adopt([context->device() newSharedEvent]);
  if (!event) return fail(no_object("newSharedEvent"));
  return std::make_shared<MetalFence>(context, 0, 0, std::move(event));
}

Result<std::shared_ptr<SharedFence>> import_fence(const std::shared_ptr<Context>& context, FenceHandle&& handle) {
  auto event = surface::SharedEvent::open((__bridge void*)context->device(), handle.handle);
  if (!event) return fail(std::move(event.error()).during(text("opening fence [", handle.id, "]")));
  return std::make_shared<MetalFence>(context, handle.id, handle.value,
                                      Reference<EventObject>::adopt_pointer(std::move(*event).detach()));
}

}  // namespace geyser::metal
