#include "platform/poller.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "platform/deadline.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

Result<Poller> Poller::create() {
  Poller poller;
  poller.handle_ = OwnedHandle::adopt(HandleKind::none, ::epoll_create1(EPOLL_CLOEXEC));
  if (!poller.handle_.has_value())
    return fail(posix_error(ErrorCode::operating_system, "epoll_create1 failed.", errno));
  return poller;
}

Result<void> Poller::add(NativeHandle handle, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = key;
  if (::epoll_ctl(descriptor_of(native()), EPOLL_CTL_ADD, descriptor_of(handle), &event) == 0) return {};
  return fail(posix_error(ErrorCode::operating_system, "epoll_ctl failed.", errno));
}

void Poller::remove(NativeHandle handle) noexcept {
  epoll_event event{};
  ::epoll_ctl(descriptor_of(native()), EPOLL_CTL_DEL, descriptor_of(handle), &event);
}

Result<std::size_t> Poller::wait(std::span<std::uint64_t> keys, std::chrono::nanoseconds timeout) {
  std::array<epoll_event, 64> events{};
  const int room = static_cast<int>(std::min(keys.size(), events.size()));
  const Deadline deadline = Deadline::after(timeout);
  int count = 0;
  do {
    count = ::epoll_wait(descriptor_of(native()), events.data(), room, deadline.remaining_milliseconds());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail(posix_error(ErrorCode::operating_system, "epoll_wait failed.", errno));
  for (int i = 0; i < count; ++i) {
    keys[static_cast<std::size_t>(i)] = events[static_cast<std::size_t>(i)].data.u64;
  }
  return static_cast<std::size_t>(count);
}

void Poller::refresh() noexcept {}

}  // namespace geyser::platform
