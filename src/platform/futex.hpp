// Sleeping on a 32-bit word that several processes map.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::platform {

class MappedMemory;

// To be called once by who makes memory in which words are slept on, before anybody does. The last 16 bytes of its last
// page are the system's from then on (Windows; Linux needs none). Sleeping in memory without it is slow, not wrong.
GEYSER_API void futex_prepare(const MappedMemory& memory) noexcept;

// Sleeps while `word` holds `expected`, at most `timeout`. May return early for no reason: look at the state again.
[[nodiscard]] GEYSER_API Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                                 std::chrono::nanoseconds timeout);
// Sleeps while every word holds its `expected`; at most 128 words.
struct FutexWord {
  const std::atomic<std::uint32_t>* word = nullptr;
  std::uint32_t expected = 0;
};
[[nodiscard]] GEYSER_API Result<void> futex_wait_any(std::span<const FutexWord> words,
                                                     std::chrono::nanoseconds timeout);
// Wakes every sleeper of every process. The word may be in a mapping for reading.
GEYSER_API void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace geyser::platform
