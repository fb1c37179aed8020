// What CUDA's driver is told of this system's handles, and the name of its library: fd_handle.cpp, win32_handle.cpp.
#pragma once

#include <span>

#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/identity.hpp>
#include <geyser/texture.hpp>

#include "cuda/loader.hpp"

namespace geyser::cuda {

const char* driver_library() noexcept;
// The device's LUID, where the system has them: elsewhere the driver would call the question an error.
void read_luid(const Functions& functions, driver::Device device, DeviceIdentity& identity) noexcept;
// The kinds that the driver opens as arrays, and as semaphores; best first.
std::span<const HandleKind> external_memory_kinds() noexcept;
std::span<const FenceKind> external_fence_kinds() noexcept;

driver::ExternalMemoryHandle describe_memory(const ApiTextureHandle& parcel) noexcept;
// Of opaque memory.
driver::ExternalMemoryHandle describe_memory(const MemoryLayout& layout, const OwnedHandle& handle) noexcept;
driver::ExternalSemaphoreHandle describe_semaphore(FenceKind kind, const OwnedHandle& handle) noexcept;
// After an import that has succeeded: leaves the handle to the driver, or closes it where the driver leaves it to us.
void settle_imported(OwnedHandle& handle) noexcept;

}  // namespace geyser::cuda
