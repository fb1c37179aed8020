#include "stream/fault_table/table.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

#include <nlohmann/json.hpp>

namespace geyser::test {

namespace {

constexpr double us_in_ms = 1000;

std::string where(const Job& job) {
  std::string text = job.backend + "/" + std::to_string(job.ring_size) + " " + job.fault.text();
  if (job.fault.point == "timer") text += " " + std::to_string(job.strike_after_us) + " us";
  return text;
}

double median(std::vector<std::uint64_t> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return static_cast<double>(*middle) / us_in_ms;
}

double worst(const std::vector<std::uint64_t>& values) {
  return values.empty() ? 0 : static_cast<double>(*std::max_element(values.begin(), values.end())) / us_in_ms;
}

// How long the healthy ones had nothing new: for a dead publisher, until its successor was seen.
std::uint64_t harm_of(const Row& row) { return row.job.victim == Victim::publisher ? row.takeover_us : row.gap_us; }

struct Group {
  std::vector<std::uint64_t> harm, block, stall;
  std::uint64_t wrong = 0, lost = 0;
  std::int64_t leaked = 0;
  std::size_t held_back = 0, bad = 0;
};

}  // namespace

std::string line_of(const Row& row) {
  char figures[200];
  std::snprintf(figures, sizeof(figures), "%7.1f ms %s, %5.1f ms blocked, %5.1f ms stalled, %llu frames, %.2f s",
                static_cast<double>(harm_of(row)) / us_in_ms,
                row.job.victim == Victim::publisher ? "to the successor" : "longest gap",
                static_cast<double>(row.block_us) / us_in_ms, static_cast<double>(row.stall_us) / us_in_ms,
                static_cast<unsigned long long>(row.frames), row.seconds);
  std::string line = where(row.job);
  line.resize(std::max<std::size_t>(line.size(), 56), ' ');
  line += figures;
  if (row.unread != 0) line += ", " + std::to_string(row.unread) + " unread";
  if (row.lost != 0) line += ", " + std::to_string(row.lost) + " lost";
  for (const std::string& problem : row.problems) line += "\n    FAILED: " + problem;
  return line;
}

std::string summary_of(const std::vector<Row>& rows) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const Row& row : rows) {
    const std::string action(to_string(row.job.fault.action));
    const std::string random = row.job.fault.point == "*" || row.job.fault.point == "timer" ? " at random" : "";
    Group& group = groups[{std::string(to_string(row.job.victim)), action + random}];
    group.harm.push_back(harm_of(row));
    group.block.push_back(row.block_us);
    group.stall.push_back(row.stall_us);
    group.wrong += row.wrong;
    group.lost += row.lost;
    for (const std::int64_t leaked : {row.leaked_descriptors, row.leaked_mappings, row.leaked_files}) {
      group.leaked += std::max<std::int64_t>(leaked, 0);
    }
    if (!row.reclaimed) ++group.held_back;
    if (!row.problems.empty()) ++group.bad;
  }
  std::string text =
      "victim      action             runs   gap or takeover, ms   blocked, ms   stalled, ms   wrong  lost  leaks  "
      "slots kept  bad\n"
      "                                      median      worst         worst         worst\n";
  for (const auto& [name, group] : groups) {
    char line[256];
    std::snprintf(
        line, sizeof(line), "%-11s %-18s %4zu   %7.1f   %8.1f     %9.1f     %9.1f   %5llu %5llu  %5lld  %10zu  %3zu\n",
        name.first.c_str(), name.second.c_str(), group.harm.size(), median(group.harm), worst(group.harm),
        worst(group.block), worst(group.stall), static_cast<unsigned long long>(group.wrong),
        static_cast<unsigned long long>(group.lost), static_cast<long long>(group.leaked), group.held_back, group.bad);
    text += line;
  }
  return text;
}

std::string json_of(const std::vector<Row>& rows) {
  auto all = nlohmann::json::array();
  for (const Row& row : rows) {
    all.push_back({{"backend", row.job.backend},
                   {"victim", to_string(row.job.victim)},
                   {"ring_size", row.job.ring_size},
                   {"point", row.job.fault.point},
                   {"action", to_string(row.job.fault.action)},
                   {"nth", row.job.fault.nth},
                   {"strike_after_us", row.job.strike_after_us},
                   {"frames", row.frames},
                   {"gap_us", row.gap_us},
                   {"block_us", row.block_us},
                   {"stall_us", row.stall_us},
                   {"takeover_us", row.takeover_us},
                   {"create_us", row.create_us},
                   {"wrong", row.wrong},
                   {"lost", row.lost},
                   {"unread", row.unread},
                   {"leaked_descriptors", row.leaked_descriptors},
                   {"leaked_mappings", row.leaked_mappings},
                   {"leaked_files", row.leaked_files},
                   {"reclaimed", row.reclaimed},
                   {"seconds", row.seconds},
                   {"notes", row.notes},
                   {"problems", row.problems}});
  }
  return all.dump(1) + "\n";
}

}  // namespace geyser::test
