// Which of a process' handles and views are somebody's to close.
#pragma once

#include <windows.h>

#include <cstddef>

namespace geyser::test {

// What Geyser opens: files and pipes, sections, processes, timers, named mutexes, and events that are reset by hand.
// Not threads: those of the system's pool come and go by themselves. Nor semaphores and events that reset themselves,
// which the compiler's mutexes open when two threads first meet at one; nor the registry's keys and what else the
// system keeps.
bool is_counted(HANDLE handle);

// Views of sections that are no programs.
std::size_t count_mappings(HANDLE process);

}  // namespace geyser::test
