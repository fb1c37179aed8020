// Sections. A driver on Windows takes no handle over: it has another of its own. What it makes by address it does not
// share by descriptor, which is the one way in which Geyser asks for it.
#include <windows.h>

#include "support/cuda_stand_in_state.hpp"

namespace cuda_stand_in {

bool opens(const driver::ExternalMemoryHandle& handle) { return handle.type == driver::memory_opaque_win32; }
int opens(const driver::ExternalSemaphoreHandle& handle) {
  if (handle.type == driver::semaphore_opaque_win32) return 1;
  return handle.type == driver::semaphore_timeline_win32 ? 2 : 0;
}
std::intptr_t handle_of(const driver::ExternalMemoryHandle& handle) {
  return reinterpret_cast<std::intptr_t>(handle.win32.handle);
}
std::intptr_t handle_of(const driver::ExternalSemaphoreHandle& handle) {
  return reinterpret_cast<std::intptr_t>(handle.win32.handle);
}
std::uint64_t inode_of(std::intptr_t) { return 0; }

bool take_handle(std::intptr_t handle, std::size_t size, Imported& into) {
  const HANDLE self = ::GetCurrentProcess();
  HANDLE own = nullptr;
  if (::DuplicateHandle(self, reinterpret_cast<HANDLE>(handle), self, &own, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) {
    return false;
  }
  void* memory = ::MapViewOfFile(own, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, size);
  if (memory == nullptr) {
    ::CloseHandle(own);
    return false;
  }
  into.handle = reinterpret_cast<std::intptr_t>(own);
  into.memory = memory;
  return true;
}

void drop_handle(const Imported& object) {
  ::UnmapViewOfFile(object.memory);
  if (::CloseHandle(reinterpret_cast<HANDLE>(object.handle)) == 0) complain("a handle was closed by somebody else");
}

bool has_allocations() { return false; }
void drop_allocations() {}

}  // namespace cuda_stand_in

namespace {

int refuse(const char* call) {
  complain(std::string(call) + ": this driver says that it has no such memory");
  return driver::not_supported;
}

}  // namespace

EXPORT int cuMemGetAllocationGranularity(std::size_t*, const driver::AllocationProperties*, int) {
  return refuse(__func__);
}
EXPORT int cuMemCreate(driver::Allocation*, std::size_t, const driver::AllocationProperties*, unsigned long long) {
  return refuse(__func__);
}
EXPORT int cuMemRelease(driver::Allocation) { return refuse(__func__); }
EXPORT int cuMemAddressReserve(driver::DevicePointer*, std::size_t, std::size_t, driver::DevicePointer,
                               unsigned long long) {
  return refuse(__func__);
}
EXPORT int cuMemAddressFree(driver::DevicePointer, std::size_t) { return refuse(__func__); }
EXPORT int cuMemMap(driver::DevicePointer, std::size_t, std::size_t, driver::Allocation, unsigned long long) {
  return refuse(__func__);
}
EXPORT int cuMemUnmap(driver::DevicePointer, std::size_t) { return refuse(__func__); }
EXPORT int cuMemSetAccess(driver::DevicePointer, std::size_t, const driver::AccessDescriptor*, std::size_t) {
  return refuse(__func__);
}
EXPORT int cuMemExportToShareableHandle(void*, driver::Allocation, int, unsigned long long) { return refuse(__func__); }
EXPORT int cuMemImportFromShareableHandle(driver::Allocation*, void*, int) { return refuse(__func__); }
