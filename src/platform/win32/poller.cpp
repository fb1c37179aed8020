// WaitForMultipleObjects() takes 64 objects, and a poller must be waitable itself: so each handle is watched by the
// system's thread pool, once, and what it sees raises the poller's event. All handles are levels: manual-reset, so that
// looking takes nothing from them.
#include "platform/poller.hpp"

#include <atomic>
#include <list>
#include <mutex>

#include "platform/deadline.hpp"
#include "platform/win32/error.hpp"

namespace geyser::platform {

namespace {

struct Entry {
  HANDLE handle = nullptr;
  HANDLE event = nullptr;  // the poller's
  std::uint64_t key = 0;
  HANDLE watch = nullptr;
  std::atomic<bool> fired{false};

  static void CALLBACK on_signalled(void* context, BOOLEAN) {
    auto* entry = static_cast<Entry*>(context);
    entry->fired = true;
    ::SetEvent(entry->event);
  }
  // False: the system has no room for it.
  bool start() noexcept {
    stop();
    fired = false;
    return ::RegisterWaitForSingleObject(&watch, handle, &on_signalled, this, INFINITE,
                                         WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD) != 0;
  }
  // On return no callback runs any more; callbacks take no lock.
  void stop() noexcept {
    if (watch != nullptr) ::UnregisterWaitEx(watch, INVALID_HANDLE_VALUE);
    watch = nullptr;
  }
};

}  // namespace

struct Poller::State {
  std::mutex mutex;
  std::list<Entry> entries;  // the pool points at them

  ~State() {
    for (Entry& entry : entries) entry.stop();
  }

  // Gives the keys of what is signalled, as many as there is room for. Afterwards the event is raised if something is,
  // and whatever is not has a watch that can still fire.
  std::size_t look(HANDLE event, std::span<std::uint64_t> keys) noexcept {
    const std::lock_guard lock(mutex);
    ::ResetEvent(event);
    std::size_t count = 0;
    bool any = false;
    for (Entry& entry : entries) {
      if (::WaitForSingleObject(entry.handle, 0) == WAIT_OBJECT_0) {
        any = true;
        if (count < keys.size()) keys[count++] = entry.key;
      } else if (entry.fired && !entry.start()) {
        any = true;  // unwatched: whoever waits has to look again
      }
    }
    if (any) ::SetEvent(event);
    return count;
  }
};

Result<Poller> Poller::create() {
  Poller poller;
  const HANDLE handle = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (handle == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "CreateEventW failed.", number));
  }
  poller.handle_ = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle));
  poller.state_ = std::make_shared<State>();
  return poller;
}

Result<void> Poller::add(NativeHandle handle, std::uint64_t key) {
  const std::lock_guard lock(state_->mutex);
  const HANDLE object = handle_of(handle);
  for (const Entry& entry : state_->entries) {
    if (entry.handle == object) return fail(ErrorCode::operating_system, "A poller has this handle already.");
  }
  Entry& entry = state_->entries.emplace_back();
  entry.handle = object;
  entry.event = handle_of(native());
  entry.key = key;
  if (entry.start()) return {};
  const DWORD number = ::GetLastError();
  state_->entries.pop_back();
  return fail(win32_error(ErrorCode::operating_system, "RegisterWaitForSingleObject failed.", number));
}

void Poller::remove(NativeHandle handle) noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    state_->entries.remove_if([object = handle_of(handle)](Entry& entry) {
      if (entry.handle != object) return false;
      entry.stop();
      return true;
    });
  }
  refresh();
}

Result<std::size_t> Poller::wait(std::span<std::uint64_t> keys, std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  for (;;) {
    if (const std::size_t count = state_->look(handle_of(native()), keys); count != 0) return count;
    const auto left = static_cast<DWORD>(deadline.remaining_milliseconds());
    if (left == 0) return std::size_t{0};
    if (::WaitForSingleObject(handle_of(native()), left) == WAIT_FAILED) {
      const DWORD number = ::GetLastError();
      return fail(win32_error(ErrorCode::operating_system, "WaitForSingleObject failed.", number));
    }
  }
}

void Poller::refresh() noexcept { state_->look(handle_of(native()), {}); }

}  // namespace geyser::platform
