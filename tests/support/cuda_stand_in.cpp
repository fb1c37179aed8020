#include "support/cuda_stand_in.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "cuda/driver_api.hpp"

namespace driver = geyser::cuda::driver;
using driver::ArrayFormat;
using Bytes = std::vector<std::byte>;

struct CUctx_st {
  int device = 0;
  int retained = 0;
};
struct CUstream_st {
  CUctx_st* context = nullptr;
  std::deque<std::function<bool()>> queue;  // false: not yet
  std::uint64_t told = 0;
  std::uint64_t done = 0;
};
struct CUevent_st {
  CUstream_st* stream = nullptr;
  std::uint64_t after = 0;
};
struct CUarray_st {
  std::size_t row_bytes = 0, rows = 0, slices = 0;
  std::byte* data = nullptr;
};
struct CUmipmappedArray_st {
  driver::ArrayDescriptor description;
  Bytes own;
  std::vector<std::unique_ptr<CUarray_st>> levels;
};
// A descriptor that the driver owns since it was imported.
struct Imported {
  int fd = -1;
  ino_t inode = 0;
  void* memory = nullptr;
  std::size_t size = 0;
};
struct CUextMemory_st : Imported {};
struct CUextSemaphore_st : Imported {
  bool timeline = false;
};

namespace {

struct State {
  std::recursive_mutex mutex;
  std::map<const void*, std::string> live;
  std::map<int, CUctx_st> primaries;
  std::map<std::byte*, std::size_t> registered;
  std::map<driver::Object, std::string> objects;
  driver::Object next_object = 100;
  std::map<CUctx_st*, CUstream_st> default_streams;
  std::vector<CUstream_st*> streams;
  std::map<int, int> attributes;
  std::set<int> refused_formats;
  std::multimap<std::string, std::pair<int, int>> failures;  // result, calls to let through
  std::string complaints, trace;
  int device_count = 2;
  int owned = 0;
  int dead = 0;  // what calls in a context give
  bool started = false;
  bool held = false;
};

State& state() {
  static State all;
  return all;
}
thread_local std::vector<CUctx_st*> current;

void complain(const std::string& sentence) { state().complaints += sentence + "\n"; }

// A call begins: its failure, when a test has asked for one.
int enter(const char* call, bool in_context = true) {
  State& s = state();
  s.trace += std::string(call) + "\n";
  if (!s.started && std::strcmp(call, "cuInit") != 0) {
    complain(std::string(call) + " before cuInit");
    return driver::not_initialized;
  }
  const auto found = s.failures.find(call);
  if (found != s.failures.end() && found->second.second-- == 0) {
    const int result = found->second.first;
    s.failures.erase(found);
    return result;
  }
  if (!in_context) return driver::success;
  if (current.empty()) {
    complain(std::string(call) + " without a current context");
    return driver::invalid_context;
  }
  return s.dead;
}
#define ENTER(...)                                                 \
  const std::lock_guard<std::recursive_mutex> lock(state().mutex); \
  if (const int early = enter(__func__ __VA_OPT__(, ) __VA_ARGS__); early != driver::success) return early;

void born(const void* object, const char* kind) { state().live[object] = kind; }
bool is_alive(const void* object, const char* kind, const char* call) {
  const auto found = state().live.find(object);
  if (found != state().live.end() && found->second == kind) return true;
  complain(std::string(call) + ": the " + kind + " is not alive");
  return false;
}
bool buried(const void* object, const char* kind, const char* call) {
  return is_alive(object, kind, call) && state().live.erase(object) == 1;
}
#define ALIVE(object, kind) \
  if (!is_alive(object, kind, __func__)) return driver::invalid_handle;
#define BURY(object, kind) \
  if (!buried(object, kind, __func__)) return driver::invalid_handle;

CUstream_st* resolve(CUstream_st* stream) {
  if (stream != nullptr) return stream;
  CUstream_st& usual = state().default_streams[current.back()];
  usual.context = current.back();
  return &usual;
}
void pump(CUstream_st& stream) {
  while (!state().held && !stream.queue.empty() && stream.queue.front()()) {
    stream.queue.pop_front();
    ++stream.done;
  }
}
void tell(CUstream_st* stream, std::function<bool()> work) {
  CUstream_st* target = resolve(stream);
  target->queue.push_back(std::move(work));
  ++target->told;
  pump(*target);
}

struct Block {
  std::size_t bytes = 0;
  std::size_t edge = 1;
};
Block block_of(const driver::ArrayDescriptor& d) {
  const int format = static_cast<int>(d.format);
  if (format >= 0x91 && format <= 0x9e) {
    const bool half = format == 0x91 || format == 0x92 || format == 0x97 || format == 0x98;
    return {half ? 8U : 16U, 4};
  }
  switch (d.format) {
    case ArrayFormat::unsigned_int8:
    case ArrayFormat::signed_int8:
      return {d.channels};
    case ArrayFormat::unsigned_int16:
    case ArrayFormat::signed_int16:
    case ArrayFormat::half:
      return {2 * d.channels};
    case ArrayFormat::unsigned_int32:
    case ArrayFormat::signed_int32:
    case ArrayFormat::floating:
      return {4 * d.channels};
    case ArrayFormat::unorm_int_101010_2:
      return {4};
    default:
      break;
  }
  // The normalised ones: one, two or four channels of 8 bits, then of 16; unsigned ones, then signed ones.
  if (format < 0xc0 || format > 0xcb) return {};
  const std::size_t channels = std::size_t{1} << (format - 0xc0) % 3;
  if (channels != d.channels) return {};
  return {channels * ((format - 0xc0) / 3 % 2 == 0 ? 1 : 2)};
}

// Levels one after another in `memory`, or what they need when that is null. 0: no such array.
std::size_t lay_out(CUmipmappedArray_st& array, unsigned levels, std::byte* memory) {
  const driver::ArrayDescriptor& d = array.description;
  const Block block = block_of(d);
  const bool cube = (d.flags & driver::array_cubemap) != 0;
  const bool layered = (d.flags & driver::array_layered) != 0;
  if (block.bytes == 0 || d.width == 0 || d.height == 0 || levels == 0) return 0;
  if (cube && (d.width != d.height || d.depth == 0 || d.depth % 6 != 0 || (!layered && d.depth != 6))) return 0;
  if (layered && d.depth == 0) return 0;
  std::size_t at = 0;
  for (unsigned level = 0; level < levels; ++level) {
    const auto shrink = [&](std::size_t edge) { return std::max<std::size_t>(edge >> level, 1); };
    CUarray_st one;
    one.row_bytes = (shrink(d.width) + block.edge - 1) / block.edge * block.bytes;
    one.rows = (shrink(d.height) + block.edge - 1) / block.edge;
    one.slices = cube || layered ? d.depth : shrink(std::max<std::size_t>(d.depth, 1));
    one.data = memory != nullptr ? memory + at : nullptr;
    at += one.row_bytes * one.rows * one.slices;
    if (memory != nullptr) array.levels.push_back(std::make_unique<CUarray_st>(one));
  }
  return at;
}

bool take_descriptor(int fd, std::size_t size, Imported& into) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return false;
  if (static_cast<std::size_t>(about.st_size) < size) return false;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  into.fd = fd;
  into.inode = about.st_ino;
  into.memory = memory;
  into.size = size;
  ++state().owned;
  return true;
}
void drop_descriptor(const Imported& object) {
  struct stat about {};
  if (::fstat(object.fd, &about) != 0 || about.st_ino != object.inode) {
    complain("descriptor " + std::to_string(object.fd) + " was closed by somebody else");
  } else {
    ::close(object.fd);
  }
  ::munmap(object.memory, object.size);
  --state().owned;
}

// Where a row of one end of a copy is; null: outside.
struct Side {
  driver::MemoryType type;
  std::byte* host;
  driver::DevicePointer device;
  CUarray_st* array;
  std::size_t x, y, z, pitch, height;
};
bool is_array(const CUarray_st* wanted) {
  for (const auto& [object, kind] : state().live) {
    if (kind != "mipmapped array") continue;
    for (const auto& level : static_cast<const CUmipmappedArray_st*>(object)->levels) {
      if (level.get() == wanted) return true;
    }
  }
  return false;
}
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
  for (const auto& [begin, size] : state().registered) {
    if (there >= begin && there + bytes <= begin + size) return there;
  }
  return nullptr;
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
    },
    [](const char* call, int result, int skip) { state().failures.emplace(call, std::pair(result, skip)); },
    [](int attribute, int value) { state().attributes[attribute] = value; },
    [](int count) { state().device_count = count; },
    [](int format) { state().refused_formats.insert(format); },
    [](bool held) { state().held = held; },
    [](int result) { state().dead = result; },
    [] {
      State& s = state();
      for (const auto& [object, kind] : s.live) {
        void* gone = const_cast<void*>(object);
        if (kind == "stream") delete static_cast<CUstream_st*>(gone);
        if (kind == "event") delete static_cast<CUevent_st*>(gone);
        if (kind == "mipmapped array") delete static_cast<CUmipmappedArray_st*>(gone);
      }
      s.live.clear();
      s.registered.clear();
      s.objects.clear();
      s.primaries.clear();
    },
    [] { return static_cast<int>(state().live.size() + state().registered.size() + state().objects.size()); },
    [] { return state().owned; },
    [] { return joined(state().complaints); },
    [] { return joined(state().trace); }};

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

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
  static const std::map<int, int> usual{{19, 1},     {22, 131072}, {23, 65536}, {24, 16384}, {25, 16384},
                                        {26, 16384}, {27, 32768},  {28, 32768}, {29, 2048},  {33, 7},
                                        {34, 0},     {50, 0},      {51, 32},    {52, 32768}, {53, 32768},
                                        {54, 2046},  {73, 32768},  {74, 32768}, {99, 1},     {114, 1}};
  const auto set = state().attributes.find(attribute);
  const auto found = usual.find(attribute);
  if (set == state().attributes.end() && found == usual.end()) return driver::invalid_value;
  *value = set != state().attributes.end() ? set->second : found->second;
  return driver::success;
}
EXPORT int cuDevicePrimaryCtxRetain(CUctx_st** context, int device) {
  ENTER(false)
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
  born(*event, "event");
  return driver::success;
}
EXPORT int cuEventRecord(CUevent_st* event, CUstream_st* stream) {
  ENTER()
  ALIVE(event, "event")
  event->stream = resolve(stream);
  event->after = event->stream->told;
  return driver::success;
}
EXPORT int cuEventQuery(CUevent_st* event) {
  ENTER()
  ALIVE(event, "event")
  if (event->stream == nullptr) return driver::success;
  pump(*event->stream);
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
EXPORT int cuMemcpy3DAsync_v2(const driver::Memcpy3d* copy, CUstream_st* stream) {
  ENTER()
  if (stream != nullptr) ALIVE(stream, "stream")
  for (CUarray_st* array : {copy->source_array, copy->target_array}) {
    if (array != nullptr && !is_array(array)) {
      complain("a copy of an array that is not alive");
      return driver::invalid_handle;
    }
  }
  const driver::Memcpy3d c = *copy;
  const Side from{c.source_type,    static_cast<std::byte*>(const_cast<void*>(c.source_host)),
                  c.source_device,  c.source_array,
                  c.source_x_bytes, c.source_y,
                  c.source_z,       c.source_pitch,
                  c.source_height};
  const Side to{c.target_type,    static_cast<std::byte*>(c.target_host),
                c.target_device,  c.target_array,
                c.target_x_bytes, c.target_y,
                c.target_z,       c.target_pitch,
                c.target_height};
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
EXPORT int cuMipmappedArrayCreate(CUmipmappedArray_st** array, const driver::ArrayDescriptor* description,
                                  unsigned levels) {
  ENTER()
  if (state().refused_formats.contains(static_cast<int>(description->format))) return driver::invalid_value;
  auto made = std::make_unique<CUmipmappedArray_st>();
  made->description = *description;
  const std::size_t size = lay_out(*made, levels, nullptr);
  if (size == 0) return driver::invalid_value;
  made->own.resize(size);
  lay_out(*made, levels, made->own.data());
  *array = made.release();
  born(*array, "mipmapped array");
  return driver::success;
}
EXPORT int cuMipmappedArrayGetLevel(CUarray_st** level, CUmipmappedArray_st* array, unsigned index) {
  ENTER()
  ALIVE(array, "mipmapped array")
  if (index >= array->levels.size()) return driver::invalid_value;
  *level = array->levels[index].get();
  return driver::success;
}
EXPORT int cuMipmappedArrayDestroy(CUmipmappedArray_st* array) {
  ENTER()
  BURY(array, "mipmapped array")
  delete array;
  return driver::success;
}
EXPORT int cuImportExternalMemory(CUextMemory_st** memory, const driver::ExternalMemoryHandle* handle) {
  ENTER()
  auto made = std::make_unique<CUextMemory_st>();
  if (handle->type != driver::memory_opaque_fd || !take_descriptor(handle->fd, handle->size, *made)) {
    return driver::invalid_value;
  }
  *memory = made.release();
  born(*memory, "external memory");
  return driver::success;
}
EXPORT int cuExternalMemoryGetMappedMipmappedArray(CUmipmappedArray_st** array, CUextMemory_st* memory,
                                                   const driver::ExternalMemoryArray* mapping) {
  ENTER()
  ALIVE(memory, "external memory")
  auto made = std::make_unique<CUmipmappedArray_st>();
  made->description = mapping->array;
  const std::size_t size = lay_out(*made, mapping->levels, nullptr);
  if (size == 0 || mapping->offset + size > memory->size) return driver::invalid_value;
  lay_out(*made, mapping->levels, static_cast<std::byte*>(memory->memory) + mapping->offset);
  *array = made.release();
  born(*array, "mipmapped array");
  return driver::success;
}
EXPORT int cuDestroyExternalMemory(CUextMemory_st* memory) {
  ENTER()
  BURY(memory, "external memory")
  drop_descriptor(*memory);
  delete memory;
  return driver::success;
}
EXPORT int cuImportExternalSemaphore(CUextSemaphore_st** semaphore, const driver::ExternalSemaphoreHandle* handle) {
  ENTER()
  auto made = std::make_unique<CUextSemaphore_st>();
  made->timeline = handle->type == driver::semaphore_timeline_fd;
  if (!made->timeline && handle->type != driver::semaphore_opaque_fd) return driver::invalid_value;
  if (!take_descriptor(handle->fd, sizeof(std::uint64_t), *made)) return driver::invalid_handle;
  *semaphore = made.release();
  born(*semaphore, "external semaphore");
  return driver::success;
}
EXPORT int cuDestroyExternalSemaphore(CUextSemaphore_st* semaphore) {
  ENTER()
  BURY(semaphore, "external semaphore")
  drop_descriptor(*semaphore);
  delete semaphore;
  return driver::success;
}

namespace {
int use_semaphores(const char* call, CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                   unsigned count, CUstream_st* stream, bool signal) {
  for (unsigned i = 0; i < count; ++i) {
    if (!is_alive(semaphores[i], "external semaphore", call)) return driver::invalid_handle;
    CUextSemaphore_st* semaphore = semaphores[i];
    const std::uint64_t value = semaphore->timeline ? uses[i].value : 1;
    if (!semaphore->timeline && uses[i].value != 0) complain(std::string(call) + ": a binary semaphore with a value");
    tell(stream, [=] {
      if (!is_alive(semaphore, "external semaphore", "a stream")) return true;
      auto* counter = static_cast<std::uint64_t*>(semaphore->memory);
      if (!signal && *counter < value) return false;
      if (signal && semaphore->timeline && *counter >= value) complain("a timeline is signalled backwards");
      *counter = signal ? value : semaphore->timeline ? *counter : 0;
      return true;
    });
  }
  return driver::success;
}
}  // namespace

EXPORT int cuSignalExternalSemaphoresAsync(CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                                           unsigned count, CUstream_st* stream) {
  ENTER()
  return use_semaphores(__func__, semaphores, uses, count, stream, true);
}
EXPORT int cuWaitExternalSemaphoresAsync(CUextSemaphore_st* const* semaphores, const driver::SemaphoreUse* uses,
                                         unsigned count, CUstream_st* stream) {
  ENTER()
  return use_semaphores(__func__, semaphores, uses, count, stream, false);
}
EXPORT int cuSurfObjectCreate(driver::Object* object, const driver::Resource* resource) {
  ENTER()
  if (resource->type != driver::ResourceType::array || !is_array(resource->array)) return driver::invalid_value;
  *object = state().next_object++;
  state().objects[*object] = "surface";
  return driver::success;
}
EXPORT int cuTexObjectCreate(driver::Object* object, const driver::Resource* resource, const driver::Sampling* sampling,
                             const void*) {
  ENTER()
  if (resource->type == driver::ResourceType::pitched && resource->pitched.pitch % 32 != 0)
    return driver::invalid_value;
  if (resource->type == driver::ResourceType::array && !is_array(resource->array)) return driver::invalid_handle;
  const bool normalized = (sampling->flags & driver::normalized_coordinates) != 0;
  if (resource->type == driver::ResourceType::mipmapped_array && !normalized) return driver::invalid_value;
  *object = state().next_object++;
  state().objects[*object] = "texture";
  return driver::success;
}

namespace {
int destroy_object(driver::Object object, const char* kind, const char* call) {
  const auto found = state().objects.find(object);
  if (found == state().objects.end() || found->second != kind) {
    complain(std::string(call) + ": no such object");
    return driver::invalid_value;
  }
  state().objects.erase(found);
  return driver::success;
}
}  // namespace

EXPORT int cuSurfObjectDestroy(driver::Object object) {
  ENTER()
  return destroy_object(object, "surface", __func__);
}
EXPORT int cuTexObjectDestroy(driver::Object object) {
  ENTER()
  return destroy_object(object, "texture", __func__);
}
