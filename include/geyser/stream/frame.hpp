// What is known of one frame of a feed, beside its pixels. Values of fixed size: nothing here allocates.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <geyser/error.hpp>
#include <geyser/export.hpp>

namespace geyser::stream {

inline constexpr std::size_t max_damage_rects = 16;
inline constexpr std::size_t max_user_bytes = 4096;

// Texels; the origin is the texture's first texel in memory, whatever the picture's orientation.
struct DamageRect {
  std::uint32_t x = 0, y = 0, width = 0, height = 0;
  friend bool operator==(const DamageRect&, const DamageRect&) = default;
};

struct FrameInfo {
  FrameInfo() noexcept = default;
  // Copies what has values: an info without user bytes is small, whatever its size.
  GEYSER_API FrameInfo(const FrameInfo& other) noexcept;
  GEYSER_API FrameInfo& operator=(const FrameInfo& other) noexcept;
  ~FrameInfo() = default;

  std::uint64_t number = 0;                // counted by the publisher from 1; publish() sets it
  std::uint64_t clock_ns = 0;              // monotonic clock at publish(); publish() sets it
  std::uint64_t presentation_time_ns = 0;  // when it should be seen, on the same clock; 0: at once

  // What changed since frame number - 1. None: everything may have changed.
  [[nodiscard]] std::span<const DamageRect> damage() const noexcept { return {damage_.data(), damage_count_}; }
  // Errors: invalid_argument (more than max_damage_rects).
  [[nodiscard]] GEYSER_API Result<void> set_damage(std::span<const DamageRect> rects);
  // The application's own, as it gave them.
  [[nodiscard]] std::span<const std::byte> user_bytes() const noexcept { return {user_bytes_.data(), user_size_}; }
  // Errors: invalid_argument (more than max_user_bytes).
  [[nodiscard]] GEYSER_API Result<void> set_user_bytes(std::span<const std::byte> bytes);

 private:
  std::uint32_t damage_count_ = 0;
  std::uint32_t user_size_ = 0;
  std::array<DamageRect, max_damage_rects> damage_{};
  std::array<std::byte, max_user_bytes> user_bytes_;  // the first user_size_ have values
};

}  // namespace geyser::stream
