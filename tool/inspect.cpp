#include <chrono>

#include "commands.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  FeedChoice feed;
  double seconds = 1;
};

struct Measured {
  std::uint64_t frames = 0;
  double seconds = 0;
};

Json layout_json(const SharedTexture& texture) {
  const MemoryLayout& layout = texture.layout();
  Json planes = Json::array();
  for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
    planes.push_back({{"offset", layout.planes[i].offset}, {"stride", layout.planes[i].stride}});
  }
  char modifier[19];
  std::snprintf(modifier, sizeof(modifier), "0x%016llx", static_cast<unsigned long long>(layout.modifier));
  return {{"handle_kind", to_string(texture.handle_kind())},
          {"tiling", to_string(layout.tiling)},
          {"modifier", layout.tiling == Tiling::drm_modifier ? Json(modifier) : Json(nullptr)},
          {"allocation_size", layout.allocation_size},
          {"dedicated", layout.dedicated},
          {"planes", planes}};
}

void inspect(Context& context, const Options& options) {
  OpenFeed open = open_feed(context, options.feed, stream::FrameMode::latest);
  if (open.subscriber == nullptr) return;
  stream::Subscriber& subscriber = *open.subscriber;
  stream::Frame frame = first_frame(context, options.feed, subscriber);
  if (!frame.is_open()) return;
  const Json layout = layout_json(frame.texture());
  const std::string frame_path(to_string(frame.texture().path()));
  const std::uint64_t first = frame.info().number;
  std::uint64_t last = first;
  frame = {};
  const Clock::time_point start = Clock::now();
  const Clock::time_point end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
  while (Clock::now() < end && !interrupted()) {
    auto next = subscriber.acquire(10ms);
    if (next) last = next->info().number;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double rate = static_cast<double>(last - first) / seconds;
  const stream::SubscriberStatistics statistics = subscriber.statistics();
  const Json json = {{"feed", to_json(subscriber.feed())},
                     {"state", to_string(subscriber.state())},
                     {"agreement", to_json(subscriber.agreement())},
                     {"layout", layout},
                     {"frame", last},
                     {"measured_frame_rate", rate},
                     {"frames_read", statistics.frames_read},
                     {"frames_missed", statistics.frames_missed},
                     {"bytes_copied", statistics.bytes_copied}};
  if (context.json) return print(json);
  const stream::FeedInfo& feed = subscriber.feed();
  std::printf("%s of %s (process %lld)\n", feed.name.c_str(), feed.application.c_str(),
              static_cast<long long>(feed.process_id));
  std::printf("  picture    %s, %s fps declared, %.1f measured, frame %llu\n", to_string(feed.descriptor).c_str(),
              rate_text(feed.frame_rate).c_str(), rate, static_cast<unsigned long long>(last));
  const std::string api(to_string(feed.api));
  std::printf("  publisher  %s on %s, ring of %u\n", api.c_str(), feed.device.c_str(), feed.ring_size);
  const std::string modifier =
      layout["modifier"].is_null() ? "" : ", modifier " + layout["modifier"].get<std::string>();
  std::printf("  memory     %s, tiling %s%s, %s bytes\n", layout["handle_kind"].get<std::string>().c_str(),
              layout["tiling"].get<std::string>().c_str(), modifier.c_str(), layout["allocation_size"].dump().c_str());
  std::printf("  copied     %llu bytes at this end\n\n%s\n", static_cast<unsigned long long>(statistics.bytes_copied),
              to_string(subscriber.agreement()).c_str());
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("inspect", "Show everything about one feed");
  add_feed_options(*command, options->feed);
  command->add_option("--seconds", options->seconds, "How long to measure its rate")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  command->callback([options, &context] {
    catch_interrupts();
    inspect(context, *options);
  });
}

}  // namespace geyser::tool
