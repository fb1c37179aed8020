#include "grid.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "figures.hpp"

namespace bench {

namespace {

// The first frames of a block find cold caches and sleeping threads: they are not counted.
constexpr std::uint32_t warm_up = 10;

void drop_warm_up(Block& block, std::size_t consumers) {
  const auto each = [](std::vector<double>& values, std::size_t count) {
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), count)));
  };
  each(block.latencies_us, warm_up * consumers);
  each(block.consumer_us, warm_up * consumers);
  each(block.producer_us, warm_up);
}

// Copies of large pictures take milliseconds: fewer frames say as much.
std::uint32_t frames_of(const Cell& cell, const Settings& settings) {
  const bool copies = cell.way == &staging;
  if (!copies) return settings.frames;
  return std::clamp<std::uint32_t>(static_cast<std::uint32_t>(400'000'000U / cell.scene.bytes()), 5U, settings.frames);
}

void run_turns(std::vector<Cell>& cells, const Plan& plan, const Settings& settings) {
  std::vector<std::unique_ptr<Crew>> crews;
  for (Cell& cell : cells) {
    // Feeds are found by name: each crew has a place of its own.
    cell.scene.directory = settings.directory + "/" + std::to_string(crews.size());
    std::filesystem::create_directory(cell.scene.directory);
    std::filesystem::permissions(cell.scene.directory, std::filesystem::perms::owner_all);
    crews.push_back(std::make_unique<Crew>(*cell.way, cell.scene, settings.frames + warm_up));
    Crew& crew = *crews.back();
    if (!crew.await_ready()) {
      cell.why = crew.why();
      cell.failed = crew.failed();
      crews.back().reset();
      continue;
    }
    cell.sync = crew.sync();
  }
  for (unsigned round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::size_t at = round % 2 == 0 ? i : cells.size() - 1 - i;
      Cell& cell = cells[at];
      if (crews[at] == nullptr) continue;
      const std::uint32_t frames = frames_of(cell, settings) + warm_up;
      const auto run = [&](std::uint32_t window, std::vector<Block>& blocks) {
        if (crews[at] == nullptr) return;
        Block block;
        if (crews[at]->run({frames, window}, block)) {
          block.seconds *= static_cast<double>(frames - warm_up) / frames;
          drop_warm_up(block, cell.scene.consumers);
          blocks.push_back(std::move(block));
          return;
        }
        cell.why = crews[at]->why();
        cell.failed = crews[at]->failed();
        crews[at].reset();
      };
      if (plan.slow) run(0, cell.slow);
      if (plan.fast) run(cell.scene.depth, cell.fast);
    }
  }
  crews.clear();
  for (const Cell& cell : cells) std::filesystem::remove_all(cell.scene.directory);
}

std::vector<double> medians(const std::vector<Block>& blocks, std::vector<double> Block::*values) {
  std::vector<double> all;
  for (const Block& block : blocks) all.push_back(median(block.*values));
  return all;
}

std::string print(const char* format, double value) {
  std::array<char, 32> word{};
  std::snprintf(word.data(), word.size(), format, value);
  return word.data();
}

void tell(const Cell& cell, const Cell* base, Chapter& chapter) {
  Json row{{"width", cell.scene.width},
           {"height", cell.scene.height},
           {"format", cell.scene.wide ? "rgba16_float" : "rgba8_unorm"},
           {"depth", cell.scene.depth},
           {"consumers", cell.scene.consumers},
           {"to", cell.way->consumer_api},
           {"way", cell.way->name}};
  const std::string where = text(cell.scene) + " to " + cell.way->consumer_api;
  if (!cell.why.empty()) {
    add_line(chapter.table, "%-40s %-18s %s: %s", where.c_str(), cell.way->name,
             cell.failed ? "FAILED" : "not measured", cell.why.c_str());
    row["why"] = cell.why;
    row["failed"] = cell.failed;
    if (cell.failed) chapter.whole = false;
    chapter.figures.push_back(std::move(row));
    return;
  }
  const bool compared = base != nullptr && base->why.empty();
  const auto latencies = cell.latencies();
  const auto latency_ratios =
      compared ? ratios(cell.median_latencies(), base->median_latencies()) : std::vector<double>();
  const auto rate_ratios = compared ? ratios(cell.rates(), base->rates()) : std::vector<double>();
  const double more = compared && !cell.fast.empty() && !base->fast.empty()
                          ? median(cell.producer_us()) - median(base->producer_us())
                          : 0;
  const auto slow = [&](const char* format, double value) { return cell.slow.empty() ? "-" : print(format, value); };
  const auto fast = [&](const char* format, double value) { return cell.fast.empty() ? "-" : print(format, value); };
  add_line(chapter.table, "%-40s %-18s %9s %9s %9s %6s %10s %6s %7s %7s %7s  %s", where.c_str(), cell.way->name,
           slow("%.1f", quantile(latencies, 0.5)).c_str(), slow("%.1f", quantile(latencies, 0.99)).c_str(),
           slow("%.1f", quantile(latencies, 0.999)).c_str(), slow("%.2f", median(latency_ratios)).c_str(),
           fast("%.0f", median(cell.rates())).c_str(), fast("%.2f", median(rate_ratios)).c_str(),
           fast("%.1f", median(cell.producer_us())).c_str(), fast("%+.1f", more).c_str(),
           fast("%.1f", median(cell.consumer_us())).c_str(), cell.sync.c_str());
  row["sync"] = cell.sync;
  if (!cell.slow.empty()) {
    row.update({{"frames", latencies.size()},
                {"p25_us", quantile(latencies, 0.25)},
                {"p50_us", quantile(latencies, 0.5)},
                {"p75_us", quantile(latencies, 0.75)},
                {"p90_us", quantile(latencies, 0.9)},
                {"p99_us", quantile(latencies, 0.99)},
                {"p99_9_us", quantile(latencies, 0.999)},
                {"p50_us_by_turn", cell.median_latencies()},
                {"latency_ratio_by_turn", latency_ratios}});
  }
  if (!cell.fast.empty()) {
    row.update({{"frames_per_second_by_turn", cell.rates()},
                {"rate_ratio_by_turn", rate_ratios},
                {"producer_cpu_us_by_turn", cell.producer_us()},
                {"consumer_cpu_us_by_turn", cell.consumer_us()}});
  }
  chapter.figures.push_back(std::move(row));
}

}  // namespace

std::vector<double> Cell::latencies() const {
  std::vector<double> all;
  for (const Block& block : slow) all.insert(all.end(), block.latencies_us.begin(), block.latencies_us.end());
  return all;
}
std::vector<double> Cell::median_latencies() const { return medians(slow, &Block::latencies_us); }
std::vector<double> Cell::producer_us() const { return medians(fast, &Block::producer_us); }
std::vector<double> Cell::consumer_us() const { return medians(fast, &Block::consumer_us); }
std::vector<double> Cell::rates() const {
  std::vector<double> all;
  for (const Block& block : fast) all.push_back(static_cast<double>(block.producer_us.size()) / block.seconds);
  return all;
}

std::string text(const Scene& scene) {
  std::string words = std::to_string(scene.width) + "x" + std::to_string(scene.height);
  if (scene.wide) words += " rgba16f";
  return words + ", ring " + std::to_string(scene.depth) + ", " + std::to_string(scene.consumers);
}

std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(over.size(), under.size()); ++i) {
    if (under[i] > 0) result.push_back(over[i] / under[i]);
  }
  return result;
}

std::vector<std::vector<Cell>> measure(const Plan& plan, const Settings& settings, const Way& base, Chapter& chapter) {
  add_line(chapter.table,
           "%s: latency in us one frame at a time, and its ratio to [%s]; frames/s at full speed, and ratio; CPU in us "
           "of the producer's frame, what is more than [%s]'s, and the consumer's. Medians of %u turns.",
           plan.name, base.name, base.name, settings.rounds);
  add_line(chapter.table, "%-40s %-18s %9s %9s %9s %6s %10s %6s %7s %7s %7s  %s", "size, ring, consumers", "way", "p50",
           "p99", "p99.9", "ratio", "frames/s", "ratio", "CPU", "more", "CPU", "waits");
  chapter.figures = Json::array();
  std::vector<std::vector<Cell>> all;
  for (const Scene& scene : plan.scenes) {
    if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r%s: %s\033[K", plan.name, text(scene).c_str());
    std::vector<Cell> cells;
    for (const Way* way : plan.ways) {
      Cell cell;
      cell.way = way;
      cell.scene = scene;
      cells.push_back(std::move(cell));
    }
    run_turns(cells, plan, settings);
    for (const Cell& cell : cells) {
      const Cell* beside = nullptr;
      for (const Cell& other : cells) {
        const bool same = std::strcmp(other.way->consumer_api, cell.way->consumer_api) == 0;
        if (std::strcmp(other.way->name, base.name) == 0 && (same || beside == nullptr)) beside = &other;
      }
      tell(cell, beside, chapter);
    }
    all.push_back(std::move(cells));
  }
  return all;
}

}  // namespace bench
