// Stand-ins for Direct3D 12's objects, for what no driver here does: sharing, between devices and processes.
//
// A shared object is a section: a header with the resource's description or the fence's value, then pages, which hold a
// texture's pixels in host packing. Real are NT handles, their rights and owners, processes and their deaths, pages and
// pixels, and that a queue runs its command lists, waits and signals in order, each as soon as it can. Its own are the
// codes of errors, and what a GPU, its driver and its formats would do. Command lists have transitions and copies
// alone; one that breaks their rules removes the device. Everything that a device, queue or fence is asked is in
// World::calls, in order.
#pragma once

#include <d3d12.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dxgi/com.hpp"

namespace geyser::test {

using dxgi::Com;

// Mapped pages: a section's, or the process' own.
class Pages {
 public:
  static std::shared_ptr<Pages> create(std::size_t bytes, bool shared);
  // Of a duplicate of `handle`, which stays the caller's. Null, with GetLastError() set.
  static std::shared_ptr<Pages> open(HANDLE handle);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  std::byte* begin() const { return begin_; }
  HANDLE handle() const { return handle_; }  // null: the process' own

 private:
  Pages(HANDLE handle, std::byte* begin) : handle_(handle), begin_(begin) {}
  HANDLE handle_;
  std::byte* begin_;
};

// What stands behind every object that was opened of one handle in this process.
struct SharedObject {
  enum class Kind : std::uint32_t { resource = 1, heap, fence };
  struct Header {
    static constexpr std::uint64_t of_stand_in = 0x12d3d3d1'12d3d3d1;
    std::uint64_t mark = 0;
    std::uint64_t number = 0;  // no other object's, in any process
    Kind kind = Kind::resource;
    D3D12_RESOURCE_DESC desc{};
    UINT64 heap_size = 0;
    std::atomic<UINT64> value = 0;
  };
  static constexpr std::size_t header_bytes = 4096;
  // Of SetEventOnCompletion, of which fence's.
  struct Waiter {
    UINT64 value;
    HANDLE event;
    const ID3D12Fence* fence;
  };

  std::shared_ptr<Pages> memory;  // with the header
  std::shared_ptr<Pages> heap;    // of what is placed in one, which keeps it
  std::byte* pages = nullptr;
  D3D12_HEAP_TYPE heap_type = D3D12_HEAP_TYPE_DEFAULT;
  D3D12_RESOURCE_STATES state = D3D12_RESOURCE_STATE_COMMON;
  std::vector<Waiter> waiters;

  Header& header() const { return *reinterpret_cast<Header*>(memory->begin()); }
  bool is_shared() const { return memory->handle() != nullptr || heap != nullptr; }
};

class StandInQueue;

struct World {
  std::vector<std::string> calls;
  std::atomic<int> alive = 0;  // COM objects
  // What devices answer from now on; S_OK: what they do.
  HRESULT share_result = S_OK;
  std::atomic<HRESULT> removed = S_OK;
  std::atomic<int> lost_events = 0;  // that were closed before their fence set them

  std::recursive_mutex mutex;  // of what follows, and what queues and objects have
  std::map<std::uint64_t, std::weak_ptr<SharedObject>> objects;
  std::vector<StandInQueue*> queues;

  // Those since the last call.
  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }
  std::shared_ptr<SharedObject> make(SharedObject::Kind kind, std::size_t bytes, bool shared);
  // Null, with GetLastError() set.
  std::shared_ptr<SharedObject> open(HANDLE handle);
  void signal(SharedObject& fence, UINT64 value);
  // Sets events and lets queues go on, as far as fences have come.
  void advance();
  // Looks every millisecond at what other processes signal, until the world goes.
  void watch_others();

 private:
  std::jthread watcher_;
};

// A device of the adapter with that LUID.
Com<ID3D12Device> make_stand_in_device(World& world, std::uint32_t luid = 7);
// A shared heap of a device's, as another program makes one.
Com<ID3D12Heap> make_stand_in_heap(World& world, ID3D12Device& device, UINT64 size);
std::shared_ptr<SharedObject> behind(ID3D12Resource& resource);
std::shared_ptr<SharedObject> behind(ID3D12Fence& fence);

}  // namespace geyser::test
