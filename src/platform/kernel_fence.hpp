// What the two kinds of fences have in common whose points are Linux sync files: FenceKind::sync_file, a row of them,
// and FenceKind::drm_syncobj, a kernel object that holds them. A GPU reaches both by the sync files that its driver
// takes and gives.
#pragma once

#include <chrono>
#include <cstdint>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/fence.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

class GEYSER_API KernelFence : public SharedFence {
 public:
  // `sync_file` is signalled when `value` is reached; empty: it is reached, and with it every smaller value. Takes it.
  // Errors: invalid_argument (not larger than the last one), invalid_handle (no sync file), operating_system.
  [[nodiscard]] virtual Result<void> put(std::uint64_t value, OwnedHandle sync_file) = 0;
  // What to wait for before `value` is reached: the caller's own descriptor, or an empty handle when it is reached.
  // Errors: invalid_argument (there is none here yet), operating_system.
  [[nodiscard]] virtual Result<OwnedHandle> get(std::uint64_t value) const = 0;
  // Waits until get() has something to give, where that comes by itself. True: the CPU has slept. Errors: timeout.
  [[nodiscard]] virtual Result<bool> wait_for_submission(std::uint64_t value, std::chrono::nanoseconds timeout) const;

 protected:
  using SharedFence::SharedFence;
};

// Null when the fence is of another kind.
[[nodiscard]] GEYSER_API const KernelFence* kernel_fence(const SharedFence& fence) noexcept;
[[nodiscard]] GEYSER_API KernelFence* kernel_fence(SharedFence& fence) noexcept;

// get() after wait_for_submission(); counts a CPU's wait in `host_waits`.
[[nodiscard]] GEYSER_API Result<OwnedHandle> sync_file_of(const KernelFence& fence, std::uint64_t value,
                                                          std::chrono::nanoseconds timeout, std::uint64_t& host_waits);

// Of both kinds and of host_timeline: what every backend has whose driver knows sync files. The import consumes the
// handle. Errors: unsupported (another kind), and those of the kind's own calls.
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> create_platform_fence(FenceKind kind);
[[nodiscard]] GEYSER_API Result<std::shared_ptr<SharedFence>> import_platform_fence(FenceHandle&& handle);

}  // namespace geyser::platform
