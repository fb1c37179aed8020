#include <array>

#include "cuda/external_handle.hpp"

namespace geyser::cuda {

const char* driver_library() noexcept { return "libcuda.so.1"; }

void read_luid(const Functions&, driver::Device, DeviceIdentity&) noexcept {}

std::span<const HandleKind> external_memory_kinds() noexcept {
  static constexpr std::array<HandleKind, 1> kinds{HandleKind::opaque_fd};
  return kinds;
}

std::span<const FenceKind> external_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 2> kinds{FenceKind::opaque_fd_timeline, FenceKind::opaque_fd_binary};
  return kinds;
}

driver::ExternalMemoryHandle describe_memory(const MemoryLayout& layout, const OwnedHandle& handle) noexcept {
  driver::ExternalMemoryHandle description;
  description.type = driver::memory_opaque_fd;
  description.fd = static_cast<int>(handle.get());
  description.size = layout.allocation_size;
  description.flags = layout.dedicated ? driver::memory_dedicated : 0;
  return description;
}

driver::ExternalMemoryHandle describe_memory(const ApiTextureHandle& parcel) noexcept {
  return describe_memory(parcel.layout, parcel.handles[0]);
}

driver::ExternalSemaphoreHandle describe_semaphore(FenceKind kind, const OwnedHandle& handle) noexcept {
  driver::ExternalSemaphoreHandle description;
  description.type =
      kind == FenceKind::opaque_fd_timeline ? driver::semaphore_timeline_fd : driver::semaphore_opaque_fd;
  description.fd = static_cast<int>(handle.get());
  return description;
}

// CUDA takes a descriptor over.
void settle_imported(OwnedHandle& handle) noexcept { static_cast<void>(handle.detach()); }

}  // namespace geyser::cuda
