#include "platform/event.hpp"

#include "platform/win32/error.hpp"

namespace geyser::platform {

Result<Event> Event::create() {
  Event event;
  const HANDLE handle = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (handle == nullptr) {
    const DWORD number = ::GetLastError();
    return fail(win32_error(ErrorCode::operating_system, "CreateEventW failed.", number));
  }
  event.handle_ = OwnedHandle::adopt(HandleKind::none, reinterpret_cast<NativeHandle>(handle));
  return event;
}

void Event::signal() noexcept { ::SetEvent(handle_of(native())); }
void Event::clear() noexcept { ::ResetEvent(handle_of(native())); }

}  // namespace geyser::platform
