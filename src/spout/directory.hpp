// The list of senders, and the descriptions of single ones.
#pragma once

#include <chrono>

#include <geyser/spout.hpp>

#include "platform/win32/named_objects.hpp"

namespace geyser::spout {

// As long as Spout itself waits for its mutexes: four frames at 60 a second.
inline constexpr std::chrono::milliseconds lock_time{67};

// Unlocks at its end.
class Locked {
 public:
  [[nodiscard]] static Result<Locked> lock(const platform::NamedMutex& mutex);
  Locked(Locked&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
  Locked& operator=(Locked&&) = delete;
  ~Locked() {
    if (mutex_ != nullptr) mutex_->unlock();
  }

 private:
  explicit Locked(const platform::NamedMutex& mutex) : mutex_(&mutex) {}
  const platform::NamedMutex* mutex_;
};

// One of Spout's maps with its mutex.
class Map {
 public:
  [[nodiscard]] static Result<Map> create(const std::string& name, std::size_t size);
  // Errors: not_available.
  [[nodiscard]] static Result<Map> open(const std::string& name);
  [[nodiscard]] Result<Locked> lock() const { return Locked::lock(mutex_); }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return memory_.bytes(); }
  [[nodiscard]] bool existed() const noexcept { return memory_.existed(); }

 private:
  static Result<Map> with_mutex(Result<platform::NamedMemory> memory, const std::string& name);
  platform::NamedMemory memory_;
  platform::NamedMutex mutex_;
};

// One sender's description. Errors: not_available (it is gone), timeout.
[[nodiscard]] Result<SenderInfo> read_sender(const std::string& name);

}  // namespace geyser::spout
