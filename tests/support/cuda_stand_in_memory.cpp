// Copies, memory of the devices by address, and what devices have to do with each other.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cuda_stand_in_state.hpp"

namespace {

constexpr std::size_t granularity = std::size_t{2} << 20U;  // as on real devices

// Where a row of one end of a copy is; null: outside.
struct Side {
  driver::MemoryType type;
  std::byte* host;
  driver::DevicePointer device;
  CUarray_st* array;
  CUctx_st* context;
  std::size_t x, y, z, pitch, height;
};
std::byte* row_of(const Side& side, std::size_t row, std::size_t slice, std::size_t bytes) {
  if (side.type == driver::MemoryType::array) {
    const CUarray_st& a = *side.array;
    const std::size_t y = side.y + row;
    const std::size_t z = side.z + slice;
    if (side.x + bytes > a.row_bytes || y >= a.rows || z >= a.slices) return nullptr;
    return a.data + (z * a.rows + y) * a.row_bytes + side.x;
  }
  if (side.pitch < bytes) return nullptr;
  const std::size_t offset = ((side.z + slice) * side.height + side.y + row) * side.pitch + side.x;
  if (side.type == driver::MemoryType::host) return side.host + offset;
  std::byte* there = reinterpret_cast<std::byte*>(side.device) + offset;
  return is_reachable(there, bytes, side.context->device) ? there : nullptr;
}

int copy(const driver::Memcpy3d& c, CUstream_st* stream, CUctx_st* from_context, CUctx_st* to_context) {
  for (const auto& [array, context] :
       {std::pair(c.source_array, from_context), std::pair(c.target_array, to_context)}) {
    if (array == nullptr) continue;
    if (!is_array(array)) {
      complain("a copy of an array that is not alive");
      return driver::invalid_handle;
    }
    if (array->context != context) {
      complain("a copy of an array of another context");
      return driver::invalid_handle;
    }
  }
  const Side from{c.source_type,   static_cast<std::byte*>(const_cast<void*>(c.source_host)),
                  c.source_device, c.source_array,
                  from_context,    c.source_x_bytes,
                  c.source_y,      c.source_z,
                  c.source_pitch,  c.source_height};
  const Side to{c.target_type,   static_cast<std::byte*>(c.target_host),
                c.target_device, c.target_array,
                to_context,      c.target_x_bytes,
                c.target_y,      c.target_z,
                c.target_pitch,  c.target_height};
  for (const Side& side : {from, to}) {
    if (row_of(side, c.height - 1, c.depth - 1, c.width_bytes) == nullptr) return driver::invalid_value;
  }
  tell(stream, [=] {
    for (std::size_t z = 0; z < c.depth; ++z) {
      for (std::size_t y = 0; y < c.height; ++y) {
        std::memcpy(row_of(to, y, z, c.width_bytes), row_of(from, y, z, c.width_bytes), c.width_bytes);
      }
    }
    return true;
  });
  return driver::success;
}

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
Range* find_range(driver::DevicePointer pointer, std::size_t size, bool buffer, const char* call) {
  const auto found = state().ranges.find(reinterpret_cast<std::byte*>(pointer));
  if (found != state().ranges.end() && found->second.buffer == buffer && (buffer || found->second.size == size)) {
    return &found->second;
  }
  complain(std::string(call) + ": no such range");
  return nullptr;
}

}  // namespace

EXPORT int cuMemcpy3DAsync_v2(const driver::Memcpy3d* described, CUstream_st* stream) {
  ENTER()
  if (stream != nullptr) ALIVE(stream, "stream")
  HERE(resolve(stream)->context, "stream")
  return copy(*described, stream, current.back(), current.back());
}
// CUDA_MEMCPY2D, which only a program beside Geyser uses.
struct Memcpy2d {
  std::size_t source_x_bytes, source_y;
  driver::MemoryType source_type;
  const void* source_host;
  driver::DevicePointer source_device;
  driver::Array source_array;
  std::size_t source_pitch;
  std::size_t target_x_bytes, target_y;
  driver::MemoryType target_type;
  void* target_host;
  driver::DevicePointer target_device;
  driver::Array target_array;
  std::size_t target_pitch;
  std::size_t width_bytes, height;
};
EXPORT int cuMemcpy2DAsync_v2(const Memcpy2d* flat, CUstream_st* stream) {
  ENTER()
  if (stream != nullptr) ALIVE(stream, "stream")
  HERE(resolve(stream)->context, "stream")
  driver::Memcpy3d all;
  all.source_x_bytes = flat->source_x_bytes;
  all.source_y = flat->source_y;
  all.source_type = flat->source_type;
  all.source_host = flat->source_host;
  all.source_device = flat->source_device;
  all.source_array = flat->source_array;
  all.source_pitch = flat->source_pitch;
  all.target_x_bytes = flat->target_x_bytes;
  all.target_y = flat->target_y;
  all.target_type = flat->target_type;
  all.target_host = flat->target_host;
  all.target_device = flat->target_device;
  all.target_array = flat->target_array;
  all.target_pitch = flat->target_pitch;
  all.width_bytes = flat->width_bytes;
  all.height = flat->height;
  all.depth = 1;
  return copy(all, stream, current.back(), current.back());
}
EXPORT int cuStreamSynchronize(CUstream_st* stream) {
  ENTER()
  pump_all();
  return resolve(stream)->queue.empty() ? driver::success : driver::unknown;  // a driver would wait for ever
}
EXPORT int cuMemcpy3DPeerAsync(const driver::Memcpy3d* described, CUstream_st* stream) {
  ENTER()
  if (stream != nullptr) ALIVE(stream, "stream")
  HERE(resolve(stream)->context, "stream")
  for (const CUctx_st* context : {described->source_context, described->target_context}) ALIVE(context, "context")
  state().trace += "peer copy " + std::to_string(described->source_context->device) + " to " +
                   std::to_string(described->target_context->device) + " on a stream of " +
                   std::to_string(current.back()->device) + "\n";
  return copy(*described, stream, described->source_context, described->target_context);
}
EXPORT int cuStreamWaitEvent(CUstream_st* stream, CUevent_st* event, unsigned) {
  ENTER()
  if (stream != nullptr) ALIVE(stream, "stream")
  ALIVE(event, "event")
  HERE(resolve(stream)->context, "stream")
  if (event->stream == nullptr) return driver::success;
  tell(stream, [other = event->stream, after = event->after] { return other->done >= after; });
  return driver::success;
}
EXPORT int cuDeviceCanAccessPeer(int* can, int device, int peer) {
  ENTER(false)
  if (device == peer || peer >= state().device_count) return driver::invalid_device;
  *can = state().peer_access ? 1 : 0;
  return driver::success;
}
EXPORT int cuCtxEnablePeerAccess(CUctx_st* peer, unsigned) {
  ENTER()
  ALIVE(peer, "context")
  if (!state().peer_access) return driver::peer_access_unsupported;
  return current.back()->peers.insert(peer).second ? driver::success : driver::peer_access_already_enabled;
}

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
EXPORT int cuExternalMemoryGetMappedBuffer(driver::DevicePointer* pointer, CUextMemory_st* memory,
                                           const driver::ExternalMemoryBuffer* buffer) {
  ENTER()
  ALIVE(memory, "external memory")
  HERE(memory->context, "external memory")
  if (buffer->size == 0 || buffer->offset + buffer->size > memory->size) return driver::invalid_value;
  auto* begin = static_cast<std::byte*>(memory->memory) + buffer->offset;
  state().ranges[begin] = {static_cast<std::size_t>(buffer->size), 0, true, {current.back()->device}};
  *pointer = reinterpret_cast<driver::DevicePointer>(begin);
  return driver::success;
}
EXPORT int cuMemFree_v2(driver::DevicePointer pointer) {
  ENTER()
  if (find_range(pointer, 0, true, __func__) == nullptr) return driver::invalid_value;
  state().ranges.erase(reinterpret_cast<std::byte*>(pointer));
  return driver::success;
}
