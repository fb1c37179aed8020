// Copies a whole texture between WebGPU and host-packed memory, whose rows suit WebGPU's copies as they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include <geyser/descriptor.hpp>

#include "webgpu/device.hpp"

namespace geyser::webgpu {

class Staging {
 public:
  // Whether upload() and download() work for a format.
  static bool can_copy(TextureFormat format) noexcept;
  // `texture` stays the caller's and must outlive this.
  static Result<Staging> create(const std::shared_ptr<Device>& device, const TextureDescriptor& descriptor,
                                WGPUTexture texture);
  Staging(Staging&& other) noexcept;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging();

  // Queued; the memory may change after the call. Gives the bytes copied.
  Result<std::uint64_t> upload(std::span<const std::byte> memory);
  // Waits for the device. Gives the bytes copied.
  Result<std::uint64_t> download(std::span<std::byte> memory, std::chrono::nanoseconds timeout);

 private:
  Staging(std::shared_ptr<Device> device, const TextureDescriptor& descriptor, WGPUTexture texture);
  template <typename Visit>
  void each_subresource(Visit visit) const;

  std::shared_ptr<Device> device_;
  TextureDescriptor descriptor_;
  WGPUTexture texture_;
  WGPUBuffer buffer_ = nullptr;
};

}  // namespace geyser::webgpu
