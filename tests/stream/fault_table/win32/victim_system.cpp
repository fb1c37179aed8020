#include "stream/fault_table/victim_system.hpp"

#include <windows.h>

#include <algorithm>
#include <string>

// In ntdll.dll: every thread of a process at once.
extern "C" __declspec(dllimport) LONG __stdcall NtSuspendProcess(HANDLE process);

namespace geyser::test {

namespace {

constexpr DWORD longest_deafness_ms = 15000;

HANDLE resume_event(DWORD process) {
  const std::wstring name = L"Local\\geyser-test-resume-" + std::to_wstring(process);
  return ::CreateEventW(nullptr, FALSE, FALSE, name.c_str());
}

}  // namespace

void prepare_resume() {
  // For good: the parent's word finds it.
  [[maybe_unused]] static const HANDLE event = resume_event(::GetCurrentProcessId());
}

void wait_for_resume() {
  const HANDLE event = resume_event(::GetCurrentProcessId());
  ::WaitForSingleObject(event, longest_deafness_ms);
  ::CloseHandle(event);
}

void resume(std::int64_t process) {
  const HANDLE event = resume_event(static_cast<DWORD>(process));
  ::SetEvent(event);
  ::CloseHandle(event);
}

void kill_self() {
  ::TerminateProcess(::GetCurrentProcess(), 9);
  for (;;) ::Sleep(INFINITE);
}

void stop_self() { ::NtSuspendProcess(::GetCurrentProcess()); }

bool starve_of_descriptors(std::uint32_t) { return false; }
void feed_again() {}

std::size_t unread_bytes(NativeHandle parent) {
  std::size_t most = 0;
  for (std::intptr_t value = 4; value < 4096; value += 4) {
    DWORD there = 0;
    auto* const pipe = reinterpret_cast<HANDLE>(value);
    if (value == parent || ::GetFileType(pipe) != FILE_TYPE_PIPE) continue;
    if (::PeekNamedPipe(pipe, nullptr, 0, nullptr, &there, nullptr) != 0) most = std::max<std::size_t>(most, there);
  }
  return most;
}

}  // namespace geyser::test
