// A subscriber's hold on a ring: finds frames, leases their slots, gives them back. Touches no texture.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>
#include <geyser/stream/frame.hpp>
#include <geyser/stream/subscriber.hpp>

#include "platform/shared_memory.hpp"
#include "stream/pages.hpp"

namespace geyser::stream {

struct LeasedFrame {
  std::uint32_t slot = 0;
  std::uint64_t number = 0;
  std::uint64_t fence_value = 0;
  std::uint64_t serial = 0;
};

class RingReader {
 public:
  // Errors: those of mapping the two pages, protocol (what is in them).
  [[nodiscard]] static Result<RingReader> open(NativeHandle ring_page, NativeHandle lease_page,
                                               std::uint32_t slot_count, std::uint64_t generation);

  // Leases the next frame after `last`, and copies what is known of it into `info`. With `complete_only`, none whose
  // fence is still to be reached. Nothing when there is none, or the publisher is faster than a few tries.
  [[nodiscard]] std::optional<LeasedFrame> take(FrameMode mode, std::uint64_t last, bool complete_only,
                                                FrameInfo& info) noexcept;
  // Leases the newest of the frames before `end`.
  [[nodiscard]] std::optional<LeasedFrame> take_before(std::uint64_t end, FrameInfo& info) noexcept;
  // Gives a slot back; `release_value` as in LeasePage. True: the frame was whole until now.
  bool release(std::uint32_t slot, std::uint64_t number, std::uint64_t release_value) noexcept;
  [[nodiscard]] bool is_intact(std::uint32_t slot, std::uint64_t number) const noexcept;

  // Whether there may be a frame after `last`.
  [[nodiscard]] bool has_news(std::uint64_t last, bool complete_only) const noexcept;
  // Number of the newest frame, 0: none.
  [[nodiscard]] std::uint64_t newest(bool complete_only) const noexcept;
  [[nodiscard]] RingState state() const noexcept;
  // Sleeps until the publisher rings, something is new, or `timeout` ends. Errors: operating_system.
  [[nodiscard]] Result<void> sleep(std::uint64_t last, bool complete_only, std::chrono::nanoseconds timeout);
  // From now on a publisher that has something new writes to the socket, until the next sleep(). False: there may be
  // something new already.
  [[nodiscard]] bool arm_socket(std::uint64_t last, bool complete_only) noexcept;
  void disarm() noexcept;
  void report(std::uint64_t frames_read, std::uint64_t frames_missed) noexcept;

 private:
  std::optional<LeasedFrame> lease(std::uint32_t slot, std::uint64_t number, FrameInfo& info) noexcept;
  std::optional<std::uint64_t> choose(FrameMode mode, std::uint64_t last, bool complete_only) const noexcept;
  bool copy_info(const SlotPage& slot, FrameInfo& info) const noexcept;

  platform::MappedMemory ring_memory_;
  platform::MappedMemory lease_memory_;
  const RingPage* ring_ = nullptr;
  LeasePage* leases_ = nullptr;
  std::uint32_t slot_count_ = 0;
};

}  // namespace geyser::stream
