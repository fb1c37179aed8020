#include <geyser/stream/frame.hpp>

#include <algorithm>

#include "common/text.hpp"

namespace geyser::stream {

using detail::text;

FrameInfo::FrameInfo(const FrameInfo& other) noexcept { *this = other; }

FrameInfo& FrameInfo::operator=(const FrameInfo& other) noexcept {
  number = other.number;
  clock_ns = other.clock_ns;
  presentation_time_ns = other.presentation_time_ns;
  damage_count_ = other.damage_count_;
  user_size_ = other.user_size_;
  std::copy_n(other.damage_.begin(), damage_count_, damage_.begin());
  std::copy_n(other.user_bytes_.begin(), user_size_, user_bytes_.begin());
  return *this;
}

Result<void> FrameInfo::set_damage(std::span<const DamageRect> rects) {
  if (rects.size() > max_damage_rects) {
    return fail(ErrorCode::invalid_argument, text("A frame has [", rects.size(), "] damage rectangles, at most [",
                                                  max_damage_rects, "] are possible."));
  }
  std::copy(rects.begin(), rects.end(), damage_.begin());
  damage_count_ = static_cast<std::uint32_t>(rects.size());
  return {};
}

Result<void> FrameInfo::set_user_bytes(std::span<const std::byte> bytes) {
  if (bytes.size() > max_user_bytes) {
    return fail(ErrorCode::invalid_argument,
                text("A frame has [", bytes.size(), "] user bytes, at most [", max_user_bytes, "] are possible."));
  }
  std::copy(bytes.begin(), bytes.end(), user_bytes_.begin());
  user_size_ = static_cast<std::uint32_t>(bytes.size());
  return {};
}

}  // namespace geyser::stream
