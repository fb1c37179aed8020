// How long a subscriber with an open manager waits for its first frame: from before Subscriber::create() to after
// acquire(). The publisher runs at 60 fps in another process; one sort serves event() between two frames, the other
// sleeps, and lets a subscriber in when its next frame is due.
#include <poll.h>

#include <array>
#include <atomic>
#include <cmath>

#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "chapter.hpp"
#include "clock.hpp"
#include "figures.hpp"
#include "managers.hpp"
#include "process.hpp"
#include "svg.hpp"

namespace bench {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t millisecond = 1'000'000;
constexpr std::uint64_t period = 1'000'000'000U / 60;
constexpr std::uint64_t longest_start = 20'000 * millisecond;
constexpr double goal_ms = 30;

enum class Between : std::uint8_t { serves, sleeps };

struct Join {
  std::string api;
  Between between = Between::serves;
  std::vector<std::vector<double>> turns;  // ms
  std::string path;                        // how the frames come
  std::string why;

  std::string name() const { return api + (between == Between::serves ? ", serving" : ", sleeping"); }
  std::vector<double> all() const {
    std::vector<double> values;
    for (const auto& turn : turns) values.insert(values.end(), turn.begin(), turn.end());
    return values;
  }
};

struct Common {
  std::atomic<bool> publishing;
  std::atomic<bool> failed;
  std::array<char, 256> why;
  std::array<char, 64> path;

  bool fail(const geyser::GeyserError& error) {
    if (!failed.exchange(true)) error.to_string().copy(why.data(), why.size() - 1);
    return false;
  }
};

bool publish(const Join& join, const Settings& settings, Common& common) {
  auto manager = open_manager(join.api);
  if (!manager) return common.fail(manager.error());
  geyser::TextureDescriptor descriptor;
  descriptor.extent = {settings.width, settings.height, 1};
  geyser::stream::PublisherOptions options;
  options.name = "bench";
  options.runtime_directory = settings.directory;
  auto publisher = geyser::stream::Publisher::create(*std::move(manager), descriptor, std::move(options));
  if (!publisher) return common.fail(publisher.error());
  pollfd news{static_cast<int>(publisher->event()), POLLIN, 0};
  for (std::uint64_t due = now_ns();; due += period) {
    while (join.between == Between::serves && now_ns() < due) {
      const timespec left{0, static_cast<long>(due - std::min(due, now_ns()))};
      if (::ppoll(&news, 1, &left, nullptr) > 0) publisher->service();
    }
    sleep_until_ns(due);
    auto frame = publisher->begin_frame();
    if (!frame) continue;
    if (const auto number = publisher->publish(*std::move(frame)); !number) return common.fail(number.error());
    common.publishing = true;
  }
}

bool subscribe(const Join& join, const Settings& settings, Common& common, SharedArray<double>& times) {
  auto manager = open_manager(join.api);
  if (!manager) return common.fail(manager.error());
  for (const std::uint64_t end = now_ns() + longest_start; !common.publishing; sleep_until_ns(now_ns() + millisecond)) {
    if (common.failed || now_ns() > end) return false;
  }
  double phase = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    // At every phase of the publisher's period alike.
    phase = std::fmod(phase + 0.618, 1.0);
    sleep_until_ns(now_ns() + static_cast<std::uint64_t>((1 + phase) * static_cast<double>(period)));
    geyser::stream::SubscriberOptions options;
    options.feed = "bench";
    options.runtime_directory = settings.directory;
    const std::uint64_t begin = now_ns();
    auto subscriber = geyser::stream::Subscriber::create(*manager, std::move(options));
    if (!subscriber) return common.fail(subscriber.error());
    auto frame = subscriber->acquire(5s);
    if (!frame) return common.fail(frame.error());
    times[i] = static_cast<double>(now_ns() - begin) / millisecond;
    if (const auto released = subscriber->release(*std::move(frame)); !released) return common.fail(released.error());
    geyser::to_string(subscriber->agreement().path).copy(common.path.data(), common.path.size() - 1);
  }
  return true;
}

void run_turn(Join& join, const Settings& settings) {
  SharedArray<Common> shared(1);
  SharedArray<double> times(settings.joins);
  Common& common = shared[0];
  {
    Process subscriber = Process::start([&] { return subscribe(join, settings, common, times); });
    Process publisher = Process::start([&] { return publish(join, settings, common); });
    if (!subscriber.wait() || common.failed) {
      join.why = common.why[0] != '\0' ? common.why.data() : "The publisher did not start.";
      return;
    }
  }
  join.path = common.path.data();
  join.turns.emplace_back(times.data(), times.data() + times.size());
}

}  // namespace

Chapter measure_first_frame(const Settings& settings) {
  std::vector<Join> joins;
  for (const std::string& api : api_names()) {
    for (const Between between : {Between::serves, Between::sleeps}) joins.push_back({api, between, {}, {}, {}});
  }
  for (unsigned round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = 0; i < joins.size(); ++i) {
      show_progress("first frame", round * joins.size() + i, settings.rounds * joins.size());
      Join& now = joins[round % 2 == 0 ? i : joins.size() - 1 - i];
      if (now.why.empty()) run_turn(now, settings);
    }
  }

  Chapter chapter;
  add_line(chapter.table,
           "First frame at a new subscriber, in ms, of pictures of %ux%u at 60 fps, by what the publisher does between "
           "two frames; the goal is %.0f ms.",
           settings.width, settings.height, goal_ms);
  add_line(chapter.table, "%-20s %-10s %8s %8s %8s %6s", "API, publisher", "path", "p50", "p99", "max", "joins");
  chapter.figures = {{"goal_ms", goal_ms}, {"rows", Json::array()}};
  BarChart chart;
  chart.title = "First frame at a new subscriber: from create() to acquire(), publisher at 60 fps";
  chart.note =
      "Serving: the publisher serves event() between frames. Sleeping: it does not. Bars: p50. Whiskers: p99. Dots: "
      "max.";
  chart.unit = "milliseconds";
  chart.series = {"feed, publisher serves", "feed, publisher sleeps"};
  chart.goal = {goal_ms, "goal"};
  for (const Join& join : joins) {
    Json row{{"api", join.api}, {"serves_event", join.between == Between::serves}};
    const auto all = join.all();
    if (!join.why.empty()) {
      add_line(chapter.table, "%-20s %s", join.name().c_str(), join.why.c_str());
      row["why"] = join.why;
    } else {
      add_line(chapter.table, "%-20s %-10s %8.2f %8.2f %8.2f %6zu", join.name().c_str(), join.path.c_str(), median(all),
               quantile(all, 0.99), quantile(all, 1), all.size());
      row.update({{"path", join.path},
                  {"p50_ms", median(all)},
                  {"p99_ms", quantile(all, 0.99)},
                  {"max_ms", quantile(all, 1)},
                  {"ms_by_turn", join.turns}});
    }
    if (join.api == "host" && !join.why.empty()) chapter.whole = false;
    chapter.figures["rows"].push_back(std::move(row));
    // Two joins are one group.
    if (join.between == Between::serves) {
      chart.groups.push_back(join.api);
      chart.bars.emplace_back();
    }
    chart.bars.back().push_back({median(all), quantile(all, 0.99), quantile(all, 1)});
  }
  chapter.plot = draw(chart);
  return chapter;
}

}  // namespace bench
