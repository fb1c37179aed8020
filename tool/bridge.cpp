#include "bridge.hpp"

#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

namespace geyser::tool {

namespace {

using namespace std::chrono_literals;

struct Options {
  std::string from;
  std::string as;
  std::uint64_t frames = 0;
};

// Where nothing is new.
constexpr auto rest = 2ms;

Result<void> list(const Bridge& bridge, const Context& context) {
  auto all = bridge.list();
  if (!all) return fail(std::move(all.error()));
  if (context.json) {
    print(all->json);
    return {};
  }
  if (all->lines.empty()) std::puts(bridge.none);
  for (const std::string& line : all->lines) std::puts(line.c_str());
  return {};
}

Result<void> receive(const Bridge& bridge, const Options& options) {
  auto manager = bridge.open_device();
  if (!manager) return fail(std::move(manager.error()));
  auto source = bridge.open(**manager, options.from);
  if (!source) return fail(std::move(source.error()));
  stream::PublisherOptions feed;
  feed.name = options.as.empty() ? source->name : options.as;
  auto publisher = stream::Publisher::create(*manager, source->descriptor, std::move(feed));
  if (!publisher) return fail(std::move(publisher.error()));
  for (std::uint64_t count = 0; !interrupted() && (options.frames == 0 || count < options.frames);) {
    auto frame = publisher->begin_frame();
    if (!frame && frame.error().code() != ErrorCode::timeout) return fail(std::move(frame.error()));
    auto news = frame ? source->copy_frame(frame->texture()) : Result<bool>(false);
    if (news && *news) {
      if (auto done = publisher->publish(*std::move(frame)); !done) return fail(std::move(done.error()));
      ++count;
      continue;
    }
    if (!news && news.error().code() == ErrorCode::stale_state) {
      const std::string again = source->again;
      source->copy_frame = nullptr;
      source = bridge.open(**manager, again);
      if (!source) return fail(std::move(source.error()));
      if (auto done = publisher->reconfigure(source->descriptor); !done) return done;
    } else if (!news && news.error().code() != ErrorCode::timeout) {
      return fail(std::move(news.error()));
    }
    publisher->service();
    std::this_thread::sleep_for(rest);
  }
  return {};
}

Result<void> send(const Bridge& bridge, const Options& options) {
  auto manager = bridge.open_device();
  if (!manager) return fail(std::move(manager.error()));
  stream::SubscriberOptions feed;
  feed.feed = options.from;
  feed.on_loss = stream::OnLoss::none;
  auto subscriber = stream::Subscriber::create(*manager, std::move(feed));
  if (!subscriber) return fail(std::move(subscriber.error()));
  std::optional<BridgeTarget> target;
  TextureDescriptor sent;
  for (std::uint64_t count = 0; !interrupted() && (options.frames == 0 || count < options.frames);) {
    auto frame = subscriber->acquire(100ms);
    if (!frame && frame.error().code() == ErrorCode::timeout) continue;
    if (!frame) return fail(std::move(frame.error()));
    const TextureDescriptor& descriptor = frame->texture().descriptor();
    if (!target || descriptor != sent) {
      target.reset();  // the name is free
      auto made = bridge.create(**manager, options.as.empty() ? options.from : options.as, descriptor);
      if (!made) return fail(std::move(made.error()));
      target = *std::move(made);
      sent = descriptor;
    }
    // Who holds the texture too long misses this frame.
    auto done = target->send(frame->texture());
    if (!done && done.error().code() != ErrorCode::timeout) return done;
    if (done) ++count;
    if (auto released = subscriber->release(*std::move(frame)); !released) return fail(std::move(released.error()));
  }
  return {};
}

}  // namespace

void add_bridge(CLI::App& app, Context& context, Bridge given) {
  auto options = std::make_shared<Options>();
  auto bridge = std::make_shared<const Bridge>(std::move(given));
  CLI::App* command = app.add_subcommand(bridge->command, bridge->about);
  command->require_subcommand(1);
  CLI::App* shows = command->add_subcommand("list", bridge->list_about);
  CLI::App* takes = command->add_subcommand("receive", bridge->receive_about);
  CLI::App* gives = command->add_subcommand("send", bridge->send_about);
  takes->add_option(bridge->name, options->from, bridge->name_about)->type_name(bridge->type);
  takes->add_option("--as", options->as, bridge->from_about)->type_name("NAME");
  gives->add_option("feed", options->from, "Name of the feed")->required()->type_name("NAME");
  gives->add_option("--as", options->as, bridge->to_about)->type_name(bridge->type);
  for (CLI::App* one : {takes, gives}) {
    one->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  }
  const auto run = [&context](Result<void> done) {
    if (!done) context.fail(done.error());
  };
  shows->callback([&context, bridge, run] { run(list(*bridge, context)); });
  takes->callback([bridge, options, run] {
    catch_interrupts();
    run(receive(*bridge, *options));
  });
  gives->callback([bridge, options, run] {
    catch_interrupts();
    run(send(*bridge, *options));
  });
}

}  // namespace geyser::tool
