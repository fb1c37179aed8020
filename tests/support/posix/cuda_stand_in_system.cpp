// Descriptors, and the devices' memory by address, of which a memfd is the memory.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cuda_stand_in_state.hpp"

namespace cuda_stand_in {

bool opens(const driver::ExternalMemoryHandle& handle) { return handle.type == driver::memory_opaque_fd; }
int opens(const driver::ExternalSemaphoreHandle& handle) {
  if (handle.type == driver::semaphore_timeline_fd) return 2;
  return handle.type == driver::semaphore_opaque_fd ? 1 : 0;
}
std::intptr_t handle_of(const driver::ExternalMemoryHandle& handle) { return handle.fd; }
std::intptr_t handle_of(const driver::ExternalSemaphoreHandle& handle) { return handle.fd; }

std::uint64_t inode_of(std::intptr_t handle) {
  struct stat about {};
  return ::fstat(static_cast<int>(handle), &about) == 0 ? about.st_ino : 0;
}

// The descriptor is the driver's from now on.
bool take_handle(std::intptr_t handle, std::size_t size, Imported& into) {
  const int fd = static_cast<int>(handle);
  struct stat about {};
  if (::fstat(fd, &about) != 0 || static_cast<std::size_t>(about.st_size) < size) return false;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  into.handle = fd;
  into.inode = about.st_ino;
  into.memory = memory;
  return true;
}

void drop_handle(const Imported& object) {
  if (inode_of(object.handle) != object.inode) {
    complain("descriptor " + std::to_string(object.handle) + " was closed by somebody else");
  } else {
    ::close(static_cast<int>(object.handle));
  }
  ::munmap(object.memory, object.size);
}

bool has_allocations() { return true; }
void drop_allocations() {
  for (const auto& [id, allocation] : state().allocations) ::close(allocation.fd);
  for (const auto& [begin, range] : state().ranges) {
    if (!range.buffer) ::munmap(begin, range.size);
  }
}

}  // namespace cuda_stand_in

namespace {

constexpr std::size_t granularity = std::size_t{2} << 20U;  // as on real devices

// A descriptor of the device's memory: no number that a caller knows.
int make_memory(std::size_t size) {
  const int fd = ::memfd_create("stand-in device memory", MFD_CLOEXEC);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size)) != 0) return -1;
  return fd;
}
void drop(driver::Allocation handle) {
  Allocation& allocation = state().allocations[handle];
  if (!allocation.released || allocation.mappings != 0) return;
  ::close(allocation.fd);
  state().allocations.erase(handle);
}
Allocation* find_allocation(driver::Allocation handle, const char* call) {
  const auto found = state().allocations.find(handle);
  if (found != state().allocations.end() && !found->second.released) return &found->second;
  complain(std::string(call) + ": the allocation is not alive");
  return nullptr;
}

}  // namespace

EXPORT int cuMemGetAllocationGranularity(std::size_t* size, const driver::AllocationProperties*, int) {
  ENTER(false)
  *size = granularity;
  return driver::success;
}
EXPORT int cuMemCreate(driver::Allocation* handle, std::size_t size, const driver::AllocationProperties* properties,
                       unsigned long long) {
  ENTER(false)
  if (size == 0 || size % granularity != 0 || properties->type != driver::allocation_pinned ||
      properties->location.type != driver::location_device || properties->location.id >= state().device_count) {
    return driver::invalid_value;
  }
  const int fd = make_memory(size);
  if (fd < 0) return driver::out_of_memory;
  *handle = state().next_allocation++;
  state().allocations[*handle] = {
      fd, size, properties->location.id, properties->handle_types == driver::allocation_posix_fd, false, 0};
  return driver::success;
}
EXPORT int cuMemRelease(driver::Allocation handle) {
  ENTER(false)
  Allocation* allocation = find_allocation(handle, __func__);
  if (allocation == nullptr) return driver::invalid_value;
  allocation->released = true;
  drop(handle);
  return driver::success;
}
EXPORT int cuMemAddressReserve(driver::DevicePointer* pointer, std::size_t size, std::size_t, driver::DevicePointer,
                               unsigned long long) {
  ENTER(false)
  if (size == 0 || size % granularity != 0) return driver::invalid_value;
  void* memory = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return driver::out_of_memory;
  state().ranges[static_cast<std::byte*>(memory)].size = size;
  *pointer = reinterpret_cast<driver::DevicePointer>(memory);
  return driver::success;
}
EXPORT int cuMemAddressFree(driver::DevicePointer pointer, std::size_t size) {
  ENTER(false)
  const Range* range = find_range(pointer, size, false, __func__);
  if (range == nullptr) return driver::invalid_value;
  if (range->mapped != 0) complain("addresses are freed while memory is mapped there");
  ::munmap(reinterpret_cast<void*>(pointer), size);
  state().ranges.erase(reinterpret_cast<std::byte*>(pointer));
  return driver::success;
}
EXPORT int cuMemMap(driver::DevicePointer pointer, std::size_t size, std::size_t offset, driver::Allocation handle,
                    unsigned long long) {
  ENTER(false)
  Range* range = find_range(pointer, size, false, __func__);
  Allocation* allocation = find_allocation(handle, __func__);
  if (range == nullptr || allocation == nullptr || offset != 0 || allocation->size < size) return driver::invalid_value;
  void* memory =
      ::mmap(reinterpret_cast<void*>(pointer), size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, allocation->fd, 0);
  if (memory == MAP_FAILED) return driver::invalid_value;
  range->mapped = handle;
  ++allocation->mappings;
  return driver::success;
}
EXPORT int cuMemUnmap(driver::DevicePointer pointer, std::size_t size) {
  ENTER(false)
  Range* range = find_range(pointer, size, false, __func__);
  if (range == nullptr || range->mapped == 0) return driver::invalid_value;
  ::mmap(reinterpret_cast<void*>(pointer), size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  --state().allocations[range->mapped].mappings;
  drop(range->mapped);
  range->mapped = 0;
  range->devices.clear();
  return driver::success;
}
EXPORT int cuMemSetAccess(driver::DevicePointer pointer, std::size_t size, const driver::AccessDescriptor* access,
                          std::size_t count) {
  ENTER(false)
  Range* range = find_range(pointer, size, false, __func__);
  if (range == nullptr || range->mapped == 0) return driver::invalid_value;
  for (std::size_t i = 0; i < count; ++i) {
    if (access[i].flags == driver::access_read_write) range->devices.insert(access[i].location.id);
  }
  return driver::success;
}
EXPORT int cuMemExportToShareableHandle(void* out, driver::Allocation handle, int kind, unsigned long long) {
  ENTER(false)
  const Allocation* allocation = find_allocation(handle, __func__);
  if (allocation == nullptr || !allocation->exportable || kind != driver::allocation_posix_fd) {
    return driver::invalid_value;
  }
  const int fd = ::fcntl(allocation->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return driver::operating_system;
  *static_cast<int*>(out) = fd;
  struct stat about {};
  if (::fstat(fd, &about) == 0) state().homes[about.st_ino] = allocation->device;
  return driver::success;
}
// The descriptor stays the caller's.
EXPORT int cuMemImportFromShareableHandle(driver::Allocation* handle, void* shared, int kind) {
  ENTER(false)
  const int theirs = static_cast<int>(reinterpret_cast<std::intptr_t>(shared));
  struct stat about {};
  if (kind != driver::allocation_posix_fd || ::fstat(theirs, &about) != 0) return driver::invalid_value;
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size == 0 || size % granularity != 0) return driver::invalid_value;
  const auto home = state().homes.find(about.st_ino);
  const int fd = ::fcntl(theirs, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return driver::operating_system;
  *handle = state().next_allocation++;
  state().allocations[*handle] = {fd, size, home != state().homes.end() ? home->second : 0, true, false, 0};
  return driver::success;
}
