// Sleeping on a 32-bit word that several processes map.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include <geyser/error.hpp>

namespace geyser::platform {

// Sleeps while `word` holds `expected`, at most `timeout`. May return early for no reason: look at the state again.
[[nodiscard]] Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                                      std::chrono::nanoseconds timeout);
// Wakes every sleeper of every process.
void futex_wake_all(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace geyser::platform
