#include "process/child.hpp"

#include <array>
#include <utility>

#include "platform/win32/error.hpp"
#include "platform/win32/text.hpp"

// In ntdll.dll: every thread of a process at once.
extern "C" __declspec(dllimport) LONG __stdcall NtSuspendProcess(HANDLE process);
extern "C" __declspec(dllimport) LONG __stdcall NtResumeProcess(HANDLE process);

namespace geyser::test {

namespace {

HANDLE native(std::intptr_t handle) { return reinterpret_cast<HANDLE>(handle); }

// No argument of a test has quotes or ends in a backslash.
std::wstring command_line(const std::vector<std::string>& arguments) {
  std::wstring line = L"test";
  for (const std::string& one : arguments) line += L" \"" + platform::to_wide(one) + L"\"";
  return line;
}

// Starts this program with one handle more than it would have.
bool start_with(HANDLE given, std::wstring line, PROCESS_INFORMATION& process) {
  std::array<wchar_t, 1024> program{};
  ::GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size()));
  alignas(16) std::array<std::byte, 512> list{};
  SIZE_T size = list.size();
  STARTUPINFOEXW info{};
  info.StartupInfo.cb = sizeof(info);
  info.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(list.data());
  if (::InitializeProcThreadAttributeList(info.lpAttributeList, 1, 0, &size) == 0) return false;
  const bool started =
      ::UpdateProcThreadAttribute(info.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &given, sizeof(given),
                                  nullptr, nullptr) != 0 &&
      ::CreateProcessW(program.data(), line.data(), nullptr, nullptr, TRUE, EXTENDED_STARTUPINFO_PRESENT, nullptr,
                       nullptr, &info.StartupInfo, &process) != 0;
  ::DeleteProcThreadAttributeList(info.lpAttributeList);
  return started;
}

}  // namespace

Result<Child> Child::start(std::vector<std::string> arguments) {
  auto ends = Channel::make_pair();
  if (!ends) return fail(std::move(ends.error()));
  const NativeHandle pipe = ends->second.detach();
  ::SetHandleInformation(native(pipe), HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  arguments.insert(arguments.end(), {"--socket", std::to_string(pipe)});
  PROCESS_INFORMATION process{};
  const bool started = start_with(native(pipe), command_line(arguments), process);
  const DWORD number = ::GetLastError();
  ::CloseHandle(native(pipe));
  if (!started) {
    return fail(platform::win32_error(ErrorCode::operating_system, "The child does not start.", number));
  }
  ::CloseHandle(process.hThread);
  return Child(process.dwProcessId, reinterpret_cast<std::intptr_t>(process.hProcess), std::move(ends->first));
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      handle_(std::exchange(other.handle_, 0)),
      channel_(std::move(other.channel_)) {}

std::string Child::join() {
  if (process_ == 0) return "The child is gone already.";
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  if (::WaitForSingleObject(native(handle_), static_cast<DWORD>(longest.count())) != WAIT_OBJECT_0) {
    kill();
    return "The child did not end.";
  }
  DWORD status = 0;
  ::GetExitCodeProcess(native(handle_), &status);
  ::CloseHandle(native(std::exchange(handle_, 0)));
  process_ = 0;
  return status == 0 ? std::string() : "The child left with status " + std::to_string(status);
}

void Child::stop() const noexcept {
  if (process_ != 0) ::NtSuspendProcess(native(handle_));
}

void Child::go_on() const noexcept {
  if (process_ != 0) ::NtResumeProcess(native(handle_));
}

void Child::kill() noexcept {
  if (process_ == 0) return;
  ::TerminateProcess(native(handle_), 9);
  ::WaitForSingleObject(native(handle_), INFINITE);
  ::CloseHandle(native(std::exchange(handle_, 0)));
  process_ = 0;
}

}  // namespace geyser::test
