// A publisher's side of a ring: which slot may be written next, who holds what, who has to be woken. Touches no
// texture. The fences of subscribers are read; what waits for them is bounded by a few milliseconds.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <geyser/error.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>
#include <geyser/stream/frame.hpp>

#include "platform/shared_memory.hpp"
#include "stream/pages.hpp"

namespace geyser::stream {

// One subscriber's leases as the publisher reads them.
class LeaseView {
 public:
  using Clock = std::chrono::steady_clock;
  struct Limits {
    std::uint32_t max_leases = 1;
    bool every_frame = false;
    bool timeline = false;  // reads end when its fence says so; until set_fence() no release counts
  };

  LeaseView(platform::MappedMemory memory, Limits limits);

  void set_fence(std::shared_ptr<SharedFence> fence) noexcept { fence_ = std::move(fence); }
  [[nodiscard]] bool every_frame() const noexcept { return limits_.every_frame; }
  [[nodiscard]] bool timeline() const noexcept { return limits_.timeline; }
  [[nodiscard]] SleepMode sleep_mode() const noexcept;
  [[nodiscard]] const std::atomic<std::uint32_t>& bell() const noexcept { return page_->bell; }
  [[nodiscard]] std::uint64_t frames_read() const noexcept { return page_->frames_read.load(); }
  [[nodiscard]] std::uint64_t frames_missed() const noexcept { return page_->frames_missed.load(); }
  // From any thread, as the three above.
  [[nodiscard]] std::uint64_t leases_lost() const noexcept { return leases_lost_.load(std::memory_order_relaxed); }

  // Whether the subscriber keeps `frame` in `slot` from being overwritten: it holds it, its GPU still reads it, or,
  // with back-pressure, it has not had it. Notes since when.
  [[nodiscard]] bool keeps(std::uint32_t slot, std::uint64_t frame, bool back_pressure, Clock::time_point now) noexcept;
  // When the slot may be taken away although it is kept.
  [[nodiscard]] Clock::time_point kept_until(std::uint32_t slot, std::chrono::nanoseconds lease_time) const noexcept;
  // The part of keeps() that ends with a bell: it holds the frame, or has not had it.
  [[nodiscard]] bool holds(std::uint32_t slot, std::uint64_t frame, bool back_pressure) const noexcept;
  // The part that ends without one: its GPU still reads what it has released.
  [[nodiscard]] bool reads_on(std::uint32_t slot) const noexcept;
  // Sleeps until that read ends, or for `timeout`.
  void wait_for_read(std::uint32_t slot, std::chrono::nanoseconds timeout) const noexcept;
  // Takes the slot away: whatever the page says of this lease counts no more.
  void revoke(std::uint32_t slot, std::uint64_t frame) noexcept;
  // How many slots it holds by the page; more than it may is a breach of the protocol.
  [[nodiscard]] std::uint32_t held(const RingPage& ring, std::uint32_t slot_count) const noexcept;
  [[nodiscard]] bool breaks_limit(const RingPage& ring, std::uint32_t slot_count) const noexcept {
    return held(ring, slot_count) > limits_.max_leases;
  }

 private:
  struct Watch {
    Clock::time_point since{};        // when the slot was first seen kept; zero: it is not
    std::uint64_t revoked = 0;        // the frame whose lease was taken away
    std::uint64_t ignored_value = 0;  // the release value that nobody waits for any more
  };
  platform::MappedMemory memory_;
  const LeasePage* page_;
  Limits limits_;
  std::shared_ptr<SharedFence> fence_;
  std::array<Watch, max_ring_size> watches_{};
  std::atomic<std::uint64_t> leases_lost_{0};
  bool overstayed_ = false;  // no grace until it returns a frame in time
};

class RingWriter {
 public:
  // Errors: operating_system, out_of_memory.
  [[nodiscard]] static Result<RingWriter> create(std::uint32_t slot_count, std::uint64_t generation);

  // For a subscriber: the ring's page (never writable there) and a lease page of its own.
  struct Pages {
    OwnedHandle ring_page;
    OwnedHandle lease_page;
    std::unique_ptr<LeaseView> view;
  };
  [[nodiscard]] Result<Pages> add_subscriber(LeaseView::Limits limits) const;

  struct Policy {
    bool back_pressure = false;
    std::chrono::nanoseconds lease_time{};
  };
  using Views = std::vector<LeaseView*>;
  // The slot with the oldest frame that nobody keeps, marked as being written. With `revoke`, else the one whose
  // keepers have all overstayed, or any when the ring has run out for twice the lease time: so long the publisher waits
  // at most. `lost` counts the leases so taken away.
  [[nodiscard]] std::optional<std::uint32_t> claim(const Views& views, const Policy& policy, bool revoke,
                                                   std::uint64_t& lost) noexcept;
  // Sleeps until a subscriber releases something, or a GPU has read what was released, or `timeout` ends; at most a few
  // milliseconds.
  void wait_for_release(const Views& views, bool back_pressure, std::chrono::nanoseconds timeout) noexcept;
  // Gives a claimed slot back without a frame.
  void abandon(std::uint32_t slot) noexcept;

  struct Announcement {
    std::uint64_t number = 0;
    std::uint64_t fence_value = 0;
    std::uint64_t serial = 0;
    bool complete = true;  // the pixels are there already, without the fence
  };
  void announce(std::uint32_t slot, const Announcement& frame, const FrameInfo& info) noexcept;
  // The announced frame's fence is reached.
  void announce_complete(std::uint32_t slot, std::uint64_t number) noexcept;
  // Wakes those who sleep on the page; gives the number of system calls.
  std::uint32_t wake(const Views& views) noexcept;
  void set_state(RingState state) noexcept;
  [[nodiscard]] const RingPage& page() const noexcept { return *page_; }
  [[nodiscard]] std::uint32_t slot_count() const noexcept { return slot_count_; }

 private:
  [[nodiscard]] bool is_kept(const Views& views, std::uint32_t slot, std::uint64_t frame, const Policy& policy,
                             LeaseView::Clock::time_point now) const noexcept;
  // Whether everybody who keeps the slot has overstayed.
  [[nodiscard]] bool is_over(const Views& views, std::uint32_t slot, const Policy& policy,
                             LeaseView::Clock::time_point now) const noexcept;
  void begin_writing(std::uint32_t slot) noexcept;
  // The slot with the oldest frame that nothing but GPUs' reads can keep; they may have ended since the claim.
  [[nodiscard]] std::optional<std::uint32_t> next_read(const Views& views, bool back_pressure) const noexcept;

  OwnedHandle handle_;
  platform::MappedMemory memory_;
  RingPage* page_ = nullptr;
  std::uint32_t slot_count_ = 0;
  std::array<std::uint64_t, max_ring_size> frames_{};  // what each slot holds; the page's copy may be 0
  std::array<bool, max_ring_size> writing_{};
  std::uint64_t latest_ = 0;
  LeaseView::Clock::time_point run_out_since_{};  // zero: the last claim found a slot that nobody kept
};

}  // namespace geyser::stream
