// How long after the writer's call a reader in another process is back from its own, by rate and number of readers.
#include <array>

#include "chapter.hpp"
#include "figures.hpp"
#include "svg.hpp"

namespace bench {

namespace {

constexpr std::array<NamedWay, 5> ways{{{"eventfd", make_eventfd},
                                        {"eventfd, polled", make_polled_eventfd},
                                        {"futex", make_futex},
                                        {"feed, acquire()", make_feed},
                                        {"feed, event()", make_polled_feed}}};
constexpr std::size_t feeds_at = 3;
constexpr double goal = 1.3;

void tell(Chapter& chapter, const std::vector<Case>& cases, std::size_t way) {
  const Case& now = cases[way];
  const Plan& plan = now.plan;
  Json row{{"rate", plan.rate}, {"readers", plan.ground.readers}, {"way", now.way->name}};
  if (!now.why.empty()) {
    add_line(chapter.table, "%5u %7zu  %-16s %s", plan.rate, plan.ground.readers, now.way->name, now.why.c_str());
    row["why"] = now.why;
    if (way >= feeds_at) chapter.whole = false;
  } else {
    const auto all = now.latencies();
    const double quiet = quiet_ratio(now.medians(), cases.front().medians());
    const auto to_floor = ratios(now.medians(), cases.front().medians());
    add_line(chapter.table, "%5u %7zu  %-16s %8.1f %8.1f %8.1f %8zu %7llu %7.2f %7.2f", plan.rate, plan.ground.readers,
             now.way->name, median(all), quantile(all, 0.99), quantile(all, 0.999), all.size(),
             static_cast<unsigned long long>(now.missed()), median(to_floor), quiet);
    row.update({{"p50_us", median(all)},
                {"p99_us", quantile(all, 0.99)},
                {"p99_9_us", quantile(all, 0.999)},
                {"frames", all.size()},
                {"missed", now.missed()},
                {"p50_us_by_turn", now.medians()},
                {"ratio_by_turn", to_floor},
                {"quiet_ratio", quiet}});
  }
  chapter.figures["rows"].push_back(std::move(row));
}

}  // namespace

Chapter measure_latency(const Settings& settings) {
  Chapter chapter;
  add_line(chapter.table,
           "Notification, in us. Ratio: p50 to that of a bare eventfd in the same turn, median of %u "
           "turns; quiet: of the least p50s; the goal is %.1f.",
           settings.rounds, goal);
  add_line(chapter.table, "%5s %7s  %-16s %8s %8s %8s %8s %7s %7s %7s", "fps", "readers", "way", "p50", "p99", "p99.9",
           "frames", "missed", "ratio", "quiet");
  BarChart chart;
  chart.title = "Notification latency: from the writer's call to the reader's return, in another process";
  chart.note = "Bars: p50. Whiskers: p99. Dots: p99.9.";
  chart.unit = "microseconds";
  for (const NamedWay& way : ways) chart.series.emplace_back(way.name);
  chapter.figures = {{"floor", ways.front().name}, {"goal", goal}, {"rows", Json::array()}};
  for (const std::uint32_t rate : settings.rates) {
    for (const std::size_t readers : settings.readers) {
      std::vector<Case> cases;
      for (const NamedWay& way : ways) {
        Plan plan;
        plan.ground.readers = readers;
        plan.ground.directory = settings.directory;
        plan.rate = rate;
        plan.frames = frames_of(settings, rate);
        plan.pinned = settings.pinned;
        cases.push_back({&way, plan, {}, {}});
      }
      run_in_turns(cases, settings, "latency");
      std::vector<Bar> bars;
      for (std::size_t i = 0; i < cases.size(); ++i) {
        tell(chapter, cases, i);
        const auto all = cases[i].latencies();
        bars.push_back({median(all), quantile(all, 0.99), quantile(all, 0.999)});
      }
      chart.groups.push_back(std::to_string(rate) + " fps\n" + std::to_string(readers) +
                             (readers == 1 ? " reader" : " readers"));
      chart.bars.push_back(std::move(bars));
    }
  }
  chapter.plot = draw(chart);
  return chapter;
}

}  // namespace bench
