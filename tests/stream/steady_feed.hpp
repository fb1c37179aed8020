// A feed whose two ends hand over frames on one thread: what goes on for ever must cost nothing.
#pragma once

#include "stream/scene.hpp"

namespace geyser::test {

// Both ends on one thread, on host memory: what is counted is the stream's.
struct SteadyFeed {
  explicit SteadyFeed(stream::FrameMode mode) {
    stream::PublisherOptions publish;
    publish.name = "steady";
    publish.runtime_directory = directory.path();
    publisher.emplace(*stream::Publisher::create(share(end), small_picture(), std::move(publish)));
    stream::SubscriberOptions subscribe;
    subscribe.feed = "steady";
    subscribe.mode = mode;
    subscribe.runtime_directory = directory.path();
    subscriber.emplace(*stream::Subscriber::create(share(end), std::move(subscribe)));
    static_cast<void>(publish_pattern(*end, *publisher, 1));
    static_cast<void>(acquire_beside(*publisher, *subscriber));
    while (!publisher->has_subscribers()) publisher->service();  // its Accept comes by the publisher's thread
    for (int i = 0; i < 50; ++i) hand_over();
  }
  // Whether a frame went through.
  bool hand_over() {
    auto drawn = publisher->begin_frame(0ns);
    if (!drawn) return false;
    if (!publisher->publish(*std::move(drawn), info)) return false;
    auto seen = subscriber->acquire(0ns);
    if (!seen) return false;
    return subscriber->release(*std::move(seen)).value_or(false);
  }

  RuntimeDirectory directory;
  std::shared_ptr<End> end = open_end("host");
  std::optional<stream::Publisher> publisher;
  std::optional<stream::Subscriber> subscriber;
  stream::FrameInfo info;
};

}  // namespace geyser::test
