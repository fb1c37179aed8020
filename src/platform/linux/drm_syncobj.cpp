#include "platform/drm_syncobj.hpp"

#include <drm.h>
#include <sys/ioctl.h>
#include <time.h>

#include <cerrno>
#include <string>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/drm_node.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;
namespace {

// Interrupted calls are made again; their deadlines are moments, not spans.
int control(NativeHandle node, unsigned long request, void* argument) noexcept {
  int result = 0;
  do {
    result = ::ioctl(descriptor_of(node), request, argument);
  } while (result != 0 && (errno == EINTR || errno == EAGAIN));
  return result;
}

GeyserError failed(const char* call, int number) {
  return posix_error(number == ENOMEM ? ErrorCode::out_of_memory : ErrorCode::operating_system, text(call, " failed."),
                     number);
}

Result<OwnedHandle> open_node() {
  GeyserError none(ErrorCode::not_available, "No DRM node has timelines of sync objects.");
  for (const std::string& path : drm_node_paths()) {
    auto node = open_drm_node(path);
    if (!node) {
      none = GeyserError(none).during(
          text("trying [", path, "], which cannot be used ([", node.error().native().name, "])"));
      continue;
    }
    drm_get_cap timelines{DRM_CAP_SYNCOBJ_TIMELINE, 0};
    if (control(node->get(), DRM_IOCTL_GET_CAP, &timelines) == 0 && timelines.value != 0) return node;
    none = GeyserError(none).during(text("trying [", path, "]"));
  }
  return fail(std::move(none));
}

Result<std::uint32_t> make_object(NativeHandle node) {
  drm_syncobj_create create{0, 0};
  if (control(node, DRM_IOCTL_SYNCOBJ_CREATE, &create) != 0) return fail(failed("DRM_IOCTL_SYNCOBJ_CREATE", errno));
  return create.handle;
}

Result<std::uint64_t> query(NativeHandle node, std::uint32_t object, std::uint32_t flags) {
  std::uint64_t point = 0;
  drm_syncobj_timeline_array array{reinterpret_cast<std::uintptr_t>(&object), reinterpret_cast<std::uintptr_t>(&point),
                                   1, flags};
  if (control(node, DRM_IOCTL_SYNCOBJ_QUERY, &array) != 0) return fail(failed("DRM_IOCTL_SYNCOBJ_QUERY", errno));
  return point;
}

// On the clock that the kernel goes by.
std::int64_t moment_of(const Deadline& deadline) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec + deadline.remaining().count();
}

}  // namespace

bool has_drm_syncobjs() noexcept { return open_node().has_value(); }

Result<DrmSyncobj> DrmSyncobj::create() {
  auto node = open_node();
  if (!node) return fail(std::move(node.error()));
  auto object = make_object(node->get());
  if (!object) return fail(std::move(object.error()));
  auto carrier = make_object(node->get());
  if (!carrier) return fail(std::move(carrier.error()));
  return DrmSyncobj(*std::move(node), *object, *carrier);
}

Result<DrmSyncobj> DrmSyncobj::open(NativeHandle handle) {
  auto node = open_node();
  if (!node) return fail(std::move(node.error()));
  drm_syncobj_handle opened{};  // a later libdrm has one member more
  opened.fd = descriptor_of(handle);
  if (control(node->get(), DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &opened) != 0) {
    const int number = errno;
    return fail(
        posix_error(ErrorCode::invalid_handle, text("Descriptor [", handle, "] is not a DRM sync object."), number));
  }
  auto carrier = make_object(node->get());
  if (!carrier) return fail(std::move(carrier.error()));
  return DrmSyncobj(*std::move(node), opened.handle, *carrier);
}

Result<OwnedHandle> DrmSyncobj::export_handle() const {
  drm_syncobj_handle exported{};
  exported.handle = object_;
  exported.fd = -1;
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &exported) != 0) {
    return fail(failed("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", errno));
  }
  return OwnedHandle::adopt(HandleKind::drm_syncobj, exported.fd);
}

Result<std::uint64_t> DrmSyncobj::completed() const { return query(node_.get(), object_, 0); }

Result<std::uint64_t> DrmSyncobj::submitted() const {
  return query(node_.get(), object_, DRM_SYNCOBJ_QUERY_FLAGS_LAST_SUBMITTED);
}

Result<void> DrmSyncobj::wait(std::uint64_t point, Until until, std::chrono::nanoseconds timeout) const {
  std::uint32_t flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
  if (until == Until::submitted) flags |= DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE;
  const Deadline deadline = Deadline::after(timeout);
  int number = 0;
  do {
    drm_syncobj_timeline_wait wait{};
    wait.handles = reinterpret_cast<std::uintptr_t>(&object_);
    wait.points = reinterpret_cast<std::uintptr_t>(&point);
    wait.timeout_nsec = moment_of(deadline);
    wait.count_handles = 1;
    wait.flags = flags;
    if (control(node_.get(), DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait) == 0) return {};
    number = errno;
    // The kernel counts in ticks of its clock, and ends some of them too early.
  } while (number == ETIME && deadline.remaining() > std::chrono::nanoseconds(0));
  if (number != ETIME) return fail(failed("DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", number));
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return fail(ErrorCode::timeout,
              text("Point [", point, "] of the DRM sync object is not ",
                   until == Until::submitted ? "submitted" : "signalled", " after [", limit, "] ms."));
}

Result<void> DrmSyncobj::signal(std::uint64_t point) {
  drm_syncobj_timeline_array array{reinterpret_cast<std::uintptr_t>(&object_), reinterpret_cast<std::uintptr_t>(&point),
                                   1, 0};
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array) == 0) return {};
  return fail(failed("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", errno));
}

Result<void> DrmSyncobj::put(std::uint64_t point, NativeHandle sync_file) {
  drm_syncobj_handle taken{};
  taken.handle = carrier_;
  taken.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
  taken.fd = descriptor_of(sync_file);
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &taken) != 0) {
    const int number = errno;
    return fail(
        posix_error(ErrorCode::invalid_handle, text("Descriptor [", sync_file, "] is not a sync file."), number));
  }
  drm_syncobj_transfer transfer{carrier_, object_, 0, point, 0, 0};
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer) == 0) return {};
  return fail(failed("DRM_IOCTL_SYNCOBJ_TRANSFER", errno));
}

Result<OwnedHandle> DrmSyncobj::get(std::uint64_t point) const {
  drm_syncobj_transfer transfer{object_, carrier_, point, 0, 0, 0};
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer) != 0) {
    const int number = errno;
    if (number != EINVAL) return fail(failed("DRM_IOCTL_SYNCOBJ_TRANSFER", number));
    return fail(ErrorCode::invalid_argument, text("Point [", point, "] of the DRM sync object has no fence yet."));
  }
  drm_syncobj_handle exported{};
  exported.handle = carrier_;
  exported.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
  exported.fd = -1;
  if (control(node_.get(), DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &exported) != 0) {
    return fail(failed("DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", errno));
  }
  return OwnedHandle::adopt(HandleKind::sync_file, exported.fd);
}

}  // namespace geyser::platform
