#include "stream/ring_reader.hpp"

#include <cstring>
#include <new>
#include <utility>

#include "common/text.hpp"
#include "platform/futex.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

using detail::text;

namespace {

// A publisher that writes faster than this end can lease is asked again by the next call.
constexpr int max_tries = 16;

}  // namespace

Result<RingReader> RingReader::open(NativeHandle ring_page, NativeHandle lease_page, std::uint32_t slot_count,
                                    std::uint64_t generation) {
  auto ring = platform::map_shared_memory_for_reading(ring_page, sizeof(RingPage));
  if (!ring) return fail(std::move(ring.error()).during("mapping the page of a ring"));
  auto leases = platform::map_shared_memory(lease_page, sizeof(LeasePage));
  if (!leases) return fail(std::move(leases.error()).during("mapping the page of leases"));
  RingReader reader;
  reader.ring_ = std::launder(reinterpret_cast<const RingPage*>(ring->bytes().data()));
  reader.leases_ = std::launder(reinterpret_cast<LeasePage*>(leases->bytes().data()));
  reader.slot_count_ = slot_count;
  if (reader.ring_->magic.load() != ring_magic || reader.leases_->magic.load() != lease_magic) {
    return fail(ErrorCode::protocol, "The pages of a ring do not begin as such pages do.");
  }
  if (reader.ring_->slot_count.load() != slot_count || reader.ring_->generation.load() != generation) {
    return fail(ErrorCode::protocol,
                text("The page of a ring says [", reader.ring_->slot_count.load(), "] slots of generation [",
                     reader.ring_->generation.load(), "], its message [", slot_count, "] of [", generation, "]."));
  }
  reader.ring_memory_ = *std::move(ring);
  reader.lease_memory_ = *std::move(leases);
  return reader;
}

RingState RingReader::state() const noexcept {
  const std::uint32_t state = ring_->state.load();
  return state <= static_cast<std::uint32_t>(RingState::superseded) ? static_cast<RingState>(state) : RingState::ended;
}

std::optional<std::uint64_t> RingReader::choose(FrameMode mode, std::uint64_t last, bool complete_only) const noexcept {
  const std::uint64_t newest = complete_only ? ring_->latest_complete.load() : ring_->latest.load();
  if (number_of(newest) <= last || slot_of(newest) >= slot_count_) return std::nullopt;
  if (mode == FrameMode::latest) return newest;
  // In order: the oldest one that the ring still has.
  std::uint64_t best = newest;
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    const std::uint64_t number = ring_->slots[slot].frame.load();
    if (number > last && number < number_of(best)) best = pack_frame(number, slot);
  }
  return best;
}

std::optional<LeasedFrame> RingReader::take(FrameMode mode, std::uint64_t last, bool complete_only,
                                            FrameInfo& info) noexcept {
  for (int tries = 0; tries < max_tries; ++tries) {
    const auto packed = choose(mode, last, complete_only);
    if (!packed) return std::nullopt;
    fault_point("subscriber.frame_chosen");
    if (auto frame = lease(slot_of(*packed), number_of(*packed), info)) {
      leases_->cursor.store(frame->number, std::memory_order_relaxed);
      return frame;
    }
  }
  return std::nullopt;
}

std::optional<LeasedFrame> RingReader::take_before(std::uint64_t end, FrameInfo& info) noexcept {
  std::uint32_t newest_slot = 0;
  std::uint64_t newest = 0;
  for (std::uint32_t slot = 0; slot < slot_count_; ++slot) {
    const std::uint64_t number = ring_->slots[slot].frame.load();
    if (number >= end || number <= newest) continue;
    newest = number;
    newest_slot = slot;
  }
  return newest != 0 ? lease(newest_slot, newest, info) : std::nullopt;
}

std::optional<LeasedFrame> RingReader::lease(std::uint32_t slot, std::uint64_t number, FrameInfo& info) noexcept {
  const SlotPage& page = ring_->slots[slot];
  // Sequentially consistent on both sides: either the publisher sees the lease, or this end sees that it took the slot
  // (RingWriter::claim).
  leases_->leases[slot].store(number);
  fault_point("subscriber.lease_stored");
  if (page.frame.load() == number && copy_info(page, info)) {
    info.number = number;
    return LeasedFrame{slot, number, page.fence_value.load(), page.serial.load()};
  }
  leases_->leases[slot].store(0);
  return std::nullopt;
}

bool RingReader::copy_info(const SlotPage& slot, FrameInfo& info) const noexcept {
  info.clock_ns = slot.clock_ns.load(std::memory_order_relaxed);
  info.presentation_time_ns = slot.presentation_time_ns.load(std::memory_order_relaxed);
  const std::uint32_t damage_count = slot.damage_count.load(std::memory_order_relaxed);
  const std::uint32_t user_size = slot.user_size.load(std::memory_order_relaxed);
  if (damage_count > max_damage_rects || user_size > max_user_bytes) return false;
  std::array<DamageRect, max_damage_rects> damage{};
  for (std::size_t i = 0; i < damage_count; ++i) {
    const std::uint64_t at = slot.damage[2 * i].load(std::memory_order_relaxed);
    const std::uint64_t size = slot.damage[2 * i + 1].load(std::memory_order_relaxed);
    damage[i] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32U),
                 static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(size >> 32U)};
  }
  std::array<std::uint64_t, max_user_bytes / 8> words;  // only the words in use have values
  const std::uint32_t word_count = (user_size + 7) / 8;
  for (std::uint32_t i = 0; i < word_count; ++i) words[i] = slot.user_words[i].load(std::memory_order_relaxed);
  return info.set_damage({damage.data(), damage_count}).has_value() &&
         info.set_user_bytes(std::as_bytes(std::span(words)).first(user_size)).has_value();
}

bool RingReader::is_intact(std::uint32_t slot, std::uint64_t number) const noexcept {
  return ring_->slots[slot].frame.load() == number;
}

bool RingReader::release(std::uint32_t slot, std::uint64_t number, std::uint64_t release_value) noexcept {
  const bool intact = is_intact(slot, number);
  fault_point("subscriber.before_release");
  leases_->release_values[slot].store(release_value);
  fault_point("subscriber.value_stored");
  leases_->leases[slot].store(0);
  fault_point("subscriber.lease_cleared");
  if (ring_->publisher_waits.load() != 0) {
    leases_->bell.fetch_add(1);
    platform::futex_wake_all(leases_->bell);
  }
  return intact;
}

std::uint64_t RingReader::newest(bool complete_only) const noexcept {
  return number_of(complete_only ? ring_->latest_complete.load() : ring_->latest.load());
}

bool RingReader::has_news(std::uint64_t last, bool complete_only) const noexcept {
  return newest(complete_only) > last || state() != RingState::live;
}

Result<void> RingReader::sleep(std::uint64_t last, bool complete_only, std::chrono::nanoseconds timeout) {
  const std::uint32_t bell = ring_->doorbell.load();
  leases_->sleeping.store(static_cast<std::uint32_t>(SleepMode::futex));
  fault_point("subscriber.sleeping");
  Result<void> slept;
  if (!has_news(last, complete_only)) slept = platform::futex_wait(ring_->doorbell, bell, timeout);
  disarm();
  return slept;
}

bool RingReader::arm_socket(std::uint64_t last, bool complete_only) noexcept {
  leases_->sleeping.store(static_cast<std::uint32_t>(SleepMode::socket));
  fault_point("subscriber.socket_armed");
  return !has_news(last, complete_only);
}

void RingReader::disarm() noexcept { leases_->sleeping.store(static_cast<std::uint32_t>(SleepMode::awake)); }

void RingReader::report(std::uint64_t frames_read, std::uint64_t frames_missed) noexcept {
  leases_->frames_read.store(frames_read, std::memory_order_relaxed);
  leases_->frames_missed.store(frames_missed, std::memory_order_relaxed);
}

}  // namespace geyser::stream
