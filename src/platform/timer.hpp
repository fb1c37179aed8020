// Becomes readable at a time, so that a poller wakes for it.
#pragma once

#include <chrono>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// Thread safety: one thread at a time.
class GEYSER_API Timer {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<Timer> create();
  // Readable from then on, until the next set() or clear(). A time that is over: at once. One system call.
  void set(std::chrono::steady_clock::time_point when) noexcept;
  void clear() noexcept;
  [[nodiscard]] NativeHandle native() const noexcept { return handle_.get(); }

 private:
  OwnedHandle handle_;
};

}  // namespace geyser::platform
