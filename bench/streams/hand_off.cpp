// How long it takes to hand over whole pictures: from complete pixels in the writer's hands to readable ones in the
// reader's. Nothing is drawn and nothing is read beyond a check of some texels.
#include <array>

#include "chapter.hpp"
#include "figures.hpp"
#include "svg.hpp"

namespace bench {

namespace {

constexpr std::array<NamedWay, 3> ways{
    {{"feed", make_feed}, {"host copy", make_host_copy}, {"GStreamer shm", make_gstreamer}}};
constexpr std::uint32_t rate = 60;

void tell(Chapter& chapter, const std::vector<Case>& cases, std::size_t way) {
  const Case& now = cases[way];
  const std::size_t readers = now.plan.ground.readers;
  Json row{{"readers", readers}, {"way", now.way->name}};
  if (!now.why.empty()) {
    add_line(chapter.table, "%7zu  %-16s %s", readers, now.way->name, now.why.c_str());
    row["why"] = now.why;
    if (way == 0) chapter.whole = false;
  } else {
    const auto all = now.latencies();
    const double quiet = quiet_ratio(now.medians(), cases.front().medians());
    const auto to_feed = ratios(now.medians(), cases.front().medians());
    add_line(chapter.table, "%7zu  %-16s %9.1f %9.1f %9.1f %7zu %7llu %8.1f %8.1f", readers, now.way->name, median(all),
             quantile(all, 0.99), quantile(all, 0.999), all.size(), static_cast<unsigned long long>(now.missed()),
             median(to_feed), quiet);
    row.update({{"p50_us", median(all)},
                {"p99_us", quantile(all, 0.99)},
                {"p99_9_us", quantile(all, 0.999)},
                {"frames", all.size()},
                {"missed", now.missed()},
                {"p50_us_by_turn", now.medians()},
                {"ratio_by_turn", to_feed},
                {"quiet_ratio", quiet}});
  }
  chapter.figures["rows"].push_back(std::move(row));
}

}  // namespace

Chapter measure_hand_off(const Settings& settings) {
  Chapter chapter;
  add_line(chapter.table,
           "Whole pictures of %ux%u RGBA at %u fps, in us. Ratio: p50 to that of the feed in the same turn, median of "
           "%u turns; quiet: of the least p50s.",
           settings.width, settings.height, rate, settings.rounds);
  add_line(chapter.table, "%7s  %-16s %9s %9s %9s %7s %7s %8s %8s", "readers", "way", "p50", "p99", "p99.9", "frames",
           "missed", "ratio", "quiet");
  BarChart chart;
  chart.title = "Handing over pictures of " + std::to_string(settings.width) + "x" + std::to_string(settings.height) +
                " RGBA at " + std::to_string(rate) + " fps";
  chart.note =
      "From complete pixels at the writer to readable ones at the reader. Bars: p50. Whiskers: p99. Dots: p99.9.";
  chart.unit = "microseconds";
  for (const NamedWay& way : ways) chart.series.emplace_back(way.name);
  chapter.figures = {{"width", settings.width}, {"height", settings.height}, {"rate", rate}, {"rows", Json::array()}};
  for (const std::size_t readers : {std::size_t{1}, std::size_t{4}}) {
    std::vector<Case> cases;
    for (const NamedWay& way : ways) {
      Plan plan;
      plan.ground = {readers, settings.directory, settings.width, settings.height};
      plan.rate = rate;
      plan.frames = frames_of(settings, rate);
      plan.pinned = settings.pinned;
      cases.push_back({&way, plan, {}, {}});
    }
    run_in_turns(cases, settings, "hand-off");
    std::vector<Bar> bars;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      tell(chapter, cases, i);
      const auto all = cases[i].latencies();
      bars.push_back({median(all), quantile(all, 0.99), quantile(all, 0.999)});
    }
    chart.groups.push_back(std::to_string(readers) + (readers == 1 ? " reader" : " readers"));
    chart.bars.push_back(std::move(bars));
  }
  chapter.plot = draw(chart);
  return chapter;
}

}  // namespace bench
