// kqueue on epoll: each thing that is watched is a descriptor of its own kind. A queue's close() closes those; the
// linker brings every call of close() here first (-Wl,--wrap=close).
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ports.hpp"

extern "C" int __real_close(int descriptor);  // NOLINT: the linker's name

namespace {

struct Watched {
  struct kevent64_s event {};
  std::vector<int> descriptors;
  bool owns = false;
};
using Key = std::pair<std::uint64_t, std::int16_t>;
struct Queue {
  std::map<Key, std::uint64_t> numbers;
  std::map<std::uint64_t, Watched> watched;
  std::uint64_t next = 1;
};

std::mutex mutex;
std::map<int, Queue> queues;

void let_go(int queue, const Watched& watched) {
  for (const int descriptor : watched.descriptors) {
    ::epoll_ctl(queue, EPOLL_CTL_DEL, descriptor, nullptr);
    if (watched.owns) __real_close(descriptor);
  }
}

int remove(int descriptor, Queue& queue, const Key& key) {
  const auto found = queue.numbers.find(key);
  if (found == queue.numbers.end()) return ENOENT;
  let_go(descriptor, queue.watched[found->second]);
  queue.watched.erase(found->second);
  queue.numbers.erase(found);
  return 0;
}

// The errno, or 0.
int open_source(const struct kevent64_s& event, Watched& into, std::vector<std::uint32_t>& wanted) {
  const auto own = [&](int descriptor) {
    if (descriptor < 0) return errno;
    into.descriptors = {descriptor};
    into.owns = true;
    wanted = {EPOLLIN};
    return 0;
  };
  switch (event.filter) {
    case EVFILT_READ:
      into.descriptors = {static_cast<int>(event.ident)};
      wanted = {EPOLLIN};
      return 0;
    case EVFILT_MACHPORT:
      for (const auto& one : geyser::mach_double::readiness_of(static_cast<mach_port_t>(event.ident))) {
        into.descriptors.push_back(one.descriptor);
        wanted.push_back(one.is_message ? EPOLLIN : 0U);  // what has hung up is told of unasked
      }
      return into.descriptors.empty() ? ENOTSUP : 0;
    case EVFILT_USER:
      return own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    case EVFILT_TIMER: {
      const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
      itimerspec when{};
      when.it_value = {event.data / 1'000'000'000, event.data % 1'000'000'000};
      ::timerfd_settime(timer, 0, &when, nullptr);
      return own(timer);
    }
    case EVFILT_VNODE: {
      const int watch = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
      const std::string path = "/proc/self/fd/" + std::to_string(event.ident);
      // "NOTE_WRITE", of a directory: entries. Not what happens to the files that they name.
      constexpr std::uint32_t entries = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF;
      if (watch >= 0 && ::inotify_add_watch(watch, path.c_str(), entries) < 0) {
        const int number = errno;
        __real_close(watch);
        return number;
      }
      return own(watch);
    }
    case EVFILT_PROC:
      return own(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(event.ident), 0)));
    default:
      return EINVAL;
  }
}

int add(int descriptor, Queue& queue, const struct kevent64_s& event) {
  const Key key{event.ident, event.filter};
  if (const auto found = queue.numbers.find(key); found != queue.numbers.end()) {
    Watched& there = queue.watched[found->second];
    there.event.udata = event.udata;
    return 0;
  }
  Watched watched;
  watched.event = event;
  std::vector<std::uint32_t> wanted;
  if (const int number = open_source(event, watched, wanted); number != 0) return number;
  for (std::size_t i = 0; i < watched.descriptors.size(); ++i) {
    epoll_event entry{};
    entry.events = wanted[i];
    entry.data.u64 = queue.next;
    if (::epoll_ctl(descriptor, EPOLL_CTL_ADD, watched.descriptors[i], &entry) != 0) {
      const int number = errno;
      let_go(descriptor, watched);
      return number;
    }
  }
  queue.numbers[key] = queue.next;
  queue.watched[queue.next++] = std::move(watched);
  return 0;
}

int apply(int descriptor, Queue& queue, const struct kevent64_s& event) {
  const Key key{event.ident, event.filter};
  if ((event.flags & EV_DELETE) != 0) return remove(descriptor, queue, key);
  if ((event.flags & EV_ADD) != 0) {
    if (const int number = add(descriptor, queue, event); number != 0) return number;
  }
  if (event.filter == EVFILT_USER && (event.fflags & NOTE_TRIGGER) != 0) {
    const auto found = queue.numbers.find(key);
    if (found == queue.numbers.end()) return ENOENT;
    const std::uint64_t one = 1;
    if (::write(queue.watched[found->second].descriptors[0], &one, sizeof(one)) < 0 && errno != EAGAIN) return errno;
  }
  return 0;
}

int milliseconds_of(const timespec* timeout) {
  if (timeout == nullptr) return -1;
  const std::int64_t all = timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000;
  return static_cast<int>(std::min<std::int64_t>(all, std::numeric_limits<int>::max()));
}

}  // namespace

extern "C" {

int kqueue(void) {
  const int descriptor = ::epoll_create1(0);
  if (descriptor < 0) return -1;
  const std::scoped_lock lock(mutex);
  queues[descriptor] = {};
  return descriptor;
}

int kevent64(int descriptor, const struct kevent64_s* changes, int change_count, struct kevent64_s* events,
             int event_count, unsigned int, const struct timespec* timeout) {
  {
    const std::scoped_lock lock(mutex);
    const auto queue = queues.find(descriptor);
    if (queue == queues.end()) {
      errno = EBADF;
      return -1;
    }
    for (int i = 0; i < change_count; ++i) {
      if (const int number = apply(descriptor, queue->second, changes[i]); number != 0) {
        errno = number;
        return -1;
      }
    }
  }
  if (event_count == 0) return 0;
  std::array<epoll_event, 64> ready{};
  const int count =
      ::epoll_wait(descriptor, ready.data(), std::min<int>(event_count, ready.size()), milliseconds_of(timeout));
  if (count < 0) return -1;
  const std::scoped_lock lock(mutex);
  const auto queue = queues.find(descriptor);
  if (queue == queues.end()) return 0;
  int given = 0;
  for (int i = 0; i < count; ++i) {
    const auto found = queue->second.watched.find(ready[static_cast<std::size_t>(i)].data.u64);
    if (found == queue->second.watched.end()) continue;
    const Watched watched = found->second;
    // One port may be told of by several descriptors.
    const bool is_twice = std::any_of(events, events + given, [&](const auto& one) {
      return one.ident == watched.event.ident && one.filter == watched.event.filter;
    });
    if (is_twice) continue;
    events[given++] = watched.event;
    if ((watched.event.flags & EV_CLEAR) != 0) {
      std::array<char, 4096> rest{};
      while (::read(watched.descriptors[0], rest.data(), rest.size()) > 0) continue;
    }
    // A timer that nobody takes out stays; a process ends once.
    if ((watched.event.flags & EV_ONESHOT) != 0) {
      remove(descriptor, queue->second, {watched.event.ident, watched.event.filter});
    }
  }
  return given;
}

int __wrap_close(int descriptor) {  // NOLINT: the linker's name
  {
    const std::scoped_lock lock(mutex);
    if (const auto queue = queues.find(descriptor); queue != queues.end()) {
      for (const auto& [number, watched] : queue->second.watched) let_go(descriptor, watched);
      queues.erase(queue);
    }
  }
  return __real_close(descriptor);
}

}  // extern "C"
