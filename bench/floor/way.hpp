// A way of handing a ring of textures from a producer to consumers, each in a process of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "mail.hpp"

namespace bench {

struct Scene {
  std::uint32_t width = 1920;
  std::uint32_t height = 1080;
  bool wide = false;  // rgba16f, else rgba8
  std::uint32_t depth = 4;
  std::size_t consumers = 1;
  std::uint32_t device_index = 0;
  std::string directory;  // empty, closed to other users

  std::size_t texel_bytes() const { return wide ? 8 : 4; }
  std::size_t bytes() const { return std::size_t{width} * height * texel_bytes(); }
};

struct RingPages;

// What a process of a way is given.
struct Seat {
  const Scene& scene;
  Mail& mail;
  RingPages& pages;
  std::span<const int> sockets;  // the producer's: one to each consumer; a consumer's: one
  std::size_t index = 0;         // of the consumer
};

// Both throw std::runtime_error when they cannot, Unavailable when nobody is to blame. Frames count from 1.
class Producer {
 public:
  virtual ~Producer() = default;
  // Whatever must be done before frames are counted, when the consumers are there; sets mail.base.
  virtual void start() {}
  // Writes mail.stamps of `number` into the last texel and hands the frame over; queued, not waited for.
  virtual void produce(std::uint32_t number) = 0;
  // How the ends wait for each other.
  virtual std::string sync() const = 0;
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual void start() {}
  // Sleeps until frame `number` is handed over, queues its reading and gives it back.
  virtual void take(std::uint32_t number) = 0;
  // Waits until it is read, and gives the stamp. In the order of take().
  virtual std::uint32_t finish(std::uint32_t number) = 0;
};

struct Way {
  const char* name;
  const char* consumer_api;
  std::unique_ptr<Producer> (*make_producer)(const Seat& seat);
  std::unique_ptr<Consumer> (*make_consumer)(const Seat& seat);
};

// By hand. "ahead": nobody tells anybody anything, both queues are filled in advance; only for consumers that take
// every frame. "bare": frame and give-back are told by a futex, as any program must that does not know when the next
// frame comes. All waits for contents are the GPU's.
extern const Way bare_ahead;
extern const Way bare;
extern const Way bare_to_cuda;
// No semaphores: each end waits for its own GPU before it tells the other. Where a GPU runs one process at a time, a
// queue that waits keeps it from the one that is waited for.
extern const Way bare_by_cpu;
extern const Way bare_by_cpu_to_cuda;
// Geyser's textures and fences with the same futexes: begin_access(), a submission, end_access(); and acquire and
// release recorded in the caller's command buffer, one submission in all.
extern const Way geyser_recorded;
extern const Way geyser_access;
extern const Way geyser_access_to_cuda;
extern const Way geyser_recorded_to_cuda;  // recorded where it is made; CUDA's end has no command buffers
// Publisher and Subscriber. CUDA with a Vulkan allocator, which can signal for the dead, so that GPUs wait; and
// without, so that the publisher's CPU does.
extern const Way feed;
extern const Way feed_recorded;  // accesses are deferred, and their barriers in the caller's commands: one submission
extern const Way feed_to_cuda;
extern const Way feed_recorded_to_cuda;
extern const Way feed_by_cpu_to_cuda;
// With copies: through buffers and shared memory; through linear device memory and events by CUDA's IPC.
extern const Way staging;
extern const Way cuda_ipc;

}  // namespace bench
