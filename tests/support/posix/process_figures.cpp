#include "support/process_figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace geyser::test {

ProcessFigures ProcessFigures::of(std::int64_t process) {
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

}  // namespace geyser::test
