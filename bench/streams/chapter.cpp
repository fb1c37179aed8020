#include "chapter.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "figures.hpp"

namespace bench {

std::vector<double> Case::latencies() const {
  std::vector<double> all;
  for (const Block& block : blocks) all.insert(all.end(), block.latencies_us.begin(), block.latencies_us.end());
  return all;
}

std::uint64_t Case::missed() const {
  std::uint64_t count = 0;
  for (const Block& block : blocks) count += block.missed;
  return count;
}

std::vector<double> Case::medians() const {
  std::vector<double> all;
  for (const Block& block : blocks) all.push_back(median(block.latencies_us));
  return all;
}

std::uint32_t frames_of(const Settings& settings, std::uint32_t rate) {
  return std::max(3U, static_cast<std::uint32_t>(settings.seconds * rate));
}

void run_in_turns(std::vector<Case>& cases, const Settings& settings, const char* chapter) {
  for (unsigned round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      show_progress(chapter, round * cases.size() + i, settings.rounds * cases.size());
      Case& now = cases[round % 2 == 0 ? i : cases.size() - 1 - i];
      if (!now.why.empty()) continue;
      Block block = run_block(*now.way, now.plan);
      now.why = block.why;
      if (now.why.empty()) now.blocks.push_back(std::move(block));
      // What a killed end leaves behind is no part of the next block.
      for (const auto& entry : std::filesystem::directory_iterator(settings.directory)) {
        std::filesystem::remove(entry.path());
      }
    }
  }
}

std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under) {
  std::vector<double> result;
  for (std::size_t i = 0; i < std::min(over.size(), under.size()); ++i) {
    if (under[i] > 0) result.push_back(over[i] / under[i]);
  }
  return result;
}

double quiet_ratio(const std::vector<double>& over, const std::vector<double>& under) {
  const double least = minimum(under);
  return least > 0 ? minimum(over) / least : 0;
}

void show_progress(const char* chapter, std::size_t done, std::size_t all) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%s: %zu of %zu\033[K", chapter, done, all);
}

}  // namespace bench
