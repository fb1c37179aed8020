// FenceKind::drm_syncobj: a timeline in the kernel. CPUs wait for its points and signal them by the node of a DRM
// driver, whichever it is; GPUs by the sync files of its points. One descriptor serves for ever, any number of ends may
// wait, and a point may be waited for before anybody has submitted what reaches it.
#pragma once

#include <memory>
#include <mutex>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>

#include "platform/drm_syncobj.hpp"
#include "platform/kernel_fence.hpp"

namespace geyser::platform {

class GEYSER_API SyncobjFence final : public KernelFence {
 public:
  SyncobjFence(FenceId id, std::uint64_t last_value, DrmSyncobj object);

  [[nodiscard]] Result<void> put(std::uint64_t value, OwnedHandle sync_file) override;
  [[nodiscard]] Result<OwnedHandle> get(std::uint64_t value) const override;
  [[nodiscard]] Result<bool> wait_for_submission(std::uint64_t value, std::chrono::nanoseconds timeout) const override;

 private:
  Result<std::uint64_t> do_completed_value() const override;
  Result<void> do_wait(std::uint64_t value, std::chrono::nanoseconds timeout) const override;
  Result<void> do_signal(std::uint64_t value) override { return put(value, {}); }
  Result<FenceHandle> do_export() const override;

  mutable std::mutex mutex_;
  DrmSyncobj object_;
};

// Errors: not_available (no node), operating_system.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> create_syncobj_fence();
// Consumes the handle. Errors: as above, invalid_handle.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> import_syncobj_fence(FenceHandle&& handle);

}  // namespace geyser::platform
