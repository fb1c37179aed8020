// Copies, memory that was imported by address, and what devices have to do with each other.
#include "support/cuda_stand_in_state.hpp"

namespace {

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
