#include "child.hpp"

#include <windows.h>

#include <algorithm>
#include <array>
#include <utility>

#include "context.hpp"
#include "stop_event.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::intptr_t none = -1;
// Nothing waits for a pipe: it is looked at so often.
constexpr std::chrono::milliseconds look_every{5};

HANDLE native(std::intptr_t handle) { return reinterpret_cast<HANDLE>(handle); }

void close_if_open(std::intptr_t& handle) {
  if (handle != none) ::CloseHandle(native(handle));
  handle = none;
}

std::wstring to_wide(const std::string& text) {
  const int size = static_cast<int>(text.size());
  std::wstring wide(static_cast<std::size_t>(::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, nullptr, 0)), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), static_cast<int>(wide.size()));
  return wide;
}

// As the C library of the other process takes it apart: backslashes count only before quotes.
std::wstring quoted(const std::wstring& word) {
  std::wstring text = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t letter : word) {
    if (letter == L'"') text.append(backslashes + 1, L'\\');
    backslashes = letter == L'\\' ? backslashes + 1 : 0;
    text += letter;
  }
  return text.append(backslashes, L'\\') + L"\"";
}

// A handle that a new process may have, of one that this one has.
HANDLE inheritable(HANDLE handle) {
  const HANDLE self = ::GetCurrentProcess();
  HANDLE copy = nullptr;
  if (handle == nullptr || handle == INVALID_HANDLE_VALUE) return nullptr;
  return ::DuplicateHandle(self, handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) != 0 ? copy : nullptr;
}

// Starts this program with these handles and no others; nulls are left out.
bool start_with(const std::array<HANDLE, 3>& standard, std::wstring line, PROCESS_INFORMATION& process) {
  std::array<wchar_t, 1024> program{};
  ::GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size()));
  alignas(16) std::array<std::byte, 512> list{};
  SIZE_T size = list.size();
  STARTUPINFOEXW info{};
  info.StartupInfo.cb = sizeof(info);
  info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  info.StartupInfo.hStdInput = standard[0];
  info.StartupInfo.hStdOutput = standard[1];
  info.StartupInfo.hStdError = standard[2];
  info.lpAttributeList = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(list.data());
  std::array<HANDLE, 3> given = standard;
  const auto end = std::remove(given.begin(), given.end(), nullptr);
  if (::InitializeProcThreadAttributeList(info.lpAttributeList, 1, 0, &size) == 0) return false;
  const bool started =
      ::UpdateProcThreadAttribute(info.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, given.data(),
                                  static_cast<std::size_t>(end - given.begin()) * sizeof(HANDLE), nullptr,
                                  nullptr) != 0 &&
      ::CreateProcessW(program.data(), line.data(), nullptr, nullptr, TRUE, EXTENDED_STARTUPINFO_PRESENT, nullptr,
                       nullptr, &info.StartupInfo, &process) != 0;
  ::DeleteProcThreadAttributeList(info.lpAttributeList);
  return started;
}

}  // namespace

Result<Child> Child::start(std::vector<std::string> words, Output output) {
  std::wstring line = L"geyser";
  for (const std::string& word : words) line += L" " + quoted(to_wide(word));
  HANDLE reading = INVALID_HANDLE_VALUE;
  HANDLE writing = nullptr;
  SECURITY_ATTRIBUTES inherited{sizeof(SECURITY_ATTRIBUTES), nullptr, TRUE};
  if (output == Output::captured) {
    ::CreatePipe(&reading, &writing, &inherited, 0);
    ::SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
  } else if (output == Output::thrown_away) {
    writing =
        ::CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, nullptr);
  } else {
    writing = inheritable(::GetStdHandle(STD_OUTPUT_HANDLE));
  }
  const std::array<HANDLE, 3> standard{nullptr, writing, inheritable(::GetStdHandle(STD_ERROR_HANDLE))};
  PROCESS_INFORMATION process{};
  const bool started = start_with(standard, std::move(line), process);
  const DWORD error = ::GetLastError();
  for (const HANDLE one : standard) {
    if (one != nullptr && one != INVALID_HANDLE_VALUE) ::CloseHandle(one);
  }
  auto ours = reinterpret_cast<std::intptr_t>(reading);
  if (!started) {
    close_if_open(ours);
    return fail(ErrorCode::operating_system, "A second process does not start: error [" + std::to_string(error) + "].");
  }
  ::CloseHandle(process.hThread);
  return Child(process.dwProcessId, reinterpret_cast<std::intptr_t>(process.hProcess), ours);
}

Child::~Child() {
  if (process_ != 0 && !status_) {
    terminate();
    if (::WaitForSingleObject(native(watched_), 2000) != WAIT_OBJECT_0) ::TerminateProcess(native(watched_), 137);
  }
  close_if_open(watched_);
  close_if_open(output_);
}

void Child::terminate() noexcept {
  if (process_ == 0 || status_) return;
  const HANDLE event = ::OpenEventW(EVENT_MODIFY_STATE, FALSE, stop_event_name(static_cast<DWORD>(process_)).c_str());
  if (event == nullptr) {
    ::TerminateProcess(native(watched_), 143);  // it does not look yet
    return;
  }
  ::SetEvent(event);
  ::CloseHandle(event);
}

bool Child::look(Clock::time_point end) {
  drain();
  if (::WaitForSingleObject(native(watched_), static_cast<DWORD>(look_every.count())) != WAIT_OBJECT_0) {
    return Clock::now() < end;
  }
  DWORD status = 0;
  ::GetExitCodeProcess(native(watched_), &status);
  status_ = static_cast<int>(status);
  return true;
}

bool Child::look_at_output(Clock::time_point end) {
  if (Clock::now() >= end) return false;
  ::Sleep(static_cast<DWORD>(look_every.count()));
  drain();
  return true;
}

// What the pipe has now; closes it when nobody can write to it any more.
void Child::drain() {
  std::array<char, 4096> buffer{};
  DWORD there = 0;
  while (output_ != none) {
    if (::PeekNamedPipe(native(output_), nullptr, 0, nullptr, &there, nullptr) == 0) return close_if_open(output_);
    if (there == 0) return;
    DWORD count = 0;
    if (::ReadFile(native(output_), buffer.data(), std::min<DWORD>(there, buffer.size()), &count, nullptr) == 0) return;
    written_.append(buffer.data(), count);
  }
}

std::string Child::take_output() {
  if (status_) drain();
  return std::move(written_);
}

std::optional<std::size_t> wait_for_any(const std::vector<Child*>& children, std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  std::vector<HANDLE> handles;
  for (const Child* child : children) handles.push_back(native(child->watched()));
  while (!interrupted() && Clock::now() < end) {
    const DWORD ready = ::WaitForMultipleObjects(static_cast<DWORD>(handles.size()), handles.data(), FALSE, 20);
    if (ready < WAIT_OBJECT_0 + handles.size()) return ready - WAIT_OBJECT_0;
    for (Child* child : children) child->drain();  // a pipe that is full would hold it up
  }
  return std::nullopt;
}

}  // namespace geyser::tool
