#include "second_process.hpp"

#include <windows.h>

#include <array>
#include <cstdio>
#include <string>

namespace demo {

std::optional<std::intptr_t> start_consumer(int, char**, geyser::Channel its_end) {
  const geyser::NativeHandle number = its_end.detach();
  auto* const pipe = reinterpret_cast<HANDLE>(number);
  SetHandleInformation(pipe, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  std::array<wchar_t, 1024> program{};
  GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size()));
  // As the words came, whatever quotes they have.
  std::wstring line = std::wstring(GetCommandLineW()) + L" --consumer-channel " + std::to_wstring(number);
  STARTUPINFOW info{};
  info.cb = sizeof(info);
  PROCESS_INFORMATION process{};
  const BOOL started =
      CreateProcessW(program.data(), line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &info, &process);
  const DWORD error = GetLastError();
  CloseHandle(pipe);
  if (started == 0) {
    std::fprintf(stderr, "the consumer cannot be started: error %lu\n", error);
    return std::nullopt;
  }
  CloseHandle(process.hThread);
  return reinterpret_cast<std::intptr_t>(process.hProcess);
}

int wait_for_consumer(std::intptr_t process) {
  auto* const handle = reinterpret_cast<HANDLE>(process);
  WaitForSingleObject(handle, INFINITE);
  DWORD status = 1;
  GetExitCodeProcess(handle, &status);
  CloseHandle(handle);
  return static_cast<int>(status);
}

}  // namespace demo
