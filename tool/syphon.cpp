// Syphon's servers and feeds: shown, received as a feed, and a feed sent.
#include <chrono>
#include <memory>
#include <thread>

#include <geyser/metal.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>
#include <geyser/syphon.hpp>

#include "commands.hpp"
#include "feed_text.hpp"

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

Result<std::shared_ptr<TextureShareManager>> open_device() {
  auto manager = metal::create_manager();
  if (!manager) return fail(std::move(manager.error()));
  return std::shared_ptr<TextureShareManager>(*std::move(manager));
}

Result<void> list(Context& context) {
  auto servers = syphon::list_servers();
  if (!servers) return fail(std::move(servers.error()));
  if (context.json) {
    Json json = Json::array();
    for (const syphon::ServerInfo& info : *servers) {
      json.push_back({{"name", info.name}, {"application", info.application}, {"uuid", info.uuid}});
    }
    print(json);
    return {};
  }
  if (servers->empty()) std::puts("No Syphon servers.");
  for (const syphon::ServerInfo& info : *servers) std::printf("%s/%s\n", info.application.c_str(), info.name.c_str());
  return {};
}

Result<void> receive(const Options& options) {
  auto manager = open_device();
  if (!manager) return fail(std::move(manager.error()));
  auto receiver = syphon::Receiver::open(**manager, options.from);
  if (!receiver) return fail(std::move(receiver.error()));
  const syphon::ServerInfo server = (*receiver)->server();
  stream::PublisherOptions feed;
  feed.name = !options.as.empty() ? options.as : !server.name.empty() ? server.name : server.application;
  auto publisher = stream::Publisher::create(*manager, (*receiver)->descriptor(), std::move(feed));
  if (!publisher) return fail(std::move(publisher.error()));
  for (std::uint64_t count = 0; !interrupted() && (options.frames == 0 || count < options.frames);) {
    auto frame = publisher->begin_frame();
    if (!frame && frame.error().code() != ErrorCode::timeout) return fail(std::move(frame.error()));
    auto news = frame ? (*receiver)->copy_frame(frame->texture()) : Result<bool>(false);
    if (news && *news) {
      if (auto done = publisher->publish(*std::move(frame)); !done) return fail(std::move(done.error()));
      ++count;
      continue;
    }
    if (!news && news.error().code() == ErrorCode::stale_state) {
      receiver->reset();
      receiver = syphon::Receiver::open(**manager, server.uuid);
      if (!receiver) return fail(std::move(receiver.error()));
      if (auto done = publisher->reconfigure((*receiver)->descriptor()); !done) return done;
    } else if (!news) {
      return fail(std::move(news.error()));
    }
    publisher->service();
    std::this_thread::sleep_for(rest);
  }
  return {};
}

Result<void> send(const Options& options) {
  auto manager = open_device();
  if (!manager) return fail(std::move(manager.error()));
  stream::SubscriberOptions feed;
  feed.feed = options.from;
  feed.on_loss = stream::OnLoss::none;
  auto subscriber = stream::Subscriber::create(*manager, std::move(feed));
  if (!subscriber) return fail(std::move(subscriber.error()));
  std::unique_ptr<syphon::Sender> sender;
  TextureDescriptor sent;
  for (std::uint64_t count = 0; !interrupted() && (options.frames == 0 || count < options.frames);) {
    auto frame = subscriber->acquire(100ms);
    if (!frame && frame.error().code() == ErrorCode::timeout) continue;
    if (!frame) return fail(std::move(frame.error()));
    const TextureDescriptor& descriptor = frame->texture().descriptor();
    if (sender == nullptr || descriptor != sent) {
      sender.reset();
      auto made = syphon::Sender::create(**manager, options.as.empty() ? options.from : options.as, descriptor);
      if (!made) return fail(std::move(made.error()));
      sender = *std::move(made);
      sent = descriptor;
    }
    if (auto done = sender->send(frame->texture()); !done) return done;
    ++count;
    if (auto released = subscriber->release(*std::move(frame)); !released) return fail(std::move(released.error()));
  }
  return {};
}

}  // namespace

void add_syphon(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("syphon", "Syphon's servers: list, receive as a feed, send a feed");
  command->require_subcommand(1);
  CLI::App* shows = command->add_subcommand("list", "Show the servers of this session");
  CLI::App* takes = command->add_subcommand("receive", "Publish a server's frames as a feed");
  CLI::App* gives = command->add_subcommand("send", "Be a server of a feed's frames");
  takes->add_option("server", options->from, "Server, application or both with a slash (default: the first one)")
      ->type_name("SERVER");
  takes->add_option("--as", options->as, "Name of the feed (default: the server's)")->type_name("NAME");
  gives->add_option("feed", options->from, "Name of the feed")->required()->type_name("NAME");
  gives->add_option("--as", options->as, "Name of the server (default: the feed's)")->type_name("SERVER");
  for (CLI::App* one : {takes, gives}) {
    one->add_option("--frames", options->frames, "Stop after so many (0: go on)")->capture_default_str();
  }
  const auto run = [&context](Result<void> done) {
    if (!done) context.fail(done.error());
  };
  shows->callback([&context, run] { run(list(context)); });
  takes->callback([options, run] {
    catch_interrupts();
    run(receive(*options));
  });
  gives->callback([options, run] {
    catch_interrupts();
    run(send(*options));
  });
}

}  // namespace geyser::tool
