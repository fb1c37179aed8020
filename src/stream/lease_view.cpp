#include <utility>

#include "stream/ring_writer.hpp"

namespace geyser::stream {

LeaseView::LeaseView(platform::MappedMemory memory, Limits limits)
    : memory_(std::move(memory)), page_(reinterpret_cast<const LeasePage*>(memory_.bytes().data())), limits_(limits) {}

SleepMode LeaseView::sleep_mode() const noexcept {
  const std::uint32_t mode = page_->sleeping.load();
  return mode <= static_cast<std::uint32_t>(SleepMode::socket) ? static_cast<SleepMode>(mode) : SleepMode::awake;
}

// Only a fence that is asked says that the GPU has read: a value that is never reached must not stop the publisher's.
bool LeaseView::reads_on(std::uint32_t slot) const noexcept {
  if (!limits_.timeline) return false;
  const std::uint64_t value = page_->release_values[slot].load();
  if (value == 0 || value == watches_[slot].ignored_value) return false;
  if (fence_ == nullptr) return true;
  const auto completed = fence_->completed_value();
  return !completed || *completed < value;
}

void LeaseView::wait_for_read(std::uint32_t slot, std::chrono::nanoseconds timeout) const noexcept {
  // A failure is the next claim's to find: a value that is not reached keeps the slot until its time is over.
  if (fence_ != nullptr) static_cast<void>(fence_->wait(page_->release_values[slot].load(), timeout));
}

bool LeaseView::holds(std::uint32_t slot, std::uint64_t frame, bool back_pressure) const noexcept {
  if (watches_[slot].revoked == frame) return false;
  return page_->leases[slot].load() == frame || (back_pressure && limits_.every_frame && page_->cursor.load() < frame);
}

bool LeaseView::keeps(std::uint32_t slot, std::uint64_t frame, bool back_pressure, Clock::time_point now) noexcept {
  Watch& watch = watches_[slot];
  if (frame != 0 && (holds(slot, frame, back_pressure) || reads_on(slot))) {
    if (watch.since == Clock::time_point{}) watch.since = now;
    return true;
  }
  // The last frame that it took, and it has returned it.
  if (frame != 0 && watch.revoked != frame && page_->cursor.load() == frame) overstayed_ = false;
  if (watch.since != Clock::time_point{}) {
    if (watch.revoked != frame) overstayed_ = false;
    watch.since = {};
  }
  return false;
}

LeaseView::Clock::time_point LeaseView::kept_until(std::uint32_t slot,
                                                   std::chrono::nanoseconds lease_time) const noexcept {
  const Watch& watch = watches_[slot];
  if (watch.since == Clock::time_point{} || overstayed_) return watch.since;
  return watch.since + lease_time;
}

void LeaseView::revoke(std::uint32_t slot, std::uint64_t frame) noexcept {
  Watch& watch = watches_[slot];
  if (watch.since == Clock::time_point{}) return;
  watch.revoked = frame;
  watch.ignored_value = page_->release_values[slot].load();
  watch.since = {};
  overstayed_ = true;
  ++leases_lost_;
}

std::uint32_t LeaseView::held(const RingPage& ring, std::uint32_t slot_count) const noexcept {
  std::uint32_t count = 0;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
    const std::uint64_t lease = page_->leases[slot].load();
    if (lease != 0 && lease == ring.slots[slot].frame.load()) ++count;
  }
  return count;
}

}  // namespace geyser::stream
