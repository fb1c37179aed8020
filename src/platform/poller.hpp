// Waits for any of several handles.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// Thread safety: add and remove from any thread, wait from one.
class GEYSER_API Poller {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<Poller> create();
  // `handle` is borrowed; remove it before it is closed. Errors: operating_system (also: it is there already).
  [[nodiscard]] Result<void> add(NativeHandle handle, std::uint64_t key);
  void remove(NativeHandle handle) noexcept;
  // Keys of handles that are readable or whose other end is gone. Gives their number, 0 after `timeout`.
  // Errors: operating_system.
  [[nodiscard]] Result<std::size_t> wait(std::span<std::uint64_t> keys, std::chrono::nanoseconds timeout);
  // Brings native() up to date after handles have been read otherwise than by what wait() said. Nothing to do on Linux.
  void refresh() noexcept;
  // Itself pollable (readable: wait() would not sleep); borrowed.
  [[nodiscard]] NativeHandle native() const noexcept { return handle_.get(); }

 private:
  struct State;
  OwnedHandle handle_;
  std::shared_ptr<State> state_;  // Windows, Apple's systems: what is watched
};

}  // namespace geyser::platform
