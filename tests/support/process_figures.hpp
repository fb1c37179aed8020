// What a process has of the machine: memory, descriptors, mappings.
#pragma once

#include <cstddef>
#include <cstdint>

namespace geyser::test {

struct ProcessFigures {
  std::size_t resident_kib = 0;
  std::size_t descriptors = 0;
  std::size_t mappings = 0;

  // Of this process, or of one that it has started. posix/process_figures.cpp, win32/process_figures.cpp
  static ProcessFigures of(std::int64_t process);
};

// Sanitizers keep what was freed, and shadow what is used: then memory says nothing, and LeakSanitizer does.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_is_meaningful = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool memory_is_meaningful = false;
#else
inline constexpr bool memory_is_meaningful = true;
#endif
#else
inline constexpr bool memory_is_meaningful = true;
#endif

}  // namespace geyser::test
