// Stand-ins for Direct3D 12's objects, for what no driver here does: sharing. Handles are real NT handles, of a section
// that says which object of the World it is of, so that who closes them, and with which rights they came, is the
// system's word. Everything that a device, queue or fence is asked is in World::calls, in order. There are no pixels
// and no command lists; a queue does its waits and signals in order, each as soon as it can.
#pragma once

#include <d3d12.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dxgi/com.hpp"

namespace geyser::test {

using dxgi::Com;

// What stands behind every object that was opened of one handle.
struct SharedObject {
  enum class Kind : std::uint32_t { resource = 1, heap, fence } kind = Kind::resource;
  std::uint32_t number = 0;
  bool is_shared = false;
  D3D12_RESOURCE_DESC desc{};
  UINT64 heap_size = 0;
  UINT64 value = 0;
  std::vector<std::pair<UINT64, HANDLE>> events;  // of SetEventOnCompletion
};

class StandInQueue;

struct World {
  std::vector<std::string> calls;
  std::map<std::uint32_t, std::shared_ptr<SharedObject>> objects;
  std::uint32_t last_number = 0;
  int alive = 0;  // COM objects
  std::vector<StandInQueue*> queues;
  // What devices answer from now on; S_OK: what they do.
  HRESULT share_result = S_OK;
  HRESULT removed = S_OK;

  // Those since the last call.
  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }
  void signal(SharedObject& fence, UINT64 value);
};

// A device of the adapter with that LUID.
Com<ID3D12Device> make_stand_in_device(World& world, std::uint32_t luid = 7);
// A shared heap of a device's, as another program makes one.
Com<ID3D12Heap> make_stand_in_heap(World& world, ID3D12Device& device, UINT64 size);
std::shared_ptr<SharedObject> behind(ID3D12Resource& resource);
std::shared_ptr<SharedObject> behind(ID3D12Fence& fence);

}  // namespace geyser::test
