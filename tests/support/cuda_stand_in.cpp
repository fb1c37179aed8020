// Devices, contexts, streams, events and the host's pages; the rest is in cuda_stand_in_objects.cpp and _memory.cpp.
#include "support/cuda_stand_in.hpp"

#include "support/cuda_stand_in_state.hpp"

namespace {

template <typename Object>
void drop_import(Object* object) {
  drop_handle(*object);
  --state().owned;
  delete object;
}

const char* joined(std::string& text) { return text.c_str(); }

const geyser::test::CudaStandIn control{
    [] {
      State& s = state();
      s.complaints.clear();
      s.trace.clear();
      s.failures.clear();
      s.attributes.clear();
      s.refused_formats.clear();
      s.device_count = 2;
      s.dead = 0;
      s.whole_blocks = false;
      s.peer_access = true;
      s.homes.clear();
      s.held_devices.clear();
    },
    [](const char* call, int result, int skip) { state().failures.emplace(call, std::pair(result, skip)); },
    [](int attribute, int value) { state().attributes[attribute] = value; },
    [](int count) { state().device_count = count; },
    [](int format) { state().refused_formats.insert(format); },
    [] { state().whole_blocks = true; },
    [](bool held) { state().held = held; },
    [](int device, bool held) {
      const std::lock_guard<std::recursive_mutex> lock(state().mutex);
      held ? static_cast<void>(state().held_devices.insert(device))
           : static_cast<void>(state().held_devices.erase(device));
    },
    [](int result) { state().dead = result; },
    [](int fd, int device) {
      if (const std::uint64_t inode = inode_of(fd)) state().homes[inode] = device;
    },
    [](bool reach) { state().peer_access = reach; },
    [] {
      State& s = state();
      for (const auto& [object, kind] : s.live) {
        void* gone = const_cast<void*>(object);
        if (kind == "stream") delete static_cast<CUstream_st*>(gone);
        if (kind == "event") delete static_cast<CUevent_st*>(gone);
        if (kind == "mipmapped array") delete static_cast<CUmipmappedArray_st*>(gone);
        if (kind == "external memory") drop_import(static_cast<CUextMemory_st*>(gone));
        if (kind == "external semaphore") drop_import(static_cast<CUextSemaphore_st*>(gone));
      }
      drop_allocations();
      s.live.clear();
      s.registered.clear();
      s.allocations.clear();
      s.ranges.clear();
      s.objects.clear();
      s.primaries.clear();
      s.default_streams.clear();
    },
    [] {
      const State& s = state();
      return static_cast<int>(s.live.size() + s.registered.size() + s.objects.size() + s.allocations.size() +
                              s.ranges.size());
    },
    [] { return state().owned; },
    [] { return joined(state().complaints); },
    [] { return joined(state().trace); }};

}  // namespace

EXPORT const geyser::test::CudaStandIn* geyser_cuda_stand_in() { return &control; }

EXPORT int cuInit(unsigned) {
  ENTER(false)
  if (state().device_count == 0) return driver::no_device;
  state().started = true;
  return driver::success;
}
EXPORT int cuDriverGetVersion(int* version) {
  *version = 13000;
  return driver::success;
}
EXPORT int cuGetErrorName(int result, const char** name) {
  static const std::map<int, const char*> names{{driver::invalid_value, "CUDA_ERROR_INVALID_VALUE"},
                                                {driver::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY"},
                                                {driver::no_device, "CUDA_ERROR_NO_DEVICE"},
                                                {driver::invalid_context, "CUDA_ERROR_INVALID_CONTEXT"},
                                                {driver::invalid_handle, "CUDA_ERROR_INVALID_HANDLE"},
                                                {driver::illegal_address, "CUDA_ERROR_ILLEGAL_ADDRESS"},
                                                {driver::context_is_destroyed, "CUDA_ERROR_CONTEXT_IS_DESTROYED"},
                                                {driver::not_supported, "CUDA_ERROR_NOT_SUPPORTED"},
                                                {driver::unknown, "CUDA_ERROR_UNKNOWN"}};
  const auto found = names.find(result);
  *name = found != names.end() ? found->second : nullptr;
  return found != names.end() ? driver::success : driver::invalid_value;
}
EXPORT int cuDeviceGetCount(int* count) {
  ENTER(false)
  *count = state().device_count;
  return driver::success;
}
EXPORT int cuDeviceGet(int* device, int index) {
  ENTER(false)
  if (index < 0 || index >= state().device_count) return driver::invalid_device;
  *device = index;
  return driver::success;
}
EXPORT int cuDeviceGetName(char* name, int length, int device) {
  const std::string text = "stand-in GPU " + std::to_string(device);
  std::strncpy(name, text.c_str(), static_cast<std::size_t>(length));
  return driver::success;
}
EXPORT int cuDeviceGetUuid(driver::Uuid* uuid, int device) {
  *uuid = {};
  std::memcpy(uuid->bytes, "stand-in", 8);
  uuid->bytes[15] = static_cast<unsigned char>(device + 1);
  return driver::success;
}
EXPORT int cuDeviceGetAttribute(int* value, int attribute, int) {
  static const std::map<int, int> usual{
      {19, 1},     {22, 131072}, {23, 65536}, {24, 16384}, {25, 16384}, {26, 16384}, {27, 32768},
      {28, 32768}, {29, 2048},   {33, 7},     {34, 0},     {50, 0},     {51, 32},    {52, 32768},
      {53, 32768}, {54, 2046},   {73, 32768}, {74, 32768}, {99, 1},     {102, 1},    {103, has_allocations() ? 1 : 0},
      {114, 1},    {124, 0}};
  const auto set = state().attributes.find(attribute);
  const auto found = usual.find(attribute);
  if (set == state().attributes.end() && found == usual.end()) return driver::invalid_value;
  *value = set != state().attributes.end() ? set->second : found->second;
  return driver::success;
}
EXPORT int cuDevicePrimaryCtxRetain(CUctx_st** context, int device) {
  ENTER(false)
  if (device < 0 || device >= state().device_count) return driver::invalid_device;
  CUctx_st& primary = state().primaries[device];
  primary.device = device;
  if (primary.retained++ == 0) born(&primary, "context");
  *context = &primary;
  return driver::success;
}
EXPORT int cuDevicePrimaryCtxRelease_v2(int device) {
  ENTER(false)
  CUctx_st& primary = state().primaries[device];
  if (--primary.retained == 0) BURY(&primary, "context")
  return driver::success;
}
EXPORT int cuCtxGetCurrent(CUctx_st** context) {
  ENTER(false)
  *context = current.empty() ? nullptr : current.back();
  return driver::success;
}
EXPORT int cuCtxGetDevice(int* device) {
  ENTER()
  *device = current.back()->device;
  return driver::success;
}
EXPORT int cuCtxPushCurrent_v2(CUctx_st* context) {
  ENTER(false)
  if (state().dead != 0) return state().dead;
  ALIVE(context, "context")
  current.push_back(context);
  return driver::success;
}
EXPORT int cuCtxPopCurrent_v2(CUctx_st** context) {
  const std::lock_guard<std::recursive_mutex> lock(state().mutex);
  if (current.empty()) {
    complain("cuCtxPopCurrent without a current context");
    return driver::invalid_context;
  }
  *context = current.back();
  current.pop_back();
  return driver::success;
}
EXPORT int cuStreamCreate(CUstream_st** stream, unsigned) {
  ENTER()
  *stream = new CUstream_st;
  (*stream)->context = current.back();
  born(*stream, "stream");
  return driver::success;
}
EXPORT int cuStreamDestroy_v2(CUstream_st* stream) {
  ENTER()
  BURY(stream, "stream")
  if (!stream->queue.empty()) complain("a stream is destroyed with work in it");
  delete stream;
  return driver::success;
}
EXPORT int cuEventCreate(CUevent_st** event, unsigned) {
  ENTER()
  *event = new CUevent_st;
  (*event)->context = current.back();
  born(*event, "event");
  return driver::success;
}
EXPORT int cuEventRecord(CUevent_st* event, CUstream_st* stream) {
  ENTER()
  ALIVE(event, "event")
  HERE(event->context, "event")
  HERE(resolve(stream)->context, "stream")
  event->stream = resolve(stream);
  event->after = event->stream->told;
  return driver::success;
}
EXPORT int cuEventQuery(CUevent_st* event) {
  ENTER()
  ALIVE(event, "event")
  if (event->stream == nullptr) return driver::success;
  pump_all();
  return event->stream->done >= event->after ? driver::success : driver::not_ready;
}
EXPORT int cuEventDestroy_v2(CUevent_st* event) {
  ENTER()
  BURY(event, "event")
  delete event;
  return driver::success;
}
EXPORT int cuMemHostRegister_v2(void* memory, std::size_t size, unsigned) {
  ENTER()
  if (reinterpret_cast<std::uintptr_t>(memory) % 4096 != 0 || size % 4096 != 0) complain("pages are not whole");
  if (!state().registered.emplace(static_cast<std::byte*>(memory), size).second) {
    return driver::host_memory_already_registered;
  }
  return driver::success;
}
EXPORT int cuMemHostUnregister(void* memory) {
  ENTER()
  if (state().registered.erase(static_cast<std::byte*>(memory)) == 0) {
    complain("pages are unregistered that are not registered");
    return driver::invalid_value;
  }
  return driver::success;
}
EXPORT int cuMemHostGetDevicePointer_v2(driver::DevicePointer* pointer, void* memory, unsigned) {
  ENTER()
  if (!state().registered.contains(static_cast<std::byte*>(memory))) return driver::invalid_value;
  *pointer = reinterpret_cast<driver::DevicePointer>(memory);
  return driver::success;
}
