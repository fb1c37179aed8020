// A DRM node and GBM's driver on it.
#pragma once

#include <memory>
#include <string>

#include <geyser/gbm.hpp>
#include <geyser/identity.hpp>

#include "gbm/loader.hpp"

namespace geyser::gbm {

class Device {
 public:
  // Errors: not_available (no such node, or GBM has no driver for it).
  static Result<std::shared_ptr<Device>> open(const platform::DynamicLibrary& library, const std::string& path,
                                              bool scanout);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Functions& functions() const noexcept { return functions_; }
  Gbm* handle() const noexcept { return gbm_; }
  NativeHandle node() const noexcept { return node_.get(); }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  // Of every buffer that is made here.
  std::uint32_t use() const noexcept { return use_; }

 private:
  Device() = default;

  platform::DynamicLibrary library_;
  Functions functions_;
  OwnedHandle node_;
  Gbm* gbm_ = nullptr;
  DeviceIdentity identity_;
  std::uint32_t use_ = use_rendering;
};

}  // namespace geyser::gbm
