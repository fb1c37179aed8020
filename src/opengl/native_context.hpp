// The system's side of a context: EGL (egl_context.cpp), WGL (wgl_context.cpp) or CGL (cgl_context.cpp). It has no
// state of GL's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <geyser/opengl.hpp>

namespace geyser::opengl {

class NativeContext {
 public:
  // A context of its own, not current yet. Errors: not_available.
  static Result<std::unique_ptr<NativeContext>> create(const Options& options);
  // The caller's, which is current on this thread. Errors: not_available.
  static Result<std::unique_ptr<NativeContext>> wrap();
  virtual ~NativeContext() = default;
  NativeContext(const NativeContext&) = delete;
  NativeContext& operator=(const NativeContext&) = delete;

  bool is_owned() const noexcept { return owned_; }
  bool is_es() const noexcept { return es_; }
  // Null when the system has no such function. It may have one that the driver has not: ask for the extension, too.
  virtual Procedure procedure(const char* name) const noexcept = 0;

  virtual bool is_current() const noexcept = 0;
  virtual Result<void> make_current() const = 0;
  // Leaves none current.
  virtual void release_current() const noexcept = 0;
  // What is current on this thread now, whosever it is, and back to that.
  struct Held {
    std::array<void*, 4> parts{};
  };
  virtual Held held() const noexcept = 0;
  virtual void bring_back(const Held& held) const noexcept = 0;

  // Whether what crosses on this system are descriptors. A driver's extensions may say so where they are not: Wine
  // hands through those of the system below it.
  virtual bool has_descriptors() const noexcept = 0;
  // Whether it is IOSurfaces, and all there is: OpenGL ends at 4.1 there, and has neither storage that is made at once
  // nor copies between formats.
  virtual bool has_surfaces() const noexcept { return false; }
  // Adds what the system says of the device, and OpenGL does not.
  virtual void describe(DeviceIdentity&) const {}

  // How many devices Options::device_index chooses from.
  virtual std::uint32_t device_count() const { return 0; }
  // Where a context of the first device turned out to render in software: the device to make it on instead, if any.
  virtual std::optional<std::uint32_t> better_software_device() const { return std::nullopt; }

 protected:
  NativeContext(bool owned, bool es) noexcept : owned_(owned), es_(es) {}

 private:
  bool owned_;

 protected:
  bool es_;  // of a caller's it is found out
};

}  // namespace geyser::opengl
