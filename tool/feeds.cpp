#include "feeds.hpp"

#include <utility>

#include <geyser/stream/directory.hpp>

#include "suggest.hpp"

namespace geyser::tool {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::chrono::nanoseconds limit_of(const FeedChoice& choice) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(choice.timeout_s));
}

}  // namespace

void add_backend_options(CLI::App& command, BackendChoice& choice) {
  command.add_option("-b,--backend", choice.name, "The API: auto, vulkan, opengl, opengl_es, cuda, host")
      ->capture_default_str();
  command.add_option("-d,--device", choice.device, "Index of the device, or a part of its name");
  command.add_flag("--validation", choice.validation, "Run with the API's validation");
}

void add_forbid_option(CLI::App& command, std::vector<std::string>& forbidden) {
  command
      .add_option("--forbid", forbidden,
                  "Ways of sharing that may not be used: opaque, dma_buf, gpu_copy, host_linear, host_copy")
      ->check(CLI::IsMember({"opaque", "dma_buf", "gpu_copy", "host_linear", "host_copy"}));
}

void add_feed_options(CLI::App& command, FeedChoice& choice) {
  command.add_option("feed", choice.feed, "Name of the feed (see: geyser list)")->required()->type_name("FEED");
  command.add_option("--application", choice.application, "Only a feed of this application");
  command.add_option("--timeout", choice.timeout_s, "Seconds to wait for a frame")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
  add_backend_options(command, choice.backend);
  add_forbid_option(command, choice.forbidden);
}

NegotiationPolicy policy_without(const std::vector<std::string>& forbidden) {
  NegotiationPolicy policy;
  for (const std::string& name : forbidden) {
    if (name == "opaque") policy.allow_opaque = false;
    if (name == "dma_buf") policy.allow_dma_buf = false;
    if (name == "gpu_copy") policy.allow_gpu_copy = false;
    if (name == "host_linear") policy.allow_host_linear = false;
    if (name == "host_copy") policy.allow_host_copy = false;
  }
  return policy;
}

OpenFeed open_feed(Context& context, const FeedChoice& choice, stream::FrameMode mode) {
  OpenFeed open;
  auto manager = open_backend(choice.backend);
  if (!manager) {
    context.fail(manager.error());
    return open;
  }
  stream::SubscriberOptions options;
  options.feed = choice.feed;
  options.application = choice.application;
  options.mode = mode;
  options.on_loss = stream::OnLoss::none;
  options.policy = policy_without(choice.forbidden);
  auto subscriber = stream::Subscriber::create(*manager, std::move(options));
  if (!subscriber) {
    context.fail(subscriber.error());
    return open;
  }
  open.manager = *std::move(manager);
  open.subscriber = std::make_unique<stream::Subscriber>(*std::move(subscriber));
  return open;
}

void say_no_frame(Context& context, const FeedChoice& choice, const stream::Subscriber& subscriber) {
  const std::string name = "[" + choice.feed + "]";
  if (subscriber.state() == stream::FeedState::refused && subscriber.last_error()) {
    return context.fail(*subscriber.last_error());
  }
  if (subscriber.state() == stream::FeedState::live) {
    return context.fail(ExitCode::lost,
                        "Feed " + name + " is there, but has shown no frame; its program may have stopped.");
  }
  if (subscriber.state() == stream::FeedState::connecting) {
    return context.fail(ExitCode::lost, "The program that has feed " + name + " does not answer; it may have stopped.");
  }
  if (subscriber.state() == stream::FeedState::lost) {
    return context.fail(ExitCode::lost, "Feed " + name + " has ended.");
  }
  if (subscriber.last_error()) return context.fail(*subscriber.last_error());
  std::vector<std::string> names;
  if (auto directory = stream::Directory::open()) {
    if (auto feeds = directory->list()) {
      for (const stream::FeedInfo& feed : *feeds) names.push_back(feed.name);
    }
  }
  std::string sentence = "There is no feed " + name;
  sentence += choice.application.empty() ? "." : " of application [" + choice.application + "].";
  const std::string near = nearest(choice.feed, names);
  if (names.empty()) {
    sentence += " There is none at all; start one with: geyser publish " + choice.feed;
  } else if (!near.empty() && near != choice.feed) {
    sentence += " Do you mean [" + near + "]?";
  } else {
    sentence += " There are: " + join(names) + ".";
  }
  context.fail(ExitCode::not_found, sentence);
}

stream::Frame first_frame(Context& context, const FeedChoice& choice, stream::Subscriber& subscriber) {
  const Clock::time_point end = Clock::now() + limit_of(choice);
  do {
    auto frame = subscriber.acquire(20ms);
    if (frame) return *std::move(frame);
    const ErrorCode code = frame.error().code();
    if (code != ErrorCode::timeout && code != ErrorCode::abandoned) {
      context.fail(frame.error());
      return {};
    }
    if (subscriber.state() == stream::FeedState::refused) break;
  } while (Clock::now() < end && !interrupted());
  say_no_frame(context, choice, subscriber);
  return {};
}

}  // namespace geyser::tool
