// What a Subscriber is made of; subscriber.cpp has the frames, connection.cpp how it finds and keeps its publisher.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <geyser/channel.hpp>
#include <geyser/stream/subscriber.hpp>

#include "platform/directory_watch.hpp"
#include "platform/poller.hpp"
#include "platform/timer.hpp"
#include "stream/imported_ring.hpp"

namespace geyser::stream {

struct Subscriber::Impl {
  using Clock = std::chrono::steady_clock;

  Impl(std::shared_ptr<TextureShareManager> its_manager, SubscriberOptions its_options, platform::Poller&& its_poller,
       platform::DirectoryWatch&& its_watch, platform::Timer&& its_timer)
      : manager(std::move(its_manager)),
        options(std::move(its_options)),
        poller(std::move(its_poller)),
        watch(std::move(its_watch)),
        timer(std::move(its_timer)) {}

  static constexpr std::uint64_t watch_key = 0;
  static constexpr std::uint64_t channel_key = 1;
  static constexpr std::uint64_t timer_key = 2;

  // The connection. None of these waits.
  void step();
  void look();
  // Whether the directory has changed, so that the next step looks at once. Leaves the watch unreadable.
  bool hears_of_change();
  void connect(const FeedInfo& found);
  void drain();
  void handle(wire::Message&& message);
  void take_ring(wire::Pool&& pool);
  void lose(GeyserError&& why);
  // Leaves it alone for a while.
  void avoid_publisher();
  // Makes event() readable when time alone will give acquire() something to do.
  void arm_timer();
  void hang_up();
  void hold_last_frame();
  void report(GeyserError&& error);
  // How long a live ring may be quiet until its socket is asked.
  [[nodiscard]] std::chrono::nanoseconds socket_interval() const;
  // Sleeps until there may be something to do, at most `longest`.
  void sleep(std::chrono::nanoseconds longest);

  // The frames. The ring they come from; null when there is none.
  [[nodiscard]] const std::shared_ptr<ImportedRing>& source() const noexcept {
    return state == FeedState::live ? ring : ending;
  }
  [[nodiscard]] std::optional<Result<Frame>> next(AccessTiming timing);
  [[nodiscard]] Result<Frame> repeat(AccessTiming timing);
  [[nodiscard]] Result<Frame> black(AccessTiming timing);
  Result<bool> release(Frame& frame);

  std::shared_ptr<TextureShareManager> manager;
  SubscriberOptions options;
  platform::Poller poller;  // of the watch while there is no channel, else of the channel
  platform::DirectoryWatch watch;
  platform::Timer timer;
  Clock::time_point timer_at{};  // what it is set to; the epoch: not
  std::weak_ptr<Impl> self;

  FeedState state = FeedState::searching;
  std::optional<GeyserError> last_error;
  FeedInfo feed;
  Agreement agreement;
  std::optional<Channel> channel;
  std::shared_ptr<ImportedRing> ring;
  std::shared_ptr<ImportedRing> ending;  // the dead publisher's, while it may have unread frames
  std::uint32_t shortages = 0;           // how often a ring could not be opened for want of descriptors or memory
  std::vector<std::byte> buffer;
  Clock::time_point look_again{};
  bool must_look = false;          // at that time, though nothing may change in the directory until then
  std::uint64_t publisher_id = 0;  // of the connection, the present or the last
  std::uint64_t avoided = 0;       // with whom it went wrong, and until when that is not tried again
  Clock::time_point avoided_until{};
  Clock::time_point answer_until{};  // connecting
  Clock::time_point looked_at_socket{};
  Clock::time_point had_news{};  // when a frame last came
  std::uint64_t newest_seen = 0;
  bool polled = false;  // event() is used
  bool was_live = false;
  bool delivers = true;  // what the ring announced last was a frame

  std::uint64_t last = 0;  // number of the last frame taken
  std::uint32_t held = 0;
  struct Kept {
    std::shared_ptr<ImportedRing> ring;
    LeasedFrame frame;
    FrameInfo info;
  };
  std::optional<Kept> kept;  // what is shown while the source is gone
  std::unique_ptr<SharedTexture> black_texture;
  std::shared_ptr<ImportedRing> black_owner;  // an empty ring: what a black frame owns
  SubscriberStatistics statistics;
};

}  // namespace geyser::stream
