// A counted reference to an Objective-C object, or to one of CoreFoundation's kind. Right with and without automatic
// reference counting: with it the compiler counts what it knows as objects, and this class only what it does not.
//
// Objective-C++ only. The names of methods say who owns what they give: `new...`, `copy...`, `create...` and
// `...Copy...` functions give a reference away (adopt), all others lend one (share).
#pragma once

#import <Foundation/Foundation.h>

#include <type_traits>
#include <utility>

#include <IOSurface/IOSurface.h>

namespace geyser::surface {

template <typename T>
inline constexpr bool is_core_foundation = std::is_same_v<T, IOSurfaceRef>;

template <typename T>
class Reference {
 public:
  Reference() noexcept = default;
  // Takes over the reference that `object` came with.
  [[nodiscard]] static Reference adopt(T object) noexcept { return Reference(object); }
  // Adds one.
  [[nodiscard]] static Reference share(T object) noexcept {
    retain(object);
    return Reference(object);
  }
  Reference(const Reference& other) noexcept : object_(other.object_) { retain(object_); }
  Reference(Reference&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Reference& operator=(Reference other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() { release(object_); }

  [[nodiscard]] T get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

  // As a plain pointer: for public headers, which C++ reads, too. Borrowed.
  [[nodiscard]] void* pointer() const noexcept { return (__bridge void*)object_; }
  // Gives the reference away, or takes one over, as a plain pointer.
  [[nodiscard]] void* detach() && noexcept {
#if __has_feature(objc_arc)
    return (__bridge_retained void*)std::exchange(object_, nullptr);
#else
    return (void*)std::exchange(object_, nullptr);
#endif
  }
  [[nodiscard]] static Reference adopt_pointer(void* pointer) noexcept {
#if __has_feature(objc_arc)
    return Reference((__bridge_transfer T)pointer);
#else
    return Reference((T)pointer);
#endif
  }
  [[nodiscard]] static Reference share_pointer(void* pointer) noexcept { return share((__bridge T)pointer); }

 private:
  explicit Reference(T object) noexcept : object_(object) {}
  static void retain([[maybe_unused]] T object) noexcept {
    if constexpr (is_core_foundation<T>) {
      if (object != nullptr) CFRetain(object);
    } else {
#if !__has_feature(objc_arc)
      [object retain];
#endif
    }
  }
  static void release([[maybe_unused]] T object) noexcept {
    if constexpr (is_core_foundation<T>) {
      if (object != nullptr) CFRelease(object);
    } else {
#if !__has_feature(objc_arc)
      [object release];
#endif
    }
  }
  T object_ = nullptr;
};

}  // namespace geyser::surface
