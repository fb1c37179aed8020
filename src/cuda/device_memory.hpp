// Memory of the device by address: made here to be shared, or what another context or API has made.
#pragma once

#include <cstdint>
#include <memory>

#include <geyser/handle.hpp>
#include <geyser/layout.hpp>

#include "cuda/context.hpp"

namespace geyser::cuda {

// Freed when the stream is done with it.
class DeviceMemory {
 public:
  // The context must be current for each of these.
  // At least `size` bytes that can be exported: a multiple of what the device allocates.
  // `reader`, here and below: a device that copies from it, too; -1: none.
  static Result<DeviceMemory> create(const std::shared_ptr<Context>& context, std::uint64_t size,
                                     driver::Device reader = -1);
  // `of_cuda`: what share() gives, of which a reference of its own is taken; else another API's, whose handle it
  // consumes on success. `reader`: a device that copies from it, too; -1: none. Errors: incompatible_layout (the memory
  // is not what the layout says), the driver's.
  static Result<DeviceMemory> import(const std::shared_ptr<Context>& context, const MemoryLayout& layout, bool of_cuda,
                                     OwnedHandle& handle, driver::Device reader = -1);
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&&) = delete;
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  ~DeviceMemory();

  driver::DevicePointer pointer() const noexcept { return pointer_; }
  std::uint64_t size() const noexcept { return size_; }
  // A descriptor of it. Errors: unsupported (it was imported).
  Result<OwnedHandle> share() const;

 private:
  explicit DeviceMemory(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  // The allocation at an address of its own, for this device and, where the two reach each other, `reader`.
  Result<void> map(driver::Device reader);
  Result<void> take(const MemoryLayout& layout, OwnedHandle& handle);

  std::shared_ptr<Context> context_;
  std::uint64_t size_ = 0;
  bool made_here_ = false;
  driver::Allocation allocation_ = 0;        // of the VMM API,
  bool mapped_ = false;                      // and it is at pointer_
  driver::ExternalMemory memory_ = nullptr;  // another API's
  driver::DevicePointer pointer_ = 0;
};

// Whether the device makes memory that can be exported.
bool makes_device_memory(const Context& context);

}  // namespace geyser::cuda
