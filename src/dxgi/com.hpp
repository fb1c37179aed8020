// A counted reference of a COM object.
#pragma once

#include <unknwn.h>

#include <utility>

namespace geyser::dxgi {

template <typename T>
class Com {
 public:
  Com() noexcept = default;
  Com(const Com& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) object_->AddRef();
  }
  Com(Com&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Com& operator=(Com other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Com() {
    if (object_ != nullptr) object_->Release();
  }

  // Takes over the caller's reference.
  [[nodiscard]] static Com adopt(T* object) noexcept {
    Com out;
    out.object_ = object;
    return out;
  }
  // Adds a reference; the caller keeps its own.
  [[nodiscard]] static Com share(T* object) noexcept {
    if (object != nullptr) object->AddRef();
    return adopt(object);
  }
  // The same object by another of its interfaces; null where it has none, which `result` then says.
  template <typename U>
  [[nodiscard]] Com<U> query(HRESULT* result = nullptr) const noexcept {
    Com<U> out;
    const HRESULT asked = object_ != nullptr ? object_->QueryInterface(__uuidof(U), out.receive()) : E_POINTER;
    if (result != nullptr) *result = asked;
    return FAILED(asked) ? Com<U>() : out;
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  // For calls that give a reference: what was held before is dropped.
  [[nodiscard]] T** put() noexcept {
    reset();
    return &object_;
  }
  [[nodiscard]] void** receive() noexcept { return reinterpret_cast<void**>(put()); }
  void reset() noexcept { *this = Com(); }

 private:
  T* object_ = nullptr;
};

}  // namespace geyser::dxgi
