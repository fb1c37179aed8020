// Surfaces and events as the Metal side of the WebGPU backend uses them (src/surface), counted. Rights and handles are
// descriptors of files; surfaces are found by theirs.
#pragma once

#include <cstdint>

#include <IOSurface/IOSurface.h>

#include <geyser/handle.hpp>

struct __IOSurface {
  std::uint64_t object = 0;
  std::uint32_t width = 0, height = 0;
  int references = 0;
  int uses = 0;
};

namespace geyser::test {

struct Event {
  std::uint64_t object = 0;
  int references = 1;
  OwnedHandle handle;
};
// Alive.
int events() noexcept;
Event* make_event(OwnedHandle handle);
void retain_event(Event& event) noexcept;
void release_event(Event& event) noexcept;

// The one surface, of a file of that number; and the last device that an event was opened on.
__IOSurface& the_surface() noexcept;
void*& event_device() noexcept;

}  // namespace geyser::test
