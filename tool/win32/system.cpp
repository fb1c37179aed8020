#include "system.hpp"

#include <io.h>
#include <windows.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "context.hpp"
#include "stop_event.hpp"

namespace geyser::tool {

namespace {

std::atomic<HANDLE> stop_event{nullptr};

BOOL WINAPI on_control(DWORD) {
  // The second one ends the program at once.
  if (interrupted()) return FALSE;
  ::SetEvent(stop_event);
  return TRUE;
}

}  // namespace

void catch_interrupts() {
  std::wstring name = stop_event_name(::GetCurrentProcessId());
  std::array<wchar_t, 128> given{};
  const DWORD size = ::GetEnvironmentVariableW(L"GEYSER_STOP_EVENT", given.data(), static_cast<DWORD>(given.size()));
  if (size != 0 && size < given.size()) {
    name = std::wstring(L"Local\\") + given.data();
    ::SetEnvironmentVariableW(L"GEYSER_STOP_EVENT", nullptr);  // it is not of those that this one starts
  }
  stop_event = ::CreateEventW(nullptr, TRUE, FALSE, name.c_str());
  ::SetConsoleCtrlHandler(on_control, TRUE);
}

bool interrupted() noexcept {
  const HANDLE event = stop_event;
  return event != nullptr && ::WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

std::int64_t own_process() noexcept { return ::GetCurrentProcessId(); }

bool error_is_terminal() noexcept {
  const HANDLE console = ::GetStdHandle(STD_ERROR_HANDLE);
  DWORD mode = 0;
  return ::_isatty(2) != 0 && ::GetConsoleMode(console, &mode) != 0 &&
         ::SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool wait_readable(NativeHandle event, std::chrono::nanoseconds patience) noexcept {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  const std::array<HANDLE, 2> handles{reinterpret_cast<HANDLE>(event), stop_event};
  const DWORD count = handles[1] != nullptr ? 2 : 1;
  const auto time = static_cast<DWORD>(std::clamp<long long>(whole, 0, 3'600'000));
  return ::WaitForMultipleObjects(count, handles.data(), FALSE, time) == WAIT_OBJECT_0;
}

}  // namespace geyser::tool
