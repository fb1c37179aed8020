// A directory tells of entries that come and go, and not of processes that die. Those that listen have said which they
// are in their files (service_file.hpp): the kernel tells of the end of each.
#include "platform/directory_watch.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/text.hpp"
#include "platform/apple/kernel_queue.hpp"
#include "platform/apple/service_file.hpp"
#include "platform/posix/error.hpp"
#include "platform/runtime_directory.hpp"

namespace geyser::platform {

using detail::text;

struct DirectoryWatch::State {
  OwnedHandle directory;  // open as long as it is watched
  std::string path;

  // Whether one of them is gone already.
  bool watch_processes(NativeHandle queue) const {
    bool any_gone = false;
    const auto names = list_directory(path, ".sock");
    if (!names) return false;
    for (const std::string& name : *names) {
      const auto file = read_service_file(text(path, "/", name));
      if (!file) continue;
      const int number =
          change(queue, static_cast<std::uintptr_t>(file->process_id), EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT);
      any_gone = any_gone || number == ESRCH;
    }
    return any_gone;
  }
};

Result<DirectoryWatch> DirectoryWatch::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be watched."), errno));
  }
  auto state = std::make_shared<State>();
  state->directory = OwnedHandle::adopt(HandleKind::none, descriptor);
  state->path = path;
  auto queue = create_kernel_queue();
  if (!queue) return fail(std::move(queue.error()));
  if (const int number = change(queue->get(), static_cast<std::uintptr_t>(descriptor), EVFILT_VNODE, EV_ADD | EV_CLEAR,
                                NOTE_WRITE | NOTE_DELETE | NOTE_RENAME);
      number != 0) {
    return fail(posix_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be watched."), number));
  }
  static_cast<void>(state->watch_processes(queue->get()));
  DirectoryWatch watch;
  watch.handle_ = *std::move(queue);
  watch.state_ = std::move(state);
  return watch;
}

Result<bool> DirectoryWatch::drain() {
  bool any = false;
  for (;;) {
    std::array<struct kevent64_s, 16> events{};
    const timespec at_once{};
    const int count = ::kevent64(descriptor_of(native()), nullptr, 0, events.data(), events.size(), 0, &at_once);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(posix_error(ErrorCode::operating_system, "A directory watch cannot be read.", errno));
    any = any || count != 0;
    if (count < static_cast<int>(events.size())) break;
  }
  if (any) static_cast<void>(state_->watch_processes(native()));
  return any;
}

}  // namespace geyser::platform
