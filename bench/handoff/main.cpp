// geyser-bench-handoff: one frame from process to process and back, by hand-written Vulkan (the floor), by Geyser, and
// by a copy through shared memory. All live at once and run short blocks in turns, so that whatever else the machine
// does hits all alike; every ratio is taken within one turn.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

#include "pair.hpp"

namespace {

struct Method {
  const char* name;
  bench::MakeSide make;
};
// "geyser": acquire and release are in the caller's command buffer, as in the floor; "geyser +2": Geyser submits them
// in command buffers of its own.
constexpr std::array<Method, 4> methods{{{"floor", bench::make_floor},
                                         {"geyser", bench::make_geyser},
                                         {"geyser +2", bench::make_geyser_submitted},
                                         {"host copy", bench::make_host_copy}}};
constexpr std::size_t floor_at = 0;
constexpr std::size_t geyser_at = 1;
constexpr std::size_t host_copy_at = 3;

struct Options {
  unsigned rounds = 20;
  std::uint32_t frames = 100;
  std::uint32_t device_index = 0;
  bool absolute = false;
  std::vector<std::array<std::uint32_t, 2>> sizes;
};

// The first frames of a block find cold caches and sleeping threads: they are not counted.
constexpr std::uint32_t warm_up = 10;

struct Measurement {
  std::unique_ptr<bench::Pair> pair;
  std::string sync;
  std::uint32_t frames = 0;     // of a block
  std::vector<double> medians;  // of each block
  std::vector<double> all;
};
using Row = std::array<Measurement, methods.size()>;

double at(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

// Block by block.
std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(over.size(), under.size()); ++i) result.push_back(over[i] / under[i]);
  return result;
}

std::string text(const std::array<std::uint32_t, 2>& size) {
  return std::to_string(size[0]) + "x" + std::to_string(size[1]);
}

bool start(const Options& options, std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bench::Settings settings{options.sizes[i][0], options.sizes[i][1], options.device_index};
    for (std::size_t m = 0; m < methods.size(); ++m) {
      Measurement& now = rows[i][m];
      // A copy of 8K takes milliseconds: fewer frames say as much.
      now.frames = m == host_copy_at && settings.width > 1000 ? std::max(options.frames / 20, 3U) : options.frames;
      now.pair = std::make_unique<bench::Pair>(methods[m].make, settings, options.rounds * (warm_up + now.frames));
      now.sync = now.pair->await_ready();
      if (now.sync.empty()) return false;
    }
  }
  return true;
}

bool measure(const Options& options, std::vector<Row>& rows) {
  for (unsigned round = 0; round < options.rounds; ++round) {
    for (Row& row : rows) {
      for (Measurement& now : row) {
        std::vector<double> values = now.pair->run(warm_up + now.frames);
        if (values.empty()) return false;
        values.erase(values.begin(), values.begin() + warm_up);
        now.medians.push_back(at(values, 0.5));
        now.all.insert(now.all.end(), values.begin(), values.end());
      }
    }
  }
  bool good = true;
  for (Row& row : rows) {
    for (Measurement& now : row) good = now.pair->finish() && good;
  }
  return good;
}

void print(const Options& options, const std::vector<Row>& rows) {
  std::printf("Ratios to the floor, of medians within one turn: the median of [%u] turns, and their quartiles.\n",
              options.rounds);
  std::printf("%-10s %-10s %-20s %7s  %-15s %7s%s\n", "size", "method", "sync", "ratio", "quartiles", "p99",
              options.absolute ? "   p50 us" : "");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t m = 0; m < methods.size(); ++m) {
      const Measurement& now = rows[i][m];
      const Measurement& floor = rows[i][floor_at];
      const auto all = ratios(now.medians, floor.medians);
      std::printf("%-10s %-10s %-20s %7.2f  %6.2f - %6.2f %7.2f", text(options.sizes[i]).c_str(), methods[m].name,
                  now.sync.c_str(), at(all, 0.5), at(all, 0.25), at(all, 0.75),
                  at(now.all, 0.99) / at(floor.all, 0.99));
      if (options.absolute) std::printf(" %8.1f", at(now.all, 0.5));
      std::printf("\n");
    }
  }
  if (rows.size() < 2) return;
  std::printf("Flat: %s over %s, floor %.2f, geyser %.2f\n", text(options.sizes.back()).c_str(),
              text(options.sizes.front()).c_str(),
              at(ratios(rows.back()[floor_at].medians, rows.front()[floor_at].medians), 0.5),
              at(ratios(rows.back()[geyser_at].medians, rows.front()[geyser_at].medians), 0.5));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures the hand-off of a frame between two processes, as ratios to hand-written Vulkan."};
  Options options;
  bool quick = false;
  std::vector<std::string> sizes{"256x256", "1920x1080", "3840x2160", "7680x4320"};
  app.add_option("--frames", options.frames, "Frames of a block")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--rounds", options.rounds, "Blocks of each method at each size")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--sizes", sizes, "WIDTHxHEIGHT each")->capture_default_str();
  app.add_option("--device", options.device_index, "Vulkan device")->capture_default_str();
  app.add_flag("--absolute", options.absolute, "Also microseconds: only on a machine that does nothing else");
  app.add_flag("--quick", quick, "Only 256x256 and 1920x1080");
  CLI11_PARSE(app, argc, argv);
  if (quick) sizes.resize(std::min<std::size_t>(sizes.size(), 2));
  for (const std::string& size : sizes) {
    std::array<std::uint32_t, 2> extent{};
    if (std::sscanf(size.c_str(), "%ux%u", &extent[0], &extent[1]) != 2 || extent[0] == 0 || extent[1] == 0) {
      std::fprintf(stderr, "Size [%s] is not WIDTHxHEIGHT.\n", size.c_str());
      return 2;
    }
    options.sizes.push_back(extent);
  }
  std::vector<Row> rows(options.sizes.size());
  try {
    if (!start(options, rows) || !measure(options, rows)) return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  print(options, rows);
  return 0;
}
