// What a further subscriber costs the publisher: the time of begin_frame() and publish() by number of subscribers.
#include <algorithm>
#include <array>
#include <cstdio>

#include "chapter.hpp"
#include "figures.hpp"
#include "svg.hpp"

namespace bench {

namespace {

constexpr std::array<NamedWay, 4> ways{
    {{"eventfd", make_eventfd}, {"futex", make_futex}, {"feed, awake", make_awake_feed}, {"feed, asleep", make_feed}}};
constexpr std::size_t feeds_at = 2;
constexpr std::uint32_t rate = 250;
constexpr double goal_us = 2;

using Times = std::vector<double> Block::*;

struct Slopes {
  std::vector<double> medians;  // by number of readers, over all turns
  std::vector<double> by_turn;  // us for a further reader
  double quiet = 0;             // over the least of all turns
};

// `cases`: of one way, by number of readers.
Slopes slopes(const std::vector<const Case*>& cases, const std::vector<double>& counts, Times times) {
  Slopes result;
  std::size_t turns = SIZE_MAX;
  for (const Case* now : cases) {
    std::vector<double> all;
    for (const Block& block : now->blocks) all.insert(all.end(), (block.*times).begin(), (block.*times).end());
    result.medians.push_back(median(all));
    turns = std::min(turns, now->blocks.size());
  }
  std::vector<double> least;
  for (const Case* now : cases) {
    std::vector<double> medians;
    for (const Block& block : now->blocks) medians.push_back(median(block.*times));
    least.push_back(minimum(medians));
  }
  result.quiet = slope(counts, least);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    std::vector<double> costs;
    for (const Case* now : cases) costs.push_back(median(now->blocks[turn].*times));
    result.by_turn.push_back(slope(counts, costs));
  }
  return result;
}

void add_row(std::string& table, const char* way, const char* clock, const Slopes& figures) {
  std::string row;
  for (const double value : figures.medians) {
    std::array<char, 16> cell{};
    std::snprintf(cell.data(), cell.size(), " %7.1f", value);
    row += cell.data();
  }
  add_line(table, "%-13s %-4s%s %7.2f %7.2f", way, clock, row.c_str(), median(figures.by_turn), figures.quiet);
}

}  // namespace

Chapter measure_fan_out(const Settings& settings) {
  Chapter chapter;
  std::vector<Case> cases;
  std::vector<double> counts;
  for (const std::size_t readers : settings.fan_out) {
    counts.push_back(static_cast<double>(readers));
    for (const NamedWay& way : ways) {
      Plan plan;
      plan.ground.readers = readers;
      plan.ground.directory = settings.directory;
      plan.rate = rate;
      plan.frames = frames_of(settings, rate / 2);
      plan.pinned = settings.pinned;
      cases.push_back({&way, plan, {}, {}});
    }
  }
  run_in_turns(cases, settings, "fan-out");

  add_line(chapter.table,
           "Cost of a frame at its writer by number of readers, in us: p50 of begin_frame() with publish() at %u fps. "
           "Slope: of a further reader, median of %u turns; quiet: over the least p50s; the goal is %.0f us.",
           rate, settings.rounds, goal_us);
  std::string head;
  for (const std::size_t readers : settings.fan_out) {
    const std::string count = std::to_string(readers);
    head += std::string(8 - std::min<std::size_t>(7, count.size()), ' ') + count;
  }
  add_line(chapter.table, "%-13s %-4s%s %7s %7s", "way", "", head.c_str(), "slope", "quiet");
  LineChart chart;
  chart.title = "CPU time of a frame at its writer: begin_frame() with publish()";
  chart.note = "Medians. Awake: subscribers look once a millisecond. Asleep: they wait in acquire().";
  chart.x_label = "readers";
  chart.y_label = "CPU microseconds";
  chart.x = counts;
  chapter.figures = {{"rate", rate}, {"goal_us", goal_us}, {"readers", settings.fan_out}, {"rows", Json::array()}};
  for (std::size_t way = 0; way < ways.size(); ++way) {
    std::vector<const Case*> of_way;
    std::string why;
    for (std::size_t i = way; i < cases.size(); i += ways.size()) {
      of_way.push_back(&cases[i]);
      if (why.empty()) why = cases[i].why;
    }
    Json row{{"way", ways[way].name}};
    if (!why.empty()) {
      add_line(chapter.table, "%-13s %s", ways[way].name, why.c_str());
      row["why"] = why;
      if (way >= feeds_at) chapter.whole = false;
    } else {
      const Slopes cpu = slopes(of_way, counts, &Block::cpu_us);
      const Slopes wall = slopes(of_way, counts, &Block::wall_us);
      add_row(chapter.table, ways[way].name, "CPU", cpu);
      add_row(chapter.table, "", "wall", wall);
      row.update({{"cpu_us", cpu.medians},
                  {"cpu_slope_us_by_turn", cpu.by_turn},
                  {"cpu_quiet_slope_us", cpu.quiet},
                  {"wall_us", wall.medians},
                  {"wall_slope_us_by_turn", wall.by_turn},
                  {"wall_quiet_slope_us", wall.quiet}});
      chart.series.push_back({ways[way].name, cpu.medians});
    }
    chapter.figures["rows"].push_back(std::move(row));
  }
  chapter.plot = draw(chart);
  return chapter;
}

}  // namespace bench
