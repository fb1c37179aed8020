// The world of cuda_stand_in.cpp: what is alive, what a stream is still to do, what tests have asked for.
#pragma once

#include <sys/types.h>

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

namespace cuda_stand_in {

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
  std::atomic<bool> held = false;  // also of threads that let go
  bool whole_blocks = false;
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
inline void pump(CUstream_st& stream) {
  while (!state().held && !stream.queue.empty() && stream.queue.front()()) {
    stream.queue.pop_front();
    ++stream.done;
  }
}
inline void tell(CUstream_st* stream, std::function<bool()> work) {
  CUstream_st* target = resolve(stream);
  target->queue.push_back(std::move(work));
  ++target->told;
  pump(*target);
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

}  // namespace cuda_stand_in

using namespace cuda_stand_in;

#define EXPORT extern "C" __attribute__((visibility("default")))
