#include <geyser/fence.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <utility>

#include "common/fence_limits.hpp"
#include "common/text.hpp"

namespace geyser {

using detail::largest_fence_value;
using detail::text;

std::string_view to_string(FenceKind kind) noexcept {
  static constexpr std::array<std::string_view, fence_kind_count> names{
      "none",        "opaque_fd_timeline",    "opaque_fd_binary", "sync_file",          "host_timeline",
      "drm_syncobj", "opaque_win32_timeline", "d3d12_fence",      "metal_shared_event", "opaque_win32_binary"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

std::string_view to_string(SyncTier tier) noexcept {
  static constexpr std::array<std::string_view, 4> names{"shared_timeline", "binary_semaphore", "sync_file",
                                                         "host_wait"};
  const auto index = static_cast<std::size_t>(tier);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

SyncTier tier_of(FenceKind kind) noexcept {
  switch (kind) {
    case FenceKind::opaque_fd_timeline:
    case FenceKind::drm_syncobj:
    case FenceKind::opaque_win32_timeline:
    case FenceKind::d3d12_fence:
    case FenceKind::metal_shared_event:
      return SyncTier::shared_timeline;
    case FenceKind::opaque_fd_binary:
    case FenceKind::opaque_win32_binary:
      return SyncTier::binary_semaphore;
    case FenceKind::sync_file:
      return SyncTier::sync_file;
    case FenceKind::none:
    case FenceKind::host_timeline:
      break;
  }
  return SyncTier::host_wait;
}

struct SharedFence::LastValue {
  std::atomic<std::uint64_t> value;
};

namespace {

// From the system's entropy: two processes must not draw the same one.
FenceId draw_id() {
  std::random_device entropy;
  FenceId id = 0;
  while (id == 0) id = static_cast<FenceId>(entropy()) << 32U | entropy();
  return id;
}

}  // namespace

SharedFence::SharedFence(FenceKind kind, FenceId id, std::uint64_t last_value)
    : kind_(kind), id_(id != 0 ? id : draw_id()), last_value_(new LastValue{{last_value}}) {}

SharedFence::~SharedFence() = default;

std::uint64_t SharedFence::next_value() noexcept {
  return last_value_->value.fetch_add(1, std::memory_order_relaxed) + 1;
}

void SharedFence::note(std::uint64_t value) const noexcept {
  std::uint64_t last = last_value_->value.load(std::memory_order_relaxed);
  while (last < value && !last_value_->value.compare_exchange_weak(last, value, std::memory_order_relaxed)) {
  }
}

Result<std::uint64_t> SharedFence::completed_value() const {
  auto value = origin_ != nullptr ? origin_->completed_value() : do_completed_value();
  if (value) note(*value);
  return value;
}

Result<void> SharedFence::wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  auto result = origin_ != nullptr ? origin_->wait(value, timeout) : do_wait(value, timeout);
  if (result) note(value);
  return result;
}

Result<void> SharedFence::signal(std::uint64_t value) {
  auto result = origin_ != nullptr ? origin_->signal(value) : do_signal(value);
  if (result) note(value);
  return result;
}

Result<FenceHandle> SharedFence::export_handle() const {
  return origin_ != nullptr ? origin_->export_handle() : do_export();
}

Result<void> SharedFence::update(FenceHandle&& newer) {
  FenceHandle taken = std::move(newer);
  if (taken.kind != kind_ || taken.id != id_) {
    return fail(ErrorCode::invalid_handle, text("A point of fence [", taken.id, "] of kind [", to_string(taken.kind),
                                                "] is not one of fence [", id_, "] of kind [", to_string(kind_), "]."));
  }
  if (taken.value > largest_fence_value) {
    return fail(ErrorCode::invalid_handle, text("Field [value] of a fence is [", taken.value, "], at most [",
                                                largest_fence_value, "] is believed."));
  }
  const std::uint64_t value = taken.value;
  auto result = do_update(std::move(taken));
  if (result) note(value);
  return result;
}

Result<void> SharedFence::do_update(FenceHandle&&) {
  return fail(ErrorCode::unsupported, text("The handle of a fence of kind [", to_string(kind_), "] stays as it is."));
}

namespace {

tl::unexpected<GeyserError> no_relay(FenceKind kind) {
  return fail(
      GeyserError(ErrorCode::unsupported,
                  text("No allocator's device stands between this API and a fence of kind [", to_string(kind), "]."))
          .suggest("fence kind [host_timeline]"));
}

}  // namespace

Result<void> SharedFence::relay_signal(std::uint64_t value, OwnedHandle&& after, std::uint64_t after_value) {
  if (origin_ == nullptr) return no_relay(kind_);
  auto queued = origin_->do_signal_after(value, std::move(after), after_value);
  if (queued) note(value);
  return queued;
}

Result<OwnedHandle> SharedFence::relay_wait(std::uint64_t value) const {
  return origin_ != nullptr ? origin_->do_forward(value) : no_relay(kind_);
}

Result<void> SharedFence::do_signal_after(std::uint64_t, OwnedHandle&&, std::uint64_t) { return no_relay(kind_); }

Result<OwnedHandle> SharedFence::do_forward(std::uint64_t) const { return no_relay(kind_); }

Result<void> SyncPoints::add(SyncPoint point) {
  if (point.fence == nullptr) return fail(ErrorCode::invalid_argument, "A sync point has no fence.");
  for (std::size_t i = 0; i < size_; ++i) {
    // Two objects may stand for one fence (one imported, one created): the id is what counts.
    if (points_[i].fence == point.fence || points_[i].fence->id() == point.fence->id()) {
      points_[i].value = std::max(points_[i].value, point.value);
      return {};
    }
  }
  if (size_ == max_sync_points) {
    return fail(ErrorCode::invalid_argument, text("A set of sync points holds at most [", max_sync_points, "]."));
  }
  std::construct_at(&points_[size_++], std::move(point));
  return {};
}

void SyncPoints::copy(const SyncPoints& other) noexcept {
  std::uninitialized_copy(other.begin(), other.end(), points_);
  size_ = other.size_;
}

void SyncPoints::take(SyncPoints& other) noexcept {
  std::uninitialized_move(other.points_, other.points_ + other.size_, points_);
  size_ = other.size_;
  other.destroy();
}

void SyncPoints::destroy() noexcept {
  std::destroy_n(points_, size_);
  size_ = 0;
}

}  // namespace geyser
