// MTLSharedEvents, for Metal and for Vulkan on it: plain pointers, so that C++ reads it, too.
#pragma once

#include <cstdint>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

namespace geyser::surface {

// A counted reference to an id<MTLSharedEvent>.
class SharedEvent {
 public:
  // The event of a handle, on an id<MTLDevice>. Borrows both.
  // Errors: invalid_handle (no MTLSharedEventHandle, or one that the device does not open).
  static Result<SharedEvent> open(void* device, const OwnedHandle& handle);
  // With a reference of its own; not null.
  static SharedEvent share(void* event) noexcept;
  SharedEvent(SharedEvent&& other) noexcept;
  SharedEvent& operator=(SharedEvent&& other) noexcept;
  ~SharedEvent();

  void* get() const noexcept { return event_; }
  // Gives the reference away.
  void* detach() && noexcept;
  std::uint64_t value() const noexcept;
  // A new MTLSharedEventHandle. Errors: out_of_memory, operating_system.
  Result<OwnedHandle> handle() const;

 private:
  explicit SharedEvent(void* event) noexcept : event_(event) {}
  void* event_ = nullptr;
};

// Of an id<MTLDevice>.
std::uint64_t registry_id(void* device) noexcept;

}  // namespace geyser::surface
