// Shared memory of the host's that the device uses in place, or copies to and from.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <geyser/handle.hpp>

#include "cuda/context.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::cuda {

// Unmapped when the stream is done with it.
class HostPages {
 public:
  // The context must be current for each of these. `handle` is the object's on success.
  // Errors: those of map_shared_memory(); with `in_place` also the driver's, when it does not take the pages.
  static Result<HostPages> open(const std::shared_ptr<Context>& context, OwnedHandle handle, std::uint64_t size,
                                bool in_place);
  HostPages(HostPages&& other) noexcept = default;
  HostPages& operator=(HostPages&&) = delete;
  HostPages(const HostPages&) = delete;
  HostPages& operator=(const HostPages&) = delete;
  ~HostPages();

  std::byte* data() const noexcept { return mapping_->bytes().data(); }
  // Where the device has them; 0 unless in place.
  driver::DevicePointer pointer() const noexcept { return pointer_; }
  const OwnedHandle& handle() const noexcept { return handle_; }

 private:
  HostPages(std::shared_ptr<Context> context, OwnedHandle handle, platform::MappedMemory mapping);

  std::shared_ptr<Context> context_;
  OwnedHandle handle_;
  std::shared_ptr<platform::MappedMemory> mapping_;  // null: moved from
  bool registered_ = false;
  driver::DevicePointer pointer_ = 0;
};

// Whether the device takes such pages; asked by doing. The context must be current.
bool takes_host_pages(const std::shared_ptr<Context>& context);

}  // namespace geyser::cuda
