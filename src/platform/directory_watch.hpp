// Tells that something has changed in a directory: entries that come and go, and files that are closed, which is how
// the death of a process shows that kept one open.
#pragma once

#include <memory>
#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

class GEYSER_API DirectoryWatch {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<DirectoryWatch> create(const std::string& path);
  // Whether anything has happened since the last call. Never waits. Errors: operating_system.
  [[nodiscard]] Result<bool> drain();
  // Pollable; borrowed.
  [[nodiscard]] NativeHandle native() const noexcept { return handle_.get(); }

 private:
  struct State;
  OwnedHandle handle_;
  std::shared_ptr<State> state_;  // Apple's systems: what is watched
};

}  // namespace geyser::platform
