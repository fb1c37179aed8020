#include "platform/poller.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <set>

#include "common/text.hpp"
#include "platform/apple/handles.hpp"
#include "platform/apple/kernel_queue.hpp"
#include "platform/deadline.hpp"
#include "platform/posix/error.hpp"

namespace geyser::platform {

using detail::text;

namespace {

// A receive right with messages, or a descriptor with something to read.
struct Source {
  std::uintptr_t ident;
  std::int16_t filter;
};
Source source_of(NativeHandle handle) noexcept {
  const bool port = handle > 0 && (handle & receive_right_bit) != 0;
  return {static_cast<std::uintptr_t>(handle & 0xffffffff),
          static_cast<std::int16_t>(port ? EVFILT_MACHPORT : EVFILT_READ)};
}

}  // namespace

// A queue takes a source twice and knows the last key.
struct Poller::State {
  std::mutex mutex;
  std::set<NativeHandle> sources;
};

Result<Poller> Poller::create() {
  auto queue = create_kernel_queue();
  if (!queue) return fail(std::move(queue.error()));
  Poller poller;
  poller.handle_ = *std::move(queue);
  poller.state_ = std::make_shared<State>();
  return poller;
}

Result<void> Poller::add(NativeHandle handle, std::uint64_t key) {
  const std::lock_guard lock(state_->mutex);
  if (state_->sources.contains(handle)) {
    return fail(ErrorCode::operating_system, text("Handle [", handle, "] is watched already."));
  }
  const Source source = source_of(handle);
  const int number = change(native(), source.ident, source.filter, EV_ADD, 0, 0, key);
  if (number == 0) {
    state_->sources.insert(handle);
    return {};
  }
  return fail(posix_error(ErrorCode::operating_system, "kevent64 failed.", number));
}

void Poller::remove(NativeHandle handle) noexcept {
  const std::lock_guard lock(state_->mutex);
  if (state_->sources.erase(handle) == 0) return;
  const Source source = source_of(handle);
  static_cast<void>(change(native(), source.ident, source.filter, EV_DELETE));
}

void Poller::refresh() noexcept {}

Result<std::size_t> Poller::wait(std::span<std::uint64_t> keys, std::chrono::nanoseconds timeout) {
  std::array<struct kevent64_s, 64> events{};
  const int room = static_cast<int>(std::min(keys.size(), events.size()));
  const Deadline deadline = Deadline::after(timeout);
  int count = 0;
  do {
    const std::chrono::nanoseconds left = deadline.remaining();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec limit{static_cast<time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    count = ::kevent64(descriptor_of(native()), nullptr, 0, events.data(), room, 0, &limit);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail(posix_error(ErrorCode::operating_system, "kevent64 failed.", errno));
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) keys[i] = events[i].udata;
  return static_cast<std::size_t>(count);
}

}  // namespace geyser::platform
