#include "platform/directory_watch.hpp"

#include "common/text.hpp"
#include "platform/win32/error.hpp"
#include "platform/win32/text.hpp"

namespace geyser::platform {

using detail::text;

// A lock file is deleted by the system when its holder dies, which is a change of names as any other.
Result<DirectoryWatch> DirectoryWatch::create(const std::string& path) {
  DirectoryWatch watch;
  const HANDLE handle = ::FindFirstChangeNotificationW(to_wide(path).c_str(), FALSE, FILE_NOTIFY_CHANGE_FILE_NAME);
  if (handle == INVALID_HANDLE_VALUE || handle == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be watched."), number));
  }
  // FindCloseChangeNotification() is what CloseHandle() is for these handles.
  watch.handle_ = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle));
  return watch;
}

Result<bool> DirectoryWatch::drain() {
  bool any = false;
  // Changes may come without end.
  for (int i = 0; i < 64 && ::WaitForSingleObject(handle_of(native()), 0) == WAIT_OBJECT_0; ++i) {
    any = true;
    if (::FindNextChangeNotification(handle_of(native())) == 0) {
      const DWORD number = ::GetLastError();
      return fail(win32_error(ErrorCode::operating_system, "A directory watch cannot be read.", number));
    }
  }
  return any;
}

}  // namespace geyser::platform
