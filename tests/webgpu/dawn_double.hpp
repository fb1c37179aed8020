// Stands for Dawn on systems that are not here: its functions, with what its sources say of shared memory and fences.
// An access ends with the fence of the queue and the number of the submission that used the texture last; without one
// with the fences that it began with. Handles are duplicated or retained, those that it gives are lent. A library of
// the name that the backend loads.
#pragma once

#include <webgpu/webgpu.h>

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace geyser::test {

struct FenceTold {
  void* handle = nullptr;  // Dawn's own copy
  std::uint64_t value = 0;
  friend bool operator==(const FenceTold&, const FenceTold&) = default;
};

struct DawnDouble {
  // What it is.
  WGPUBackendType backend = WGPUBackendType_Undefined;
  std::set<WGPUFeatureName> features;
  std::uint32_t vendor = 0x1234, device = 0x5678;
  std::string name = "Double";
  std::uint32_t feature_shift = 0;  // its numbers of features have moved
  std::string odd_structure;        // that it calls so where it is asked about the first one
  void* metal_device = nullptr;     // what GetMTLDevice gives
  WGPUSharedTextureMemoryProperties memory =
      WGPU_SHARED_TEXTURE_MEMORY_PROPERTIES_INIT;  // what a handle turns out to be
  std::function<void*(void*)> copy;                // a handle or object of the system: duplicated or retained
  std::function<void(void*)> drop;
  void* queue_handle = nullptr;  // of the queue's fence
  std::string refusal;           // of the next import
  bool lost = false;

  // What it was told.
  std::vector<std::string> calls;  // those that are about shared memory, in their order
  std::vector<WGPUBackendType> asked_backends;
  std::vector<std::array<std::uint8_t, 8>> asked_luids;
  std::vector<WGPUFeatureName> enabled;
  void* imported = nullptr;  // the caller's
  bool keyed_mutex = false, storage = false, initialized = false;
  std::vector<FenceTold> waits;
  std::uint64_t serial = 40;  // of submissions
  int objects = 0;            // alive: fences, memories, textures, buffers
};

// The one there is.
__attribute__((visibility("default"))) DawnDouble& dawn();

}  // namespace geyser::test
