// Memory, mutexes and counters that programs of one session meet at by name, as other people's protocols have them.
// Geyser's own objects have no names. Names are bytes, as their makers give them, without a directory.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

#include "platform/shared_memory.hpp"

namespace geyser::platform {

class GEYSER_API NamedMemory {
 public:
  // What is there keeps its size, which may be another. Errors: invalid_argument (no name), operating_system.
  [[nodiscard]] static Result<NamedMemory> create(const std::string& name, std::size_t size);
  // Errors: not_available (nobody has it), invalid_argument, operating_system.
  [[nodiscard]] static Result<NamedMemory> open(const std::string& name);
  // As large as it really is, in whole pages. Everybody may write it at any time.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return mapping_.bytes(); }
  [[nodiscard]] bool existed() const noexcept { return existed_; }

 private:
  [[nodiscard]] Result<void> map();
  OwnedHandle handle_;
  MappedMemory mapping_;
  bool existed_ = false;
};

class GEYSER_API NamedMutex {
 public:
  // Made where it is not there. Errors: invalid_argument, operating_system.
  [[nodiscard]] static Result<NamedMutex> create(const std::string& name);
  // Of this thread until unlock(), by which it is to be followed. One whose holder died is had all the same.
  // Errors: timeout, operating_system.
  [[nodiscard]] Result<void> lock(std::chrono::milliseconds timeout) const;
  void unlock() const noexcept;

 private:
  OwnedHandle handle_;
  std::string name_;
};

// A semaphore that is used as a number: it is never waited for.
class GEYSER_API NamedCounter {
 public:
  // Made with 1 where it is not there. Errors: invalid_argument, operating_system.
  [[nodiscard]] static Result<NamedCounter> create(const std::string& name);
  // Errors: operating_system.
  [[nodiscard]] Result<std::uint32_t> read() const;
  [[nodiscard]] Result<void> increment() const;

 private:
  [[nodiscard]] Result<std::uint32_t> add(std::int32_t more) const;
  OwnedHandle handle_;
};

}  // namespace geyser::platform
