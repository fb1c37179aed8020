// A quick figure of this machine: one publisher and some subscribers, each a process, and how late its frames are.
// It moves no pixels of its own: what is measured is Geyser.
#include <cmath>

#include <geyser/stream/publisher.hpp>

#include "child.hpp"
#include "commands.hpp"
#include "durations.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"
#include "pace.hpp"
#include "picture_options.hpp"
#include "progress.hpp"
#include "system.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  std::string from = "auto";
  std::string to = "auto";
  std::string from_device;
  std::string to_device;
  std::string size = "1920x1080";
  std::string format = "rgba8_unorm";
  double fps = 60;
  double seconds = 3;
  std::uint32_t subscribers = 1;
  bool every = false;
  std::string part;  // what this process is, when it is a part of a bench
  std::string feed;
};

// Drivers make things when they are first used; the first frames are not measured.
constexpr std::uint64_t warm_up = 10;

Clock::duration to_duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

Result<void> publish(const Options& options) {
  auto size = parse_size(options.size);
  if (!size) return fail(std::move(size.error()));
  auto format = find_format(options.format);
  if (!format) return fail(std::move(format.error()));
  auto manager = open_backend({options.from, options.from_device, false});
  if (!manager) return fail(std::move(manager.error()));
  TextureDescriptor descriptor;
  descriptor.extent = *size;
  descriptor.format = *format;
  stream::PublisherOptions feed;
  feed.name = options.feed;
  feed.listed = false;
  auto publisher = stream::Publisher::create(*manager, descriptor, std::move(feed));
  if (!publisher) return fail(std::move(publisher.error()));
  std::puts(Json{{"feed", to_json(publisher->feed())}}.dump().c_str());
  std::fflush(stdout);
  const auto all_there = [&] { return publisher->statistics().subscribers >= options.subscribers; };
  serve_until(*publisher, Clock::now() + 20s, all_there);
  if (!interrupted() && !all_there()) return fail(ErrorCode::timeout, "Not all subscribers have come.");
  // The frames of `count` intervals from `start` on.
  const auto run = [&](Clock::time_point start, std::uint64_t count) -> Result<void> {
    for (std::uint64_t i = 0; i < count && !interrupted(); ++i) {
      serve_until(*publisher, start + to_duration(static_cast<double>(i) / options.fps), [] { return false; });
      auto frame = publisher->begin_frame();
      if (!frame && frame.error().code() == ErrorCode::timeout) continue;
      if (!frame) return fail(std::move(frame.error()));
      if (auto done = publisher->publish(*std::move(frame)); !done) return fail(std::move(done.error()));
    }
    serve_until(*publisher, start + to_duration(static_cast<double>(count) / options.fps), [] { return false; });
    return {};
  };
  if (auto warm = run(Clock::now(), warm_up); !warm) return warm;
  const stream::PublisherStatistics before = publisher->statistics();
  const Clock::time_point start = Clock::now();
  const auto count = static_cast<std::uint64_t>(std::ceil(options.seconds * options.fps));
  if (auto measured = run(start, count); !measured) return measured;
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const stream::PublisherStatistics s = publisher->statistics();
  const std::uint64_t published = s.frames_published - before.frames_published;
  const Json json = {{"frames_published", published},
                     {"frames_refused", s.frames_refused - before.frames_refused},
                     {"frames_per_second", static_cast<double>(published) / seconds},
                     {"gpu_copies", s.gpu_copies - before.gpu_copies},
                     {"bytes_copied", s.bytes_copied - before.bytes_copied},
                     {"wake_calls", s.wake_calls - before.wake_calls}};
  std::puts(json.dump().c_str());
  return {};
}

void subscribe(Context& context, const Options& options) {
  FeedChoice choice;
  choice.feed = options.feed;
  choice.backend = {options.to, options.to_device, false};
  choice.timeout_s = 30;
  const auto mode = options.every ? stream::FrameMode::every : stream::FrameMode::latest;
  OpenFeed open = open_feed(context, choice, mode);
  if (open.subscriber == nullptr) return;
  stream::Subscriber& subscriber = *open.subscriber;
  stream::Frame frame = first_frame(context, choice, subscriber);
  if (!frame.is_open()) return;
  frame = {};
  Durations latency;
  Clock::time_point start;
  Clock::time_point last;
  while (!interrupted()) {
    auto next = subscriber.acquire(100ms);
    if (!next && next.error().code() == ErrorCode::timeout) continue;
    if (!next) break;  // the feed has ended
    last = Clock::now();
    if (latency.count() == 0) start = last;
    if (next->info().number <= warm_up) continue;
    const auto now = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(last.time_since_epoch()).count());
    latency.add(now - std::min(now, next->info().clock_ns));
  }
  const double seconds = std::chrono::duration<double>(last - start).count();
  const stream::SubscriberStatistics s = subscriber.statistics();
  const Agreement& agreement = subscriber.agreement();
  print(
      {{"api", to_string(open.manager->capabilities().api)},
       {"device", open.manager->capabilities().identity.device_name},
       {"path", to_string(agreement.path)},
       {"handle_kind", to_string(agreement.handle_kind)},
       {"sync_tier", to_string(agreement.sync_tier)},
       {"frames_read", s.frames_read},
       {"frames_missed", s.frames_missed},
       {"leases_lost", s.leases_lost},
       {"bytes_copied", s.bytes_copied},
       {"frames_per_second", seconds > 0 ? static_cast<double>(latency.count() - 1) / seconds : 0},
       {"latency_us",
        {{"p50", latency.at(0.5)}, {"p99", latency.at(0.99)}, {"p99_9", latency.at(0.999)}, {"max", latency.at(1)}}}});
}

void print_table(const Options& options, const Json& json) {
  const Json& publisher = json["publisher"];
  const Json& feed = publisher["feed"];
  std::printf("%s %s by %s on %s, %.4g frames/s for %.4g s: %s published at %.1f/s, %s refused, %s bytes copied\n\n",
              options.size.c_str(), options.format.c_str(), feed["api"].get<std::string>().c_str(),
              feed["device"].get<std::string>().c_str(), options.fps, options.seconds,
              publisher["frames_published"].dump().c_str(), publisher["frames_per_second"].get<double>(),
              publisher["frames_refused"].dump().c_str(), publisher["bytes_copied"].dump().c_str());
  std::printf("   %-9s %-9s %-15s %8s %7s %8s %8s %8s %8s  %s\n", "API", "PATH", "TIER", "FRAMES/S", "MISSED", "p50 us",
              "p99 us", "p99.9", "max", "BYTES COPIED");
  std::size_t number = 0;
  for (const Json& one : json["subscribers"]) {
    const auto text = [&](const char* key) { return one[key].get<std::string>(); };
    const auto latency = [&](const char* key) { return one["latency_us"][key].get<double>(); };
    std::printf("%-2zu %-9s %-9s %-15s %8.1f %7s %8.1f %8.1f %8.1f %8.1f  %s\n", ++number, text("api").c_str(),
                text("path").c_str(), text("sync_tier").c_str(), one["frames_per_second"].get<double>(),
                one["frames_missed"].dump().c_str(), latency("p50"), latency("p99"), latency("p99_9"), latency("max"),
                one["bytes_copied"].dump().c_str());
  }
}

std::vector<std::string> words_of(const Options& options, const char* part, const std::string& feed) {
  std::vector<std::string> words{"bench",
                                 "--part",
                                 part,
                                 "--feed",
                                 feed,
                                 "--from",
                                 options.from,
                                 "--to",
                                 options.to,
                                 "--size",
                                 options.size,
                                 "--format",
                                 options.format,
                                 "--fps",
                                 std::to_string(options.fps),
                                 "--seconds",
                                 std::to_string(options.seconds),
                                 "--subscribers",
                                 std::to_string(options.subscribers)};
  if (!options.from_device.empty()) words.insert(words.end(), {"--from-device", options.from_device});
  if (!options.to_device.empty()) words.insert(words.end(), {"--to-device", options.to_device});
  if (options.every) words.emplace_back("--every");
  return words;
}

// A part that failed has said why.
void say_failed(Context& context, std::optional<int> status, const char* who) {
  if (interrupted()) return context.fail(ExitCode::lost, "It was interrupted.");
  if (status && *status > 0 && *status <= static_cast<int>(ExitCode::check_failed)) {
    context.exit_code = static_cast<ExitCode>(*status);
  } else {
    context.fail(ExitCode::lost, std::string(who) + (status ? " died." : " does not end."));
  }
}

void bench(Context& context, const Options& options) {
  const std::string feed = "geyser bench " + std::to_string(own_process());
  auto publisher = Child::start(words_of(options, "publisher", feed), Child::Output::captured);
  if (!publisher) return context.fail(publisher.error());
  if (!publisher->wait_for_line(30s)) return say_failed(context, publisher->wait(1s), "The publisher");
  std::vector<Child> subscribers;
  for (std::uint32_t i = 0; i < options.subscribers; ++i) {
    auto subscriber = Child::start(words_of(options, "subscriber", feed), Child::Output::captured);
    if (!subscriber) return context.fail(subscriber.error());
    subscribers.push_back(*std::move(subscriber));
  }
  Progress progress;
  const Clock::time_point end = Clock::now() + to_duration(options.seconds) + 40s;
  std::vector<Child*> all{&*publisher};
  for (Child& subscriber : subscribers) all.push_back(&subscriber);
  std::optional<int> status;
  while (!status && !interrupted() && Clock::now() < end) {
    progress.show([&] { return "measuring " + std::to_string(options.subscribers) + " subscribers ..."; });
    const auto ended = wait_for_any(all, 250ms);
    if (ended && *ended != 0) {
      const auto left = all[*ended]->wait(0ms);
      progress.clear();
      if (left != 0) return say_failed(context, left, "A subscriber");
    }
    status = publisher->wait(ended == std::size_t{0} ? 1000ms : ended ? 100ms : 0ms);
  }
  progress.clear();
  if (status != 0) return say_failed(context, status, "The publisher");
  Json json = {{"options",
                {{"size", options.size},
                 {"format", options.format},
                 {"fps", options.fps},
                 {"seconds", options.seconds},
                 {"mode", options.every ? "every" : "latest"}}}};
  const std::string said = publisher->take_output();
  const std::size_t line = said.find('\n');
  json["publisher"] = Json::parse(said.substr(line + 1), nullptr, false);
  json["publisher"]["feed"] = Json::parse(said.substr(0, line), nullptr, false)["feed"];
  json["subscribers"] = Json::array();
  for (Child& subscriber : subscribers) {
    const auto left = subscriber.wait(10s);
    if (left != 0) return say_failed(context, left, "A subscriber");
    json["subscribers"].push_back(Json::parse(subscriber.take_output(), nullptr, false));
  }
  if (context.json) return print(json);
  print_table(options, json);
}

void run(Context& context, const Options& options) {
  catch_interrupts();
  if (options.part == "subscriber") return subscribe(context, options);
  if (options.part.empty()) return bench(context, options);
  if (auto done = publish(options); !done) context.fail(done.error());
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Measure how fast frames travel on this machine");
  command->add_option("--from", options->from, "Backend of the publisher")->capture_default_str();
  command->add_option("--to", options->to, "Backend of the subscribers")->capture_default_str();
  command->add_option("--from-device", options->from_device, "Index of the device, or a part of its name");
  command->add_option("--to-device", options->to_device, "Index of the device, or a part of its name");
  command->add_option("--size", options->size, "Of the picture")->capture_default_str()->type_name("WxH");
  command->add_option("--format", options->format, "Texture format")->capture_default_str();
  command->add_option("--fps", options->fps, "Frames a second")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 100000.0));
  command->add_option("--seconds", options->seconds, "How long")
      ->capture_default_str()
      ->check(CLI::Range(0.05, 86400.0));
  command->add_option("-n,--subscribers", options->subscribers, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->add_flag("--every", options->every, "Read every frame, not the newest");
  command->add_option("--part", options->part)->group("")->check(CLI::IsMember({"publisher", "subscriber"}));
  command->add_option("--feed", options->feed)->group("");
  command->callback([options, &context] { run(context, *options); });
}

}  // namespace geyser::tool
