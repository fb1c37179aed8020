#include "platform/sync_file_fence.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/sync_file.hpp"

namespace geyser::platform {

using detail::text;

namespace {

// What comes from a peer may be anything that can be polled.
Result<void> check(const FenceHandle& taken) {
  if (!taken.handle.has_value() || is_sync_file(taken.handle.get())) return {};
  return fail(ErrorCode::invalid_handle,
              text("The handle of value [", taken.value, "] of fence [", taken.id, "] is no sync file."));
}

}  // namespace

SyncFileFence::SyncFileFence(FenceId id, std::uint64_t last_value)
    : KernelFence(FenceKind::sync_file, id, last_value), completed_(last_value), last_(last_value) {}

void SyncFileFence::complete(std::uint64_t value) const noexcept {
  completed_ = std::max(completed_, value);
  auto* const begin = points_.begin();
  auto* const end = begin + count_;
  auto* const pending = std::find_if(begin, end, [&](const Point& point) { return point.value > completed_; });
  auto* const rest = std::move(pending, end, begin);
  for (auto* point = rest; point != end; ++point) point->sync_file.reset();
  count_ = static_cast<std::size_t>(rest - begin);
}

Result<void> SyncFileFence::put(std::uint64_t value, OwnedHandle sync_file) {
  const std::lock_guard lock(mutex_);
  if (value <= last_) {
    return fail(ErrorCode::invalid_argument,
                text("Fence value [", value, "] is not larger than the current value [", last_, "]."));
  }
  last_ = value;
  if (!sync_file.has_value()) {
    complete(value);
    return {};
  }
  if (count_ == kept) {
    std::move(points_.begin() + 1, points_.end(), points_.begin());
    --count_;
  }
  points_[count_++] = {value, std::move(sync_file)};
  return {};
}

Result<OwnedHandle> SyncFileFence::get(std::uint64_t value) const {
  const std::lock_guard lock(mutex_);
  if (value <= completed_) return OwnedHandle();
  for (std::size_t i = 0; i < count_; ++i) {
    if (points_[i].value >= value) return points_[i].sync_file.duplicate();
  }
  return fail(
      GeyserError(ErrorCode::invalid_argument, text("The sync file of value [", value, "] of fence [", id(),
                                                    "] has not arrived; the last one here is of value [", last_, "]."))
          .suggest("SharedFence::update() with what the other end's export_handle() gave"));
}

Result<void> SyncFileFence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  auto sync_file = get(value);
  if (!sync_file) return fail(std::move(sync_file.error()));
  if (!sync_file->has_value()) return {};
  if (auto done = wait_sync_file(sync_file->get(), timeout); !done) {
    return fail(std::move(done.error()).during(text("waiting for value [", value, "] of fence [", id(), "]")));
  }
  const std::lock_guard lock(mutex_);
  complete(value);
  return {};
}

Result<std::uint64_t> SyncFileFence::do_completed_value() const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = count_; i > 0; --i) {
    if (!wait_sync_file(points_[i - 1].sync_file.get(), std::chrono::nanoseconds(0))) continue;
    complete(points_[i - 1].value);
    break;
  }
  return completed_;
}

Result<FenceHandle> SyncFileFence::do_export() const {
  const std::lock_guard lock(mutex_);
  FenceHandle handle{kind(), id(), last_, {}};
  if (count_ == 0) return handle;
  auto copy = points_[count_ - 1].sync_file.duplicate();
  if (!copy) return fail(std::move(copy.error()).during(text("exporting fence [", id(), "]")));
  handle.handle = *std::move(copy);
  return handle;
}

Result<void> SyncFileFence::do_update(FenceHandle&& newer) {
  FenceHandle taken = std::move(newer);
  if (auto good = check(taken); !good) return good;
  {
    const std::lock_guard lock(mutex_);
    if (taken.value <= last_) return {};  // messages may overtake each other
  }
  return put(taken.value, std::move(taken.handle));
}

std::shared_ptr<SharedFence> create_sync_file_fence() { return std::make_shared<SyncFileFence>(FenceId{0}, 0); }

Result<std::shared_ptr<SharedFence>> import_sync_file_fence(FenceHandle&& handle) {
  FenceHandle taken = std::move(handle);
  if (taken.kind != FenceKind::sync_file || taken.id == 0) {
    return fail(ErrorCode::invalid_handle, text("A fence handle of kind [", to_string(taken.kind), "] and id [",
                                                taken.id, "] is no [sync_file]."));
  }
  if (auto good = check(taken); !good) return fail(std::move(good.error()));
  const bool signalled = !taken.handle.has_value();
  auto fence = std::make_shared<SyncFileFence>(taken.id, signalled ? taken.value : 0);
  if (!signalled) {
    if (auto done = fence->put(taken.value, std::move(taken.handle)); !done) return fail(std::move(done.error()));
  }
  return fence;
}

}  // namespace geyser::platform
