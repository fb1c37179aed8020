// A feed of Geyser's, in host memory. Every frame's first and last texel are its number, and readers look.
#include <poll.h>

#include <cstring>

#include <geyser/host.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "clock.hpp"
#include "way.hpp"

namespace bench {

namespace {

using geyser::stream::Publisher;
using geyser::stream::Subscriber;
using namespace std::chrono_literals;

constexpr const char* feed_name = "bench";
constexpr auto patience = 100ms;
// How long a reader that never sleeps in Geyser does something else between two looks.
constexpr std::uint64_t pause_ns = 1'000'000;

enum class Rest : std::uint8_t { acquire, event, awake };

bool stamp(geyser::SharedTexture& texture, std::uint64_t number) {
  const auto bytes = geyser::host::bytes(texture);
  if (!bytes || bytes->size() < sizeof(std::uint32_t)) return false;
  const auto texel = static_cast<std::uint32_t>(number);
  std::memcpy(bytes->data(), &texel, sizeof(texel));
  std::memcpy(bytes->data() + bytes->size() - sizeof(texel), &texel, sizeof(texel));
  return true;
}

bool is_stamped(geyser::SharedTexture& texture, std::uint64_t number) {
  const auto bytes = geyser::host::bytes(texture);
  if (!bytes || bytes->size() < sizeof(std::uint32_t)) return false;
  const auto texel = static_cast<std::uint32_t>(number);
  return std::memcmp(bytes->data(), &texel, sizeof(texel)) == 0 &&
         std::memcmp(bytes->data() + bytes->size() - sizeof(texel), &texel, sizeof(texel)) == 0;
}

class FeedWriter final : public Writer {
 public:
  explicit FeedWriter(Publisher&& publisher) : publisher_(std::move(publisher)) {}
  bool prepare(std::uint64_t number) override {
    auto frame = publisher_.begin_frame();
    if (!frame) return false;
    frame_ = *std::move(frame);
    return stamp(frame_.texture(), number);
  }
  bool send(std::uint64_t number) override {
    const auto published = publisher_.publish(std::move(frame_));
    return published && *published == number;
  }

 private:
  Publisher publisher_;
  geyser::stream::WritableFrame frame_;
};

class FeedReader final : public Reader {
 public:
  FeedReader(Subscriber&& subscriber, Rest rest) : subscriber_(std::move(subscriber)), rest_(rest) {}
  Received receive() override {
    if (rest_ == Rest::event && !looked_) return look(0ns);  // also arms the event, when there is nothing
    if (rest_ == Rest::event) {
      looked_ = false;
      pollfd ready{static_cast<int>(subscriber_.event()), POLLIN, 0};
      static_cast<void>(::poll(&ready, 1, static_cast<int>(patience.count())));
      return look(0ns);
    }
    if (rest_ == Rest::acquire) return look(patience);
    sleep_until_ns(now_ns() + pause_ns);
    return look(0ns);
  }
  bool done() override {
    if (!frame_.is_open()) return true;
    const bool good = is_stamped(frame_.texture(), frame_.info().number);
    const auto intact = subscriber_.release(std::move(frame_));
    return good || !intact || !*intact;
  }

 private:
  Received look(std::chrono::nanoseconds timeout) {
    auto frame = subscriber_.acquire(timeout);
    const std::uint64_t at_ns = now_ns();
    looked_ = !frame;
    if (!frame || frame->is_repeated()) return {};
    frame_ = *std::move(frame);
    return {frame_.info().number, at_ns};
  }

  Subscriber subscriber_;
  geyser::stream::Frame frame_;
  Rest rest_;
  bool looked_ = false;
};

class Feed final : public Way {
 public:
  Feed(const Ground& ground, Rest rest) : ground_(ground), rest_(rest) {}

  std::unique_ptr<Writer> make_writer(std::string& why) override {
    auto manager = geyser::host::create_manager();
    if (!manager) return fail(manager.error(), why);
    geyser::TextureDescriptor descriptor;
    descriptor.extent = {ground_.width, ground_.height, 1};
    geyser::stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = ground_.directory;
    auto publisher = Publisher::create(*std::move(manager), descriptor, std::move(options));
    if (!publisher) return fail(publisher.error(), why);
    return std::make_unique<FeedWriter>(*std::move(publisher));
  }

  std::unique_ptr<Reader> make_reader(std::size_t, std::string& why) override {
    auto manager = geyser::host::create_manager();
    if (!manager) return fail(manager.error(), why);
    geyser::stream::SubscriberOptions options;
    options.feed = feed_name;
    options.runtime_directory = ground_.directory;
    auto subscriber = Subscriber::create(*std::move(manager), std::move(options));
    if (!subscriber) return fail(subscriber.error(), why);
    if (rest_ == Rest::event) static_cast<void>(subscriber->event());
    return std::make_unique<FeedReader>(*std::move(subscriber), rest_);
  }

 private:
  static std::nullptr_t fail(const geyser::GeyserError& error, std::string& why) {
    why = error.to_string();
    return nullptr;
  }
  Ground ground_;
  Rest rest_;
};

}  // namespace

std::unique_ptr<Way> make_feed(const Ground& ground) { return std::make_unique<Feed>(ground, Rest::acquire); }
std::unique_ptr<Way> make_polled_feed(const Ground& ground) { return std::make_unique<Feed>(ground, Rest::event); }
std::unique_ptr<Way> make_awake_feed(const Ground& ground) { return std::make_unique<Feed>(ground, Rest::awake); }

}  // namespace bench
