#include "platform/sync_file.hpp"

#include <poll.h>

#include <cerrno>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

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

}  // namespace geyser::platform
