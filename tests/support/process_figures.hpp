// What a process has of the machine: memory, descriptors, mappings, as /proc tells.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace geyser::test {

struct ProcessFigures {
  std::size_t resident_kib = 0;
  std::size_t descriptors = 0;
  std::size_t mappings = 0;

  static ProcessFigures of(pid_t process) {
    const std::string path = "/proc/" + std::to_string(process);
    ProcessFigures figures;
    std::size_t pages = 0;
    std::ifstream(path + "/statm") >> pages >> pages;
    figures.resident_kib = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
    std::error_code ignored;
    const std::filesystem::directory_iterator all(path + "/fd", ignored);
    figures.descriptors = static_cast<std::size_t>(std::distance(begin(all), end(all)));
    std::ifstream maps(path + "/maps");
    figures.mappings = static_cast<std::size_t>(
        std::count(std::istreambuf_iterator<char>(maps), std::istreambuf_iterator<char>(), '\n'));
    return figures;
  }
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
