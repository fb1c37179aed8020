// A libcuda for machines without a GPU (cuda_stand_in.cpp): arrays are plain memory, streams are queues of what is
// still to be done, semaphores are counters in shared memory. It checks what a driver trusts: that a context is
// current, that handles are alive and that nobody closes what it owns. This is how tests talk to it, beside the
// driver's own calls.
#pragma once

#include <cstdint>
#include <vector>

namespace geyser::test {

struct CudaStandIn {
  // Forgets complaints, trace, failures, attributes and refused formats. Live objects stay.
  void (*reset)();
  // The call of that name fails so, after `skip` calls of it have succeeded; once.
  void (*fail)(const char* call, int result, int skip);
  void (*set_attribute)(int attribute, int value);
  void (*set_device_count)(int count);
  // cuMipmappedArrayCreate refuses this CUarray_format.
  void (*refuse_format)(int format);
  // cuMipmappedArrayCreate refuses compressed arrays that end within a block.
  void (*refuse_partial_blocks)();
  // While held, streams do nothing of what they are told.
  void (*hold)(bool held);
  // As hold(), for the streams of one device.
  void (*hold_device)(int device, bool held);
  // Every context is dead from now on: what is called in one fails so.
  void (*kill_contexts)(int result);
  // Memory that is imported from this descriptor is a device's, and imports nowhere else.
  void (*place_memory)(int fd, int device);
  // Whether devices reach each other's memory; else copies between them go through the host.
  void (*set_peer_access)(bool reach);
  // What a driver does when a context goes: everything in it goes, too.
  void (*destroy_objects)();
  // Objects of every kind that were made and not destroyed; descriptors that the driver owns.
  int (*live_objects)();
  int (*owned_descriptors)();
  // Separated by newlines; valid until the next call.
  const char* (*complaints)();
  // Names of the calls made, in order; a copy between devices adds "peer copy 0 to 1 on a stream of 1".
  const char* (*trace)();
};

// The symbol by which it is found in the library.
inline constexpr const char* cuda_stand_in_symbol = "geyser_cuda_stand_in";

}  // namespace geyser::test
