// The world of cuda_stand_in.cpp: what is alive, what a stream is still to do, what tests have asked for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cuda/driver_memory.hpp"

namespace driver = geyser::cuda::driver;
using driver::ArrayFormat;
using Bytes = std::vector<std::byte>;

struct CUctx_st {
  int device = 0;
  int retained = 0;
  std::set<CUctx_st*> peers;  // whose memory its device reaches
};
struct CUstream_st {
  CUctx_st* context = nullptr;
  std::deque<std::function<bool()>> queue;  // false: not yet
  std::uint64_t told = 0;
  std::uint64_t done = 0;
};
struct CUevent_st {
  CUctx_st* context = nullptr;
  CUstream_st* stream = nullptr;
  std::uint64_t after = 0;
};
struct CUarray_st {
  CUctx_st* context = nullptr;
  std::size_t row_bytes = 0, rows = 0, slices = 0;
  std::byte* data = nullptr;
};
struct CUmipmappedArray_st {
  CUctx_st* context = nullptr;
  driver::ArrayDescriptor description;
  Bytes own;
  std::vector<std::unique_ptr<CUarray_st>> levels;
};
// A handle that the driver has since it was imported.
struct Imported {
  CUctx_st* context = nullptr;
  std::intptr_t handle = -1;
  std::uint64_t inode = 0;  // of what it is of, where it can be told
  void* memory = nullptr;
  std::size_t size = 0;
};
struct CUextMemory_st : Imported {};
struct CUextSemaphore_st : Imported {
  bool timeline = false;
};

namespace cuda_stand_in {

// What cuMemCreate makes, or cuMemImportFromShareableHandle opens.
struct Allocation {
  int fd = -1;
  std::size_t size = 0;
  int device = 0;
  bool exportable = false;
  bool released = false;  // by its handle; mappings keep it
  int mappings = 0;
};
// A range of a device's addresses: of cuMemAddressReserve, or of a buffer of external memory.
struct Range {
  std::size_t size = 0;
  driver::Allocation mapped = 0;
  bool buffer = false;
  std::set<int> devices;  // that may use it
};

struct State {
  std::recursive_mutex mutex;
  std::map<const void*, std::string> live;
  std::map<int, CUctx_st> primaries;
  std::map<std::byte*, std::size_t> registered;
  std::map<driver::Object, std::string> objects;
  driver::Object next_object = 100;
  std::map<CUctx_st*, CUstream_st> default_streams;
  std::map<driver::Allocation, Allocation> allocations;
  driver::Allocation next_allocation = 1000;
  std::map<std::byte*, Range> ranges;
  std::map<std::uint64_t, int> homes;  // devices of exported memory, where a test has said
  std::map<int, int> attributes;
  std::set<int> refused_formats;
  std::multimap<std::string, std::pair<int, int>> failures;  // result, calls to let through
  std::string complaints, trace;
  int device_count = 2;
  int owned = 0;
  int dead = 0;  // what calls in a context give
  bool started = false;
  std::set<int> held_devices;
  std::atomic<bool> held = false;  // also of threads that let go
  bool whole_blocks = false;
  bool peer_access = true;
};

inline State& state() {
  static State all;
  return all;
}
// Contexts of this thread, the current one last. Without a destructor: managers may go after a thread's own objects.
struct ContextStack {
  CUctx_st* all[64];
  std::size_t count;
  bool empty() const { return count == 0; }
  CUctx_st*& back() { return all[count - 1]; }
  void push_back(CUctx_st* context) { all[count++ % 64] = context; }
  void pop_back() { --count; }
};
inline thread_local ContextStack current{};

inline void complain(const std::string& sentence) { state().complaints += sentence + "\n"; }

// A call begins: its failure, when a test has asked for one.
inline int enter(const char* call, bool in_context = true) {
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

inline void born(const void* object, const char* kind) { state().live[object] = kind; }
inline bool is_alive(const void* object, const char* kind, const char* call) {
  const auto found = state().live.find(object);
  if (found != state().live.end() && found->second == kind) return true;
  complain(std::string(call) + ": the " + kind + " is not alive");
  return false;
}
inline bool buried(const void* object, const char* kind, const char* call) {
  return is_alive(object, kind, call) && state().live.erase(object) == 1;
}
#define ALIVE(object, kind) \
  if (!is_alive(object, kind, __func__)) return driver::invalid_handle;
#define BURY(object, kind) \
  if (!buried(object, kind, __func__)) return driver::invalid_handle;

inline CUstream_st* resolve(CUstream_st* stream) {
  if (stream != nullptr) return stream;
  CUstream_st& usual = state().default_streams[current.back()];
  usual.context = current.back();
  return &usual;
}
inline bool pump(CUstream_st& stream) {
  const std::uint64_t before = stream.done;
  if (stream.context != nullptr && state().held_devices.contains(stream.context->device)) return false;
  while (!state().held && !stream.queue.empty() && stream.queue.front()()) {
    stream.queue.pop_front();
    ++stream.done;
  }
  return stream.done != before;
}
// Streams wait for each other.
inline void pump_all() {
  for (bool again = true; again;) {
    again = false;
    for (auto& [context, usual] : state().default_streams) again = pump(usual) || again;
    for (const auto& [object, kind] : state().live) {
      if (kind == "stream") again = pump(*static_cast<CUstream_st*>(const_cast<void*>(object))) || again;
    }
  }
}
inline void tell(CUstream_st* stream, std::function<bool()> work) {
  CUstream_st* target = resolve(stream);
  target->queue.push_back(std::move(work));
  ++target->told;
  pump_all();
}
// What is of one context is not used in another; a driver would not say so at once.
inline bool is_here(const CUctx_st* context, const char* what, const char* call) {
  if (context == current.back()) return true;
  complain(std::string(call) + ": the " + what + " is of another context");
  return false;
}
#define HERE(context, what) \
  if (!is_here(context, what, __func__)) return driver::invalid_handle;

// Whether a device may use those addresses.
inline bool is_reachable(const std::byte* there, std::size_t bytes, int device) {
  for (const auto& [begin, size] : state().registered) {
    if (there >= begin && there + bytes <= begin + size) return true;
  }
  for (const auto& [begin, range] : state().ranges) {
    if (there >= begin && there + bytes <= begin + range.size) return range.devices.contains(device);
  }
  return false;
}

inline Range* find_range(driver::DevicePointer pointer, std::size_t size, bool buffer, const char* call) {
  const auto found = state().ranges.find(reinterpret_cast<std::byte*>(pointer));
  if (found != state().ranges.end() && found->second.buffer == buffer && (buffer || found->second.size == size)) {
    return &found->second;
  }
  complain(std::string(call) + ": no such range");
  return nullptr;
}

inline bool is_array(const CUarray_st* wanted) {
  for (const auto& [object, kind] : state().live) {
    if (kind != "mipmapped array") continue;
    for (const auto& level : static_cast<const CUmipmappedArray_st*>(object)->levels) {
      if (level.get() == wanted) return true;
    }
  }
  return false;
}

// Of the operating system: posix/cuda_stand_in_system.cpp, win32/cuda_stand_in_system.cpp, which also have the memory
// that a driver makes.
// Whether this system's driver opens such a handle. 0: not at all; 1: a binary semaphore; 2: a timeline.
bool opens(const driver::ExternalMemoryHandle& handle);
int opens(const driver::ExternalSemaphoreHandle& handle);
std::intptr_t handle_of(const driver::ExternalMemoryHandle& handle);
std::intptr_t handle_of(const driver::ExternalSemaphoreHandle& handle);
// 0: it cannot be told.
std::uint64_t inode_of(std::intptr_t handle);
// Maps it, and has the handle, or another of it. False: it has fewer bytes, or is none.
bool take_handle(std::intptr_t handle, std::size_t size, Imported& into);
// Says so when somebody else has closed it.
void drop_handle(const Imported& object);
void drop_allocations();
bool has_allocations();

}  // namespace cuda_stand_in

using namespace cuda_stand_in;

#define EXPORT extern "C" __attribute__((visibility("default")))
