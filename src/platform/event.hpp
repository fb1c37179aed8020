// A flag that threads of one process raise, and that can be polled.
#pragma once

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// Thread safety: all calls from any thread.
class GEYSER_API Event {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<Event> create();
  void signal() noexcept;
  void clear() noexcept;
  // Readable from signal() until clear(); borrowed.
  [[nodiscard]] NativeHandle native() const noexcept { return handle_.get(); }

 private:
  OwnedHandle handle_;
};

}  // namespace geyser::platform
