#include "platform/kernel_fence.hpp"

#include <utility>

#include "common/text.hpp"
#include "platform/host_fence.hpp"
#include "platform/sync_file_fence.hpp"
#include "platform/syncobj_fence.hpp"

namespace geyser::platform {

using detail::text;
namespace {

tl::unexpected<GeyserError> no_platform_fence(FenceKind kind) {
  return fail(ErrorCode::unsupported, text("A fence of kind [", to_string(kind), "] is not the platform's."));
}

}  // namespace

Result<bool> KernelFence::wait_for_submission(std::uint64_t, std::chrono::nanoseconds) const { return false; }

const KernelFence* kernel_fence(const SharedFence& fence) noexcept {
  const bool is = fence.kind() == FenceKind::sync_file || fence.kind() == FenceKind::drm_syncobj;
  return is ? static_cast<const KernelFence*>(&fence) : nullptr;
}

KernelFence* kernel_fence(SharedFence& fence) noexcept {
  return const_cast<KernelFence*>(kernel_fence(std::as_const(fence)));
}

Result<OwnedHandle> sync_file_of(const KernelFence& fence, std::uint64_t value, std::chrono::nanoseconds timeout,
                                 std::uint64_t& host_waits) {
  auto slept = fence.wait_for_submission(value, timeout);
  if (!slept) return fail(std::move(slept.error()));
  if (*slept) ++host_waits;
  return fence.get(value);
}

Result<std::shared_ptr<SharedFence>> create_platform_fence(FenceKind kind) {
  if (kind == FenceKind::host_timeline) return create_host_fence();
  if (kind == FenceKind::sync_file) return create_sync_file_fence();
  if (kind == FenceKind::drm_syncobj) return create_syncobj_fence();
  return no_platform_fence(kind);
}

Result<std::shared_ptr<SharedFence>> import_platform_fence(FenceHandle&& handle) {
  if (handle.kind == FenceKind::host_timeline) return import_host_fence(std::move(handle));
  if (handle.kind == FenceKind::sync_file) return import_sync_file_fence(std::move(handle));
  if (handle.kind == FenceKind::drm_syncobj) return import_syncobj_fence(std::move(handle));
  return no_platform_fence(handle.kind);
}

}  // namespace geyser::platform
