// The chapters that are scenes by ways.
#include <algorithm>

#include "figures.hpp"
#include "grid.hpp"
#include "svg.hpp"

namespace bench {

namespace {

Scene scene_of(const Settings& settings) {
  Scene scene;
  scene.width = settings.size[0];
  scene.height = settings.size[1];
  scene.depth = settings.depth;
  scene.device_index = settings.device_index;
  return scene;
}

Bar bar_of(const Cell& cell) {
  const auto all = cell.latencies();
  return {quantile(all, 0.5), quantile(all, 0.99), quantile(all, 0.999)};
}

using Value = double (*)(const Cell&);
double latency(const Cell& cell) { return median(cell.median_latencies()); }
double rate(const Cell& cell) { return median(cell.rates()); }

// A line for each way over the scenes; a way that misses a scene has no line, since lines have no gaps.
std::string lines(LineChart chart, const std::vector<std::vector<Cell>>& cells, Value value) {
  for (std::size_t way = 0; !cells.empty() && way < cells.front().size(); ++way) {
    LineChart::Series series{cells.front()[way].way->name, {}};
    bool whole = true;
    for (const auto& scene : cells) {
      whole = whole && scene[way].why.empty();
      series.y.push_back(value(scene[way]));
    }
    if (whole) chart.series.push_back(std::move(series));
  }
  return draw(chart);
}

}  // namespace

Chapter measure_hand_off(const Settings& settings) {
  Chapter chapter;
  const Plan plan{"hand-off",
                  {scene_of(settings)},
                  {&bare_ahead, &bare_by_cpu, &bare, &geyser_recorded, &geyser_access, &feed_recorded, &feed,
                   &bare_by_cpu_to_cuda, &bare_to_cuda, &geyser_recorded_to_cuda, &geyser_access_to_cuda,
                   &feed_recorded_to_cuda, &feed_to_cuda, &feed_by_cpu_to_cuda}};
  const auto cells = measure(plan, settings, bare, chapter);
  BarChart chart;
  chart.title = "Handing a frame over, " + text(plan.scenes[0]);
  chart.note =
      "One frame at a time, from its submission to its having been read. Bars: p50. Whiskers: p99. Dots: p99.9.";
  chart.unit = "microseconds";
  for (const char* api : {"vulkan", "cuda"}) {
    std::vector<Bar> bars;
    for (const char* name : {bare_ahead.name, bare_by_cpu.name, bare.name, geyser_recorded.name, geyser_access.name,
                             feed.name, feed_by_cpu_to_cuda.name}) {
      if (chart.groups.empty()) chart.series.emplace_back(name);
      Bar bar;
      for (const Cell& cell : cells[0]) {
        if (cell.way->consumer_api == std::string(api) && cell.way->name == std::string(name) && cell.why.empty()) {
          bar = bar_of(cell);
        }
      }
      bars.push_back(bar);
    }
    chart.groups.push_back(std::string("Vulkan to ") + api);
    chart.bars.push_back(std::move(bars));
  }
  chapter.plot = draw(chart);
  return chapter;
}

Chapter measure_sizes(const Settings& settings) {
  Chapter chapter;
  Plan plan{"sizes", {}, {&bare, &geyser_recorded, &feed_recorded, &feed}};
  LineChart chart;
  for (const Size& size : settings.sizes) {
    Scene scene = scene_of(settings);
    scene.width = size[0];
    scene.height = size[1];
    scene.depth = 3;
    plan.scenes.push_back(scene);
    chart.x.push_back(static_cast<double>(size[0]) * size[1] / 1e6);
  }
  const auto cells = measure(plan, settings, bare, chapter);
  for (std::size_t way = 0; cells.size() > 1 && way < plan.ways.size(); ++way) {
    const Cell& small = cells.front()[way];
    const Cell& large = cells.back()[way];
    if (!small.why.empty() || !large.why.empty()) continue;
    add_line(chapter.table, "Flat: %s, %s over %s: latency %.2f, rate %.2f", plan.ways[way]->name,
             text(large.scene).c_str(), text(small.scene).c_str(), latency(large) / latency(small),
             rate(large) / rate(small));
  }
  chart.title = "Latency over size";
  chart.note = "One frame at a time, p50, rgba8, a ring of 3.";
  chart.x_label = "megapixels";
  chart.y_label = "microseconds";
  chapter.plot = lines(std::move(chart), cells, latency);
  return chapter;
}

Chapter measure_depths(const Settings& settings) {
  Chapter chapter;
  Plan plan{"depths", {}, {&bare_ahead, &bare_by_cpu, &bare, &geyser_recorded, &geyser_access, &feed_recorded, &feed}};
  plan.slow = false;
  LineChart chart;
  for (const std::uint32_t depth : settings.depths) {
    Scene scene = scene_of(settings);
    scene.depth = depth;
    plan.scenes.push_back(scene);
    // A feed has no ring of 1 or of 32.
    if (depth > 1 && depth <= 16) chart.x.push_back(depth);
  }
  const auto cells = measure(plan, settings, bare, chapter);
  std::vector<std::vector<Cell>> drawn;
  for (const auto& row : cells) {
    if (row.front().scene.depth > 1 && row.front().scene.depth <= 16) drawn.push_back(row);
  }
  chart.title =
      "Rate over the ring's depth, " + std::to_string(settings.size[0]) + "x" + std::to_string(settings.size[1]);
  chart.note = "As fast as it goes, one consumer.";
  chart.x_label = "textures in the ring";
  chart.y_label = "frames a second";
  chapter.plot = lines(std::move(chart), drawn, rate);
  return chapter;
}

Chapter measure_consumers(const Settings& settings) {
  Chapter chapter;
  Plan plan{"consumers", {}, {&bare, &geyser_recorded, &feed_recorded, &feed}};
  LineChart chart;
  for (const std::size_t consumers : settings.consumers) {
    Scene scene = scene_of(settings);
    scene.consumers = consumers;
    plan.scenes.push_back(scene);
    chart.x.push_back(static_cast<double>(consumers));
  }
  const auto cells = measure(plan, settings, bare, chapter);
  chart.title = "Rate over consumers, " + text(scene_of(settings));
  chart.note = "As fast as it goes; every consumer has every frame.";
  chart.x_label = "consumers";
  chart.y_label = "frames a second";
  chapter.plot = lines(std::move(chart), cells, rate);
  return chapter;
}

Chapter measure_copies(const Settings& settings) {
  Chapter chapter;
  Plan plan{"copies", {}, {&feed_recorded, &feed, &geyser_recorded, &bare, &cuda_ipc, &staging}};
  for (std::size_t i = 0; i < settings.copied.size(); ++i) {
    Scene scene = scene_of(settings);
    scene.width = settings.copied[i][0];
    scene.height = settings.copied[i][1];
    scene.wide = true;
    plan.scenes.push_back(scene);
    if (i != settings.copied.size() / 2) continue;
    scene.wide = false;
    plan.scenes.push_back(scene);
  }
  const auto cells = measure(plan, settings, feed_recorded, chapter);
  BarChart chart;
  chart.title = "A feed beside copies";
  chart.note =
      "One frame at a time, from its submission to its having been read. Bars: p50. Whiskers: p99. Dots: p99.9.";
  chart.unit = "microseconds";
  for (const Way* way : plan.ways) chart.series.emplace_back(way->name);
  for (const auto& scene : cells) {
    std::vector<Bar> bars;
    for (const Cell& cell : scene) bars.push_back(cell.why.empty() ? bar_of(cell) : Bar{});
    chart.groups.push_back(std::to_string(scene[0].scene.width) + "x" + std::to_string(scene[0].scene.height) +
                           (scene[0].scene.wide ? "\nrgba16f" : "\nrgba8"));
    chart.bars.push_back(std::move(bars));
  }
  chapter.plot = draw(chart);
  return chapter;
}

}  // namespace bench
