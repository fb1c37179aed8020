// geyser-bench-streams: what a feed adds to what the kernel takes to wake somebody, what a further subscriber costs,
// and how soon a new one sees something; beside bare system calls, a copy through shared memory, and GStreamer's shm.
//
// Method. A block is one writer and its readers, each in a process of its own that lives for the block; the first ten
// frames are not counted, and neither is starting. Blocks of all ways run in turns, every second turn backwards, so
// that whatever else the machine does hits all alike; ratios are taken within one turn. Noise only ever adds, so beside
// the median of the turns stands `quiet`: the same of the least p50 that each way had. Time is CLOCK_MONOTONIC, read by
// the writer before its call (of the floor: before the first of its writes) and by the reader after its own; cost is
// CLOCK_THREAD_CPUTIME_ID of the writer's thread around both calls, one reading of it included. Percentiles are of all
// frames of all readers, by nearest rank. A frame that a late reader has skipped has no latency; the column `missed`
// counts them. Nothing is pinned unless --pin asks for it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>

#include "chapter.hpp"

namespace {

struct NamedChapter {
  const char* name;
  bench::Chapter (*measure)(const bench::Settings& settings);
};
constexpr std::array<NamedChapter, 4> chapters{{{"latency", bench::measure_latency},
                                                {"hand-off", bench::measure_hand_off},
                                                {"fan-out", bench::measure_fan_out},
                                                {"first-frame", bench::measure_first_frame}}};

struct Output {
  std::string json;
  std::string svg;
  std::vector<std::string> only;
};

bool write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (file) return true;
  std::fprintf(stderr, "[%s] cannot be written.\n", path.c_str());
  return false;
}

bench::Json describe(const bench::Settings& settings) {
  return {{"seconds", settings.seconds},
          {"rounds", settings.rounds},
          {"pinned", settings.pinned},
          {"processors", ::sysconf(_SC_NPROCESSORS_ONLN)}};
}

bool measure(const bench::Settings& settings, const Output& output) {
  bench::Json figures = describe(settings);
  bool good = true;
  for (const NamedChapter& chapter : chapters) {
    const auto& only = output.only;
    if (!only.empty() && std::find(only.begin(), only.end(), chapter.name) == only.end()) continue;
    const bench::Chapter done = chapter.measure(settings);
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
    std::printf("%s\n", done.table.c_str());
    std::fflush(stdout);
    good = good && done.whole;
    figures[done.name] = done.figures;
    if (!output.svg.empty()) good = write(std::filesystem::path(output.svg) / (done.name + ".svg"), done.plot) && good;
  }
  if (!output.json.empty()) good = write(output.json, figures.dump(2) + "\n") && good;
  return good;
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"Latency, cost and start of streams, beside the kernel's floor and other ways."};
  bench::Settings settings;
  Output output;
  bool quick = false;
  auto* seconds = app.add_option("--seconds", settings.seconds, "Of a block")->check(CLI::Range(0.001, 3600.0));
  auto* rounds = app.add_option("--rounds", settings.rounds, "Turns of each block")->check(CLI::Range(1, 1000));
  auto* rates = app.add_option("--rates", settings.rates, "Frames a second")->check(CLI::Range(1, 100000));
  auto* readers = app.add_option("--readers", settings.readers, "Readers at once")->check(CLI::Range(1, 64));
  app.add_option("--only", output.only, "Chapters: latency, hand-off, fan-out, first-frame")
      ->check(CLI::IsMember({"latency", "hand-off", "fan-out", "first-frame"}));
  app.add_flag("--pin", settings.pinned, "The writer on the first processor, readers on the others");
  app.add_option("--json", output.json, "A file for all figures");
  app.add_option("--svg", output.svg, "A directory for the plots");
  app.add_flag("--quick", quick, "Some twenty seconds, for a first impression");
  app.add_flag("--smoke", settings.smoke, "A few frames of everything: shows that it works, measures nothing");
  CLI11_PARSE(app, count, words);
  if (quick || settings.smoke) {
    if (seconds->count() == 0) settings.seconds = settings.smoke ? 0.001 : 0.2;
    if (rounds->count() == 0) settings.rounds = settings.smoke ? 1 : 2;
    if (rates->count() == 0)
      settings.rates = settings.smoke ? std::vector<std::uint32_t>{1000} : std::vector<std::uint32_t>{60, 1000};
    if (readers->count() == 0) settings.readers = {1, 16};
    settings.fan_out = settings.smoke ? std::vector<std::size_t>{0, 2} : std::vector<std::size_t>{0, 4, 16, 64};
    settings.joins = settings.smoke ? 2 : 5;
  }
  try {
    std::string directory = (std::filesystem::temp_directory_path() / "geyser-bench-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) {
      std::perror("No directory for the feeds");
      return 1;
    }
    settings.directory = directory;
    if (!output.svg.empty()) std::filesystem::create_directories(output.svg);
    const bool good = measure(settings, output);
    std::filesystem::remove_all(directory);
    return good ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
