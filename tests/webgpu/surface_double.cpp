#include "surface_double.hpp"

#include <utility>

#include "common/text.hpp"
#include "maker.hpp"
#include "surface/shared_event.hpp"
#include "surface/surface.hpp"

namespace geyser::test {

namespace {

int alive = 0;

}  // namespace

int events() noexcept { return alive; }

Event* make_event(OwnedHandle handle) {
  ++alive;
  auto* event = new Event;
  event->object = object_of(handle.get());
  event->handle = std::move(handle);
  return event;
}

void retain_event(Event& event) noexcept { ++event.references; }

void release_event(Event& event) noexcept {
  if (--event.references != 0) return;
  --alive;
  delete &event;
}

__IOSurface& the_surface() noexcept {
  static __IOSurface surface;
  return surface;
}

void*& event_device() noexcept {
  static void* device = nullptr;
  return device;
}

}  // namespace geyser::test

namespace geyser::surface {

Surface::Surface(IOSurfaceRef surface) noexcept : surface_(surface) { ++surface->uses; }
Surface::Surface(Surface&& other) noexcept : surface_(std::exchange(other.surface_, nullptr)) {}
Surface& Surface::operator=(Surface&& other) noexcept {
  std::swap(surface_, other.surface_);
  return *this;
}
Surface::~Surface() {
  if (surface_ == nullptr) return;
  --surface_->uses;
  --surface_->references;
}

Result<Surface> Surface::open(const OwnedHandle& right) {
  IOSurfaceRef found = &test::the_surface();
  if (test::object_of(right.get()) != found->object) {
    return fail(ErrorCode::invalid_handle, "The right is no surface's.");
  }
  ++found->references;
  return Surface(found);
}

Result<void> Surface::check(const TextureDescriptor& descriptor) const {
  if (descriptor.extent.width == surface_->width && descriptor.extent.height == surface_->height) return {};
  return fail(ErrorCode::incompatible_layout, "The surface has another extent.");
}

Result<SharedEvent> SharedEvent::open(void* device, const OwnedHandle& handle) {
  test::event_device() = device;
  auto copy = handle.duplicate();
  if (!copy) return fail(std::move(copy.error()));
  return SharedEvent(test::make_event(*std::move(copy)));
}
SharedEvent SharedEvent::share(void* event) noexcept {
  test::retain_event(*static_cast<test::Event*>(event));
  return SharedEvent(event);
}
SharedEvent::SharedEvent(SharedEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
SharedEvent& SharedEvent::operator=(SharedEvent&& other) noexcept {
  std::swap(event_, other.event_);
  return *this;
}
SharedEvent::~SharedEvent() {
  if (event_ != nullptr) test::release_event(*static_cast<test::Event*>(event_));
}
Result<OwnedHandle> SharedEvent::handle() const { return static_cast<test::Event*>(event_)->handle.duplicate(); }

std::uint64_t registry_id(void* device) noexcept { return reinterpret_cast<std::uintptr_t>(device); }

}  // namespace geyser::surface
