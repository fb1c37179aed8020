#include "support/system.hpp"

#include <cstdio>
#include <filesystem>
#include <random>
#include <vector>

#include "platform/runtime_directory.hpp"
#include "platform/win32/security.hpp"
#include "platform/win32/text.hpp"
#include "support/descriptors.hpp"
#include "support/win32/handles.hpp"

namespace geyser::test {

namespace {

HANDLE native(NativeHandle handle) { return reinterpret_cast<HANDLE>(handle); }

bool is_wine() { return ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr; }

}  // namespace

std::int64_t own_process() { return ::GetCurrentProcessId(); }
std::uint32_t own_user() { return platform::UserId::own()->last_number(); }

void set_environment(const char* name, const char* value) { ::SetEnvironmentVariableA(name, value); }

std::string make_private_directory() {
  const std::wstring name = L"geyser-test-" + *platform::random_name();
  std::string path = (std::filesystem::temp_directory_path() / name).string();
  return platform::prepare_directory(path) ? path : std::string();
}

bool is_private(const std::string& path) { return platform::prepare_directory(path).has_value(); }

std::size_t files_of_a_feed() { return 2; }

std::size_t kept_by_a_channel() { return 1; }

bool has_win32_handles() { return true; }

bool has_validation_layer() { return !is_wine(); }

std::size_t given_with_a_channel() { return 1; }

bool handles_are_numbered_apart() { return true; }

bool wait_readable(NativeHandle handle, std::chrono::milliseconds timeout) {
  return ::WaitForSingleObject(native(handle), static_cast<DWORD>(timeout.count())) == WAIT_OBJECT_0;
}

OwnedHandle open_device(HandleKind kind) {
  return OwnedHandle::adopt(kind, reinterpret_cast<NativeHandle>(::CreateEventW(nullptr, TRUE, FALSE, nullptr)));
}

std::chrono::microseconds time_to_join() { return std::chrono::milliseconds(150); }

std::size_t shared_mappings() { return count_mappings(::GetCurrentProcess()); }

bool is_open(NativeHandle handle) {
  DWORD flags = 0;
  return ::GetHandleInformation(native(handle), &flags) != 0;
}

bool is_inherited(NativeHandle handle) {
  DWORD flags = 0;
  return ::GetHandleInformation(native(handle), &flags) == 0 || (flags & HANDLE_FLAG_INHERIT) != 0;
}

std::string ways_to_write(NativeHandle memory, std::span<const std::byte> mapping) {
  std::string ways;
  if (::MapViewOfFile(native(memory), FILE_MAP_WRITE, 0, 0, 0) != nullptr) ways += " MapViewOfFile";
  const HANDLE self = ::GetCurrentProcess();
  std::vector<DWORD> all{FILE_MAP_WRITE, FILE_MAP_ALL_ACCESS};
  // What says no to an owner is an entry for OWNER RIGHTS.
  if (is_wine()) {
    std::printf("NOT RUN: Wine lets an owner change an object's rights always; Windows has to show that it does not\n");
  } else {
    all.insert(all.end(), {WRITE_DAC, WRITE_OWNER});
  }
  for (const DWORD rights : all) {
    HANDLE copy = nullptr;
    if (::DuplicateHandle(self, native(memory), self, &copy, rights, FALSE, 0) == 0) continue;
    ways += " DuplicateHandle " + std::to_string(rights);
    ::CloseHandle(copy);
  }
  DWORD old = 0;
  void* address = const_cast<std::byte*>(mapping.data());
  if (::VirtualProtect(address, 4096, PAGE_READWRITE, &old) != 0) ways += " VirtualProtect";
  return ways;
}

// One by one: Wine has no count. Handles are multiples of four, and new ones fill the gaps.
std::size_t open_descriptors() {
  [[maybe_unused]] static const bool opened_once = [] {
    // What the compiler's threads keep for those that come after them.
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
    for (std::thread& thread : threads) thread.join();
    static_cast<void>(std::random_device()());
    ::CloseHandle(::CreateEventW(nullptr, TRUE, FALSE, L"Local\\geyser-test-once"));  // the directory of names
    return true;
  }();
  constexpr std::intptr_t gap = 4 * 1024;
  std::size_t count = 0;
  DWORD flags = 0;
  for (std::intptr_t value = 4, last = 0; value < last + gap; value += 4) {
    if (::GetHandleInformation(native(value), &flags) == 0) continue;
    last = value;
    if (is_counted(native(value))) ++count;
  }
  return count;
}

// Only pipes have a name that a parent could have given: what a new process has otherwise differs between systems.
std::size_t given_descriptors() {
  std::size_t pipes = 0;
  for (std::intptr_t value = 4; value < 4096; value += 4) {
    if (::GetNamedPipeInfo(native(value), nullptr, nullptr, nullptr, nullptr) != 0) ++pipes;
  }
  return pipes;
}

}  // namespace geyser::test
