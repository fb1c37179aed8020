#include "support/win32/handles.hpp"

#include <winternl.h>

#include <algorithm>
#include <array>
#include <string_view>

// In ntdll.dll.
extern "C" __declspec(dllimport) LONG
    __stdcall NtQueryEvent(HANDLE event, int what, void* into, ULONG size, ULONG* used);

namespace geyser::test {

bool is_counted(HANDLE handle) {
  constexpr int type_of_object = 2;  // ObjectTypeInformation
  constexpr std::array<std::wstring_view, 6> counted = {L"File",  L"Section",      L"Process",
                                                        L"Timer", L"IoCompletion", L"Mutant"};
  alignas(16) std::array<std::byte, 1024> info{};
  if (::NtQueryObject(handle, static_cast<OBJECT_INFORMATION_CLASS>(type_of_object), info.data(), info.size(),
                      nullptr) < 0) {
    return false;
  }
  const auto& name = *reinterpret_cast<const UNICODE_STRING*>(info.data());
  const std::wstring_view type(name.Buffer, name.Length / sizeof(wchar_t));
  if (type == L"Event") {
    std::array<LONG, 2> event{};  // its type, its state
    return ::NtQueryEvent(handle, 0, event.data(), sizeof(event), nullptr) >= 0 && event[0] == 0;
  }
  return std::find(counted.begin(), counted.end(), type) != counted.end();
}

std::size_t count_mappings(HANDLE process) {
  std::size_t count = 0;
  MEMORY_BASIC_INFORMATION info{};
  const void* last = nullptr;
  for (const char* at = nullptr; ::VirtualQueryEx(process, at, &info, sizeof(info)) != 0;
       at = static_cast<const char*>(info.BaseAddress) + info.RegionSize) {
    if (info.State == MEM_FREE || info.Type != MEM_MAPPED || info.AllocationBase == last) continue;
    last = info.AllocationBase;
    ++count;
  }
  return count;
}

}  // namespace geyser::test
