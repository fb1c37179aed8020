// What the commands that read a feed have in common.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <geyser/stream/subscriber.hpp>

#include "backend.hpp"
#include "context.hpp"

namespace geyser::tool {

struct FeedChoice {
  std::string feed;
  std::string application;
  BackendChoice backend;
  std::vector<std::string> forbidden;  // handle kinds that may not be used
  double timeout_s = 5;
};

// Adds FEED, --application, --backend, --device, --forbid, --timeout.
void add_feed_options(CLI::App& command, FeedChoice& choice);
void add_backend_options(CLI::App& command, BackendChoice& choice);
void add_forbid_option(CLI::App& command, std::vector<std::string>& forbidden);
[[nodiscard]] NegotiationPolicy policy_without(const std::vector<std::string>& forbidden);

struct OpenFeed {
  std::shared_ptr<TextureShareManager> manager;
  std::unique_ptr<stream::Subscriber> subscriber;
};
// A subscriber of the feed. Null after it has said what is wrong. A feed that does not exist is waited for as long as
// the time limit allows; when it runs out, the names there are and the nearest one are told.
[[nodiscard]] OpenFeed open_feed(Context& context, const FeedChoice& choice, stream::FrameMode mode);
// The first frame, within the time limit. Not open after it has said what is wrong.
[[nodiscard]] stream::Frame first_frame(Context& context, const FeedChoice& choice, stream::Subscriber& subscriber);
// Says that no frame has come, and why.
void say_no_frame(Context& context, const FeedChoice& choice, const stream::Subscriber& subscriber);

}  // namespace geyser::tool
