#include "support/process_figures.hpp"

#include <windows.h>

#include <psapi.h>

#include "support/descriptors.hpp"
#include "support/win32/handles.hpp"

namespace geyser::test {

namespace {

// As open_descriptors() counts them, by copies that are closed at once.
std::size_t count_handles(HANDLE process) {
  constexpr std::intptr_t gap = 4 * 128;
  std::size_t count = 0;
  for (std::intptr_t value = 4, last = 0; value < last + gap; value += 4) {
    HANDLE copy = nullptr;
    if (::DuplicateHandle(process, reinterpret_cast<HANDLE>(value), ::GetCurrentProcess(), &copy, 0, FALSE,
                          DUPLICATE_SAME_ACCESS) == 0) {
      continue;
    }
    last = value;
    if (is_counted(copy)) ++count;
    ::CloseHandle(copy);
  }
  return count;
}

}  // namespace

ProcessFigures ProcessFigures::of(std::int64_t process) {
  ProcessFigures figures;
  const bool own = process == static_cast<std::int64_t>(::GetCurrentProcessId());
  const HANDLE handle = ::OpenProcess(PROCESS_ALL_ACCESS, FALSE, static_cast<DWORD>(process));
  PROCESS_MEMORY_COUNTERS memory{};
  ::K32GetProcessMemoryInfo(handle, &memory, sizeof(memory));
  figures.resident_kib = memory.WorkingSetSize / 1024;
  figures.mappings = count_mappings(handle);
  if (!own) figures.descriptors = count_handles(handle);
  ::CloseHandle(handle);
  if (own) figures.descriptors = open_descriptors();
  return figures;
}

}  // namespace geyser::test
