#include <array>
#include <cstring>

#include "cuda/external_handle.hpp"

namespace geyser::cuda {

namespace {

int semaphore_type(FenceKind kind) noexcept {
  if (kind == FenceKind::d3d12_fence) return driver::semaphore_d3d12_fence;
  return kind == FenceKind::opaque_win32_timeline ? driver::semaphore_timeline_win32 : driver::semaphore_opaque_win32;
}

// CUDA takes a handle, and a number, as a pointer.
void* pointer_of(const OwnedHandle& handle) noexcept { return reinterpret_cast<void*>(handle.get()); }

int memory_type(const ApiTextureHandle& parcel) noexcept {
  switch (parcel.kind) {
    case HandleKind::opaque_win32_kmt:
      return driver::memory_opaque_win32_kmt;
    case HandleKind::d3d_kmt:
      return driver::memory_d3d11_resource_kmt;
    case HandleKind::d3d_nt:
      if (parcel.api != Api::d3d12) return driver::memory_d3d11_resource;
      return parcel.layout.dedicated ? driver::memory_d3d12_resource : driver::memory_d3d12_heap;
    default:
      return driver::memory_opaque_win32;
  }
}

}  // namespace

const char* driver_library() noexcept { return "nvcuda.dll"; }

void read_luid(const Functions& functions, driver::Device device, DeviceIdentity& identity) noexcept {
  std::array<char, 8> luid{};
  unsigned node_mask = 0;
  if (functions.cuDeviceGetLuid == nullptr ||
      functions.cuDeviceGetLuid(luid.data(), &node_mask, device) != driver::success) {
    return;
  }
  identity.has_luid = true;
  std::memcpy(identity.luid.data(), luid.data(), luid.size());
  identity.node_mask = node_mask;
}

std::span<const HandleKind> external_memory_kinds() noexcept {
  static constexpr std::array<HandleKind, 4> kinds{HandleKind::opaque_win32, HandleKind::opaque_win32_kmt,
                                                   HandleKind::d3d_nt, HandleKind::d3d_kmt};
  return kinds;
}

std::span<const FenceKind> external_fence_kinds() noexcept {
  static constexpr std::array<FenceKind, 3> kinds{FenceKind::opaque_win32_timeline, FenceKind::d3d12_fence,
                                                  FenceKind::opaque_win32_binary};
  return kinds;
}

driver::ExternalMemoryHandle describe_memory(const MemoryLayout& layout, const OwnedHandle& handle) noexcept {
  driver::ExternalMemoryHandle description;
  description.type = driver::memory_opaque_win32;
  description.win32.handle = pointer_of(handle);
  description.size = layout.allocation_size;
  description.flags = layout.dedicated ? driver::memory_dedicated : 0;
  return description;
}

// CUDA wants a texture of Direct3D's to be said to be an allocation of its own, which it always is.
driver::ExternalMemoryHandle describe_memory(const ApiTextureHandle& parcel) noexcept {
  driver::ExternalMemoryHandle description = describe_memory(parcel.layout, parcel.handles[0]);
  description.type = memory_type(parcel);
  const bool texture = description.type == driver::memory_d3d12_resource ||
                       description.type == driver::memory_d3d11_resource ||
                       description.type == driver::memory_d3d11_resource_kmt;
  if (texture) description.flags = driver::memory_dedicated;
  return description;
}

driver::ExternalSemaphoreHandle describe_semaphore(FenceKind kind, const OwnedHandle& handle) noexcept {
  driver::ExternalSemaphoreHandle description;
  description.type = semaphore_type(kind);
  description.win32.handle = pointer_of(handle);
  return description;
}

// CUDA never takes a Win32 handle over: it has a reference of its own.
void settle_imported(OwnedHandle& handle) noexcept { handle.reset(); }

}  // namespace geyser::cuda
