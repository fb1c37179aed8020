// Sets an event of that name: how tests/tool/stopping.py asks a program to stop.
#include <windows.h>

#include <string>

int wmain(int count, wchar_t** words) {
  if (count != 2) return 2;
  const HANDLE event = ::OpenEventW(EVENT_MODIFY_STATE, FALSE, (std::wstring(L"Local\\") + words[1]).c_str());
  return event != nullptr && ::SetEvent(event) != 0 ? 0 : 1;
}
