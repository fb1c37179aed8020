// How who started this program asks it to stop: Windows has no SIGTERM.
#pragma once

#include <windows.h>

#include <string>

namespace geyser::tool {

// Of the session; the program that stops at it makes it. GEYSER_STOP_EVENT in its environment is another name for it,
// for who has no process number.
inline std::wstring stop_event_name(DWORD process) { return L"Local\\geyser-tool-stop-" + std::to_wstring(process); }

}  // namespace geyser::tool
