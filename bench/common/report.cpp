#include "report.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>

namespace bench {

namespace {

bool write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return true;
  std::fprintf(stderr, "[%s] cannot be written.\n", path.c_str());
  return false;
}

bool measure(const std::vector<NamedChapter>& chapters, const Output& output, Json figures) {
  bool good = true;
  for (const NamedChapter& chapter : chapters) {
    const auto& only = output.only;
    if (!only.empty() && std::find(only.begin(), only.end(), chapter.name) == only.end()) continue;
    const Chapter done = chapter.measure();
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
    std::printf("%s\n", done.table.c_str());
    std::fflush(stdout);
    good = good && done.whole;
    figures[chapter.key] = done.figures;
    if (!output.svg.empty() && !done.plot.empty()) {
      good = write(std::filesystem::path(output.svg) / (chapter.plot + ".svg"), done.plot) && good;
    }
  }
  if (!output.json.empty()) good = write(output.json, figures.dump(2) + "\n") && good;
  return good;
}

}  // namespace

void Output::add_options(CLI::App& app, const std::vector<NamedChapter>& chapters) {
  std::vector<std::string> names(chapters.size());
  std::transform(chapters.begin(), chapters.end(), names.begin(), [](const auto& chapter) { return chapter.name; });
  app.add_option("--only", only, "Chapters")->check(CLI::IsMember(names));
  app.add_option("--json", json, "A file for all figures");
  app.add_option("--svg", svg, "A directory for the plots");
}

int run(const std::vector<NamedChapter>& chapters, const Output& output, Json figures, std::string& directory) {
  try {
    directory = (std::filesystem::temp_directory_path() / "geyser-bench-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) {
      std::perror("No directory for the feeds");
      return 1;
    }
    if (!output.svg.empty()) std::filesystem::create_directories(output.svg);
    const bool good = measure(chapters, output, std::move(figures));
    std::filesystem::remove_all(directory);
    return good ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

void add_line(std::string& table, const char* format, ...) {
  std::array<char, 512> line{};
  std::va_list values;
  va_start(values, format);
  std::vsnprintf(line.data(), line.size(), format, values);
  va_end(values);
  table.append(line.data()).append("\n");
}

}  // namespace bench
