#include "platform/sync_file.hpp"

#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;
namespace {

GeyserError no_sync_file(NativeHandle handle, int number) {
  return posix_error(ErrorCode::invalid_handle, text("Descriptor [", handle, "] is not a sync file."), number);
}

// The kernel's word: 1 signalled, 0 pending, an errno below 0; nothing when it is no sync file.
std::optional<int> status_of(NativeHandle handle) noexcept {
  sync_file_info info{};  // asks for none of the single fences
  if (::ioctl(descriptor_of(handle), SYNC_IOC_FILE_INFO, &info) != 0) return std::nullopt;
  return info.status;
}

}  // namespace

bool is_sync_file(NativeHandle handle) noexcept { return status_of(handle).has_value(); }

Result<SyncFileStatus> sync_file_status(NativeHandle sync_file) {
  const auto status = status_of(sync_file);
  if (!status) return fail(no_sync_file(sync_file, errno));
  if (*status == 0) return SyncFileStatus::pending;
  return *status > 0 ? SyncFileStatus::signalled : SyncFileStatus::failed;
}

Result<void> wait_sync_file(NativeHandle sync_file, std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  pollfd entry{descriptor_of(sync_file), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, deadline.remaining_milliseconds());
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail(posix_error(ErrorCode::operating_system, "poll failed.", errno));
  if (ready == 0) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    return fail(ErrorCode::timeout, text("The sync file is not signalled after [", limit, "] ms."));
  }
  if (entry.fd < 0 || (entry.revents & POLLNVAL) != 0) {
    return fail(ErrorCode::invalid_handle, text("Descriptor [", sync_file, "] is not open."));
  }
  return {};
}

Result<OwnedHandle> merge_sync_files(NativeHandle a, NativeHandle b) {
  if (a == no_native_handle && b == no_native_handle) return OwnedHandle();
  for (const NativeHandle handle : {a, b}) {
    if (handle != no_native_handle && !is_sync_file(handle)) return fail(no_sync_file(handle, errno));
  }
  if (a == no_native_handle || b == no_native_handle) {
    return OwnedHandle::duplicate(HandleKind::sync_file, a == no_native_handle ? b : a);
  }
  sync_merge_data merge{"geyser", descriptor_of(b), -1, 0, 0};
  int result = 0;
  do {
    result = ::ioctl(descriptor_of(a), SYNC_IOC_MERGE, &merge);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    return fail(posix_error(ErrorCode::operating_system,
                            text("The sync files of descriptors [", a, "] and [", b, "] are not merged."), errno));
  }
  return OwnedHandle::adopt(HandleKind::sync_file, merge.fence);
}

}  // namespace geyser::platform
