#include <geyser/stream/directory.hpp>

#include "commands.hpp"
#include "feed_text.hpp"
#include "system.hpp"

namespace geyser::tool {

namespace {

struct Options {
  bool watch = false;
};

std::string size_of(const TextureDescriptor& d) {
  return std::to_string(d.extent.width) + "x" + std::to_string(d.extent.height);
}

void print_line(const stream::FeedInfo& feed) {
  const std::string format(to_string(feed.descriptor.format));
  const std::string api(to_string(feed.api));
  std::printf("%-24s %-20s %-11s %-16s %6s  %-9s %lld\n", feed.name.c_str(), feed.application.c_str(),
              size_of(feed.descriptor).c_str(), format.c_str(), rate_text(feed.frame_rate).c_str(), api.c_str(),
              static_cast<long long>(feed.process_id));
}

void list(Context& context, const Options& options) {
  auto directory = stream::Directory::open();
  if (!directory) return context.fail(directory.error());
  auto feeds = directory->list();
  if (!feeds) return context.fail(feeds.error());
  if (context.json && !options.watch) {
    Json json = Json::array();
    for (const stream::FeedInfo& feed : *feeds) json.push_back(to_json(feed));
    return print(json);
  }
  if (!context.json) {
    if (feeds->empty() && !options.watch) {
      std::puts("No feeds. Start one with: geyser publish NAME");
      return;
    }
    std::printf("%-24s %-20s %-11s %-16s %6s  %-9s %s\n", "NAME", "APPLICATION", "SIZE", "FORMAT", "FPS", "API", "PID");
    for (const stream::FeedInfo& feed : *feeds) print_line(feed);
  } else {
    for (const stream::FeedInfo& feed : *feeds)
      std::puts(Json{{"change", "added"}, {"feed", to_json(feed)}}.dump().c_str());
  }
  std::fflush(stdout);
  if (!options.watch) return;
  catch_interrupts();
  while (!interrupted()) {
    if (!wait_readable(directory->event(), std::chrono::seconds(1))) continue;
    auto events = directory->changes();
    if (!events) return context.fail(events.error());
    for (const stream::FeedEvent& event : *events) {
      const std::string change(to_string(event.change));
      if (context.json) {
        std::puts(Json{{"change", change}, {"feed", to_json(event.feed)}}.dump().c_str());
      } else {
        std::printf("%-8s", change.c_str());
        print_line(event.feed);
      }
    }
    std::fflush(stdout);
  }
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("list", "Show the feeds of this user");
  command->add_flag("-w,--watch", options->watch, "Go on, and show what changes");
  command->callback([options, &context] { list(context, *options); });
}

}  // namespace geyser::tool
