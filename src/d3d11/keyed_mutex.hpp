// IDXGIKeyedMutex: the lock that a shared texture may carry.
#pragma once

#include <chrono>

#include <geyser/error.hpp>

#include "d3d11/context.hpp"

namespace geyser::d3d11 {

class KeyedMutex {
 public:
  KeyedMutex() = default;
  // Empty where the resource has none.
  static KeyedMutex of(const Com<ID3D11Resource>& resource) { return KeyedMutex(resource.query<IDXGIKeyedMutex>()); }

  explicit operator bool() const noexcept { return bool(mutex_); }
  IDXGIKeyedMutex* get() const noexcept { return mutex_.get(); }
  // Errors: timeout (another holds it), abandoned (a holder died; from then on without asking), device_lost,
  // operating_system.
  Result<void> acquire(const Context& context, std::chrono::nanoseconds timeout);
  // The next holder's commands come after those of this device that have been recorded. Errors: device_lost and others.
  Result<void> release(const Context& context);

 private:
  explicit KeyedMutex(Com<IDXGIKeyedMutex> mutex) : mutex_(std::move(mutex)) {}

  Com<IDXGIKeyedMutex> mutex_;
  bool abandoned_ = false;
};

}  // namespace geyser::d3d11
