// The two pages of memory through which a ring and one subscriber talk (docs/streams.md has the protocol).
//
// RingPage: written by the publisher alone; its descriptor cannot be mapped for writing by anyone else. LeasePage: one
// for each subscriber, written by it alone. Neither side trusts what it reads: numbers are checked, and every decision
// that could stop or mislead the reader of a page is bounded by its own clock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <geyser/stream/feed.hpp>
#include <geyser/stream/frame.hpp>

namespace geyser::stream {

inline constexpr std::uint64_t ring_magic = 0x31676e7279657367ULL;   // "gseyrng1"
inline constexpr std::uint64_t lease_magic = 0x3173656c79657367ULL;  // "gseyles1"
inline constexpr std::size_t cache_line = 64;

// A frame's number and its slot in one word, so that both are read at once.
inline constexpr std::uint64_t slot_bits = 4;
static_assert((1U << slot_bits) == max_ring_size);
[[nodiscard]] constexpr std::uint64_t pack_frame(std::uint64_t number, std::uint32_t slot) noexcept {
  return number << slot_bits | slot;
}
[[nodiscard]] constexpr std::uint64_t number_of(std::uint64_t packed) noexcept { return packed >> slot_bits; }
[[nodiscard]] constexpr std::uint32_t slot_of(std::uint64_t packed) noexcept {
  return static_cast<std::uint32_t>(packed & (max_ring_size - 1));
}

enum class RingState : std::uint32_t { live = 0, ended = 1, superseded = 2 };  // superseded: a new ring is on its way

// `frame` is the number of the frame that the slot's texture holds, 0 while the publisher may be writing it. The rest
// changes only while `frame` is 0, and words keep the reader's copy free of races even when the publisher cheats.
struct alignas(cache_line) SlotPage {
  std::atomic<std::uint64_t> frame;
  std::atomic<std::uint64_t> fence_value;  // of the publisher's fence; 0: the pixels are complete already
  std::atomic<std::uint64_t> serial;       // AccessState::serial
  std::atomic<std::uint64_t> clock_ns;
  std::atomic<std::uint64_t> presentation_time_ns;
  std::atomic<std::uint32_t> damage_count;
  std::atomic<std::uint32_t> user_size;
  std::array<std::atomic<std::uint64_t>, max_damage_rects * 2> damage;  // x | y << 32, width | height << 32
  std::array<std::atomic<std::uint64_t>, max_user_bytes / 8> user_words;
};

struct RingPage {
  std::atomic<std::uint64_t> magic;
  std::atomic<std::uint64_t> generation;
  std::atomic<std::uint32_t> slot_count;
  alignas(cache_line) std::atomic<std::uint64_t> latest;  // packed; for those who wait on the publisher's fence
  std::atomic<std::uint64_t> latest_complete;             // packed; for those who cannot
  std::atomic<std::uint32_t> doorbell;                    // changes with every frame; what sleepers sleep on
  std::atomic<std::uint32_t> state;                       // RingState
  std::atomic<std::uint32_t> publisher_waits;             // not 0: ring the lease page's bell after a release
  std::array<SlotPage, max_ring_size> slots;
};

enum class SleepMode : std::uint32_t { awake = 0, futex = 1, socket = 2 };

struct LeasePage {
  std::atomic<std::uint64_t> magic;
  // For each slot: the number of the frame that is held, 0: none.
  alignas(cache_line) std::array<std::atomic<std::uint64_t>, max_ring_size> leases;
  // For each slot: the value of the subscriber's fence after which its last read is done; 0: it is done.
  std::array<std::atomic<std::uint64_t>, max_ring_size> release_values;
  alignas(cache_line) std::atomic<std::uint64_t> cursor;  // the last frame that was taken
  std::atomic<std::uint64_t> frames_read;
  std::atomic<std::uint64_t> frames_missed;
  std::atomic<std::uint32_t> sleeping;  // SleepMode
  std::atomic<std::uint32_t> bell;      // what a waiting publisher sleeps on
};

// Part of the protocol between programs built apart.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(SlotPage) == 4416 && sizeof(RingPage) == 128 + max_ring_size * sizeof(SlotPage));
static_assert(sizeof(LeasePage) == 384 && offsetof(LeasePage, cursor) == 320);

}  // namespace geyser::stream
