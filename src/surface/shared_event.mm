#include "surface/shared_event.hpp"

#import <Metal/Metal.h>

#include <utility>

#include "common/text.hpp"
#include "platform/apple/handles.hpp"
#include "surface/reference.hpp"

namespace geyser::surface {

namespace {

using Event = Reference<id<MTLSharedEvent>>;
using Device = Reference<id<MTLDevice>>;

}  // namespace

Result<SharedEvent> SharedEvent::open(void* device, const OwnedHandle& handle) {
  const auto object = Reference<MTLSharedEventHandle*>::adopt_pointer(platform::retained_object_of(handle));
  if (!object || ![object.get() isKindOfClass:[MTLSharedEventHandle class]]) {
    return fail(ErrorCode::invalid_handle, "The handle is no MTLSharedEventHandle.");
  }
  const auto on = Device::share_pointer(device);
  auto event = Event::adopt([on.get() newSharedEventWithHandle:object.get()]);
  if (!event) {
    return fail(ErrorCode::invalid_handle,
                detail::text("The device [", registry_id(device), "] does not open the shared event."));
  }
  return SharedEvent(std::move(event).detach());
}

SharedEvent SharedEvent::share(void* event) noexcept { return SharedEvent(Event::share_pointer(event).detach()); }

SharedEvent::SharedEvent(SharedEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}

SharedEvent& SharedEvent::operator=(SharedEvent&& other) noexcept {
  std::swap(event_, other.event_);
  return *this;
}

SharedEvent::~SharedEvent() { const auto last = Event::adopt_pointer(event_); }

void* SharedEvent::detach() && noexcept { return std::exchange(event_, nullptr); }

std::uint64_t SharedEvent::value() const noexcept { return Event::share_pointer(event_).get().signaledValue; }

Result<OwnedHandle> SharedEvent::handle() const {
  auto object =
      Reference<MTLSharedEventHandle*>::adopt([Event::share_pointer(event_).get() newSharedEventHandle]);
  if (!object) return fail(ErrorCode::out_of_memory, "newSharedEventHandle gives nil.");
  OwnedHandle handle = platform::adopt_object(HandleKind::metal_shared_event, std::move(object).detach());
  if (!handle.has_value()) return fail(ErrorCode::operating_system, "The event's handle cannot be kept.");
  return handle;
}

std::uint64_t registry_id(void* device) noexcept { return Device::share_pointer(device).get().registryID; }

}  // namespace geyser::surface
