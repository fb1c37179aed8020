#include "platform/syncobj_fence.hpp"

#include <utility>

#include "common/text.hpp"

namespace geyser::platform {

using detail::text;

SyncobjFence::SyncobjFence(FenceId id, std::uint64_t last_value, DrmSyncobj object)
    : KernelFence(FenceKind::drm_syncobj, id, last_value), object_(std::move(object)) {}

Result<void> SyncobjFence::put(std::uint64_t value, OwnedHandle sync_file) {
  const std::lock_guard lock(mutex_);
  const auto last = object_.submitted();
  if (!last) return fail(GeyserError(last.error()));
  if (value <= *last) {
    return fail(ErrorCode::invalid_argument,
                text("Fence value [", value, "] is not larger than the current value [", *last, "]."));
  }
  return sync_file.has_value() ? object_.put(value, sync_file.get()) : object_.signal(value);
}

Result<OwnedHandle> SyncobjFence::get(std::uint64_t value) const {
  const std::lock_guard lock(mutex_);
  const auto completed = object_.completed();
  if (!completed) return fail(GeyserError(completed.error()));
  if (value <= *completed) return OwnedHandle();
  auto sync_file = object_.get(value);
  if (!sync_file) return fail(std::move(sync_file.error()).during(text("taking a point of fence [", id(), "]")));
  return sync_file;
}

Result<bool> SyncobjFence::wait_for_submission(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  const auto submitted = object_.submitted();
  if (!submitted) return fail(GeyserError(submitted.error()));
  if (value <= *submitted) return false;
  auto done = object_.wait(value, DrmSyncobj::Until::submitted, timeout);
  if (!done) return fail(std::move(done.error()).during(text("waiting for fence [", id(), "]")));
  return true;
}

Result<std::uint64_t> SyncobjFence::do_completed_value() const { return object_.completed(); }

Result<void> SyncobjFence::do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const {
  if (value == 0) return {};  // to the kernel that is no point
  auto done = object_.wait(value, DrmSyncobj::Until::signalled, timeout);
  if (!done) return fail(std::move(done.error()).during(text("waiting for fence [", id(), "]")));
  return done;
}

Result<FenceHandle> SyncobjFence::do_export() const {
  auto exported = object_.export_handle();
  if (!exported) return fail(std::move(exported.error()).during(text("exporting fence [", id(), "]")));
  const auto completed = object_.completed();
  if (!completed) return fail(GeyserError(completed.error()));
  return FenceHandle{kind(), id(), *completed, *std::move(exported)};
}

Result<std::shared_ptr<SharedFence>> create_syncobj_fence() {
  auto object = DrmSyncobj::create();
  if (!object) return fail(std::move(object.error()));
  return std::make_shared<SyncobjFence>(FenceId{0}, 0, *std::move(object));
}

Result<std::shared_ptr<SharedFence>> import_syncobj_fence(FenceHandle&& handle) {
  const FenceHandle taken = std::move(handle);
  if (taken.kind != FenceKind::drm_syncobj || taken.id == 0) {
    return fail(ErrorCode::invalid_handle, text("A fence handle of kind [", to_string(taken.kind), "] and id [",
                                                taken.id, "] is no [drm_syncobj]."));
  }
  auto object = DrmSyncobj::open(taken.handle.get());
  if (!object) return fail(std::move(object.error()));
  return std::make_shared<SyncobjFence>(taken.id, taken.value, *std::move(object));
}

}  // namespace geyser::platform
