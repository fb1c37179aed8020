#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "stream/fault_point.hpp"
#include "stream/fault_table/census.hpp"
#include "stream/fault_table/roles.hpp"
#include "stream/fault_table/texts.hpp"
#include "stream/fault_table/victim_system.hpp"
#include "stream/fault_table/watcher.hpp"
#include "stream/scene.hpp"

namespace geyser::test {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int enough_frames = 5;  // after the fault: it works again

// Asks for frames as a program with a loop of its own does, so that the publisher writes to the socket.
bool polls(const Fault& fault) {
  return fault.point == "subscriber.socket_armed" ||
         (fault.action == FaultAction::deafen && fault.point != "subscriber.sleeping");
}

Result<stream::Frame> next_frame(stream::Subscriber& subscriber, bool by_event) {
  if (!by_event) return subscriber.acquire(20ms);
  auto frame = subscriber.acquire(0ns);
  if (frame || frame.error().code() != ErrorCode::timeout) return frame;
  wait_readable(subscriber.event(), 20ms);
  return subscriber.acquire(0ns);
}

// Until the publisher has been asked to write to the socket, which it goes on doing.
void fall_asleep(stream::Subscriber& subscriber) {
  for (;;) {
    const auto frame = subscriber.acquire(0ns);
    if (!frame && subscriber.state() == stream::FeedState::live) return;
    if (!frame) wait_readable(subscriber.event(), 20ms);
  }
}

// What its parent asks for. False: to end.
bool obey(Channel& parent, End& end) {
  const auto word = text_at_once(parent);
  if (!word) return true;
  if (*word != "census") return false;
  static_cast<void>(end.settle());
  const Census census = take_census();
  return send_text(parent, "census " + std::to_string(census.descriptors) + ' ' + std::to_string(census.mappings))
      .has_value();
}

// Returns a frame. Gives what was wrong with it, "lost" when that was said, too.
std::string check(End& end, stream::Subscriber& subscriber, stream::Frame&& frame) {
  const TextureDescriptor& descriptor = frame.texture().descriptor();
  const auto expected = make_pattern(descriptor, seed_of(subscriber.feed().id, frame.info().number));
  const auto bytes = end.read(frame.texture());
  const bool right = !bytes || difference(descriptor, expected, *bytes).empty();  // what cannot be read is not seen
  const auto intact = subscriber.release(std::move(frame));
  if (intact && !*intact) return "lost";
  return right ? "" : "wrong";
}

// Holds all it can get, for ever.
int keep_frames(Channel& parent, stream::Subscriber& subscriber) {
  std::vector<stream::Frame> kept;
  for (;;) {
    auto frame = subscriber.acquire(20ms);
    if (frame) {
      kept.push_back(*std::move(frame));
    } else if (frame.error().code() == ErrorCode::busy) {
      stream::fault_point("subscriber.holding");  // strikes at once, and waits
    }
    const auto word = text_at_once(parent);
    if (word) return 0;
  }
}

}  // namespace

int run_subscriber_victim(Channel& parent, const Role& role) {
  prepare_resume();
  auto end = open_end(role.backend);
  if (end == nullptr) return 2;
  stream::SubscriberOptions options;
  options.feed = table_feed;
  options.runtime_directory = role.directory;
  options.on_loss = stream::OnLoss::none;
  options.mode = role.fault.nth % 2 == 0 ? stream::FrameMode::latest : stream::FrameMode::every;
  const bool by_event = polls(role.fault);
  const bool while_asleep = by_event && role.fault.nth > 2;
  if (!while_asleep) arm(role.fault, parent);
  auto subscriber = stream::Subscriber::create(share(end), std::move(options));
  if (!subscriber) return 4;
  if (role.fault.action == FaultAction::keep) return keep_frames(parent, *subscriber);
  if (by_event) static_cast<void>(subscriber->event());
  if (while_asleep) {
    fall_asleep(*subscriber);
    arm(role.fault, parent);
  }
  int after = 0;
  bool told = false;
  for (;;) {
    const bool over = fault_is_over();
    if (over && after == 0 && !told) ++after;
    auto frame = next_frame(*subscriber, by_event);
    if (frame) {
      stream::fault_point("subscriber.holding");
      const std::string wrong = check(*end, *subscriber, *std::move(frame));
      if (!wrong.empty()) static_cast<void>(send_text(parent, wrong));
      if (over) ++after;
    }
    if (!told && after > enough_frames) {
      if (!send_text(parent, "recovered")) return 5;
      told = true;
    }
    if (!obey(parent, *end)) return 0;
  }
}

namespace {

// Whether a frame was published. What cannot be drawn or announced for want of descriptors is left out.
bool publish_one(End& end, stream::Publisher& publisher, std::uint64_t number) {
  auto frame = publisher.begin_frame();
  if (!frame) return false;
  const TextureDescriptor& descriptor = frame->texture().descriptor();
  if (!end.fill(frame->texture(), make_pattern(descriptor, seed_of(publisher.feed().id, number)))) return false;
  return publisher.publish(*std::move(frame)).has_value();
}

// NVIDIA's driver makes no more semaphores on a device that was without descriptors: there, and nowhere else, a feed
// that cannot be made a second after its fault takes a new device. Said where the rows are.
bool needs_new_device(const GeyserError& error, Clock::time_point over_since) {
  const char* rig = std::getenv("GEYSER_RIG");
  if (rig == nullptr || std::string_view(rig) != "gpu" || error.code() != ErrorCode::not_available) return false;
  if (Clock::now() < over_since + 1s) return false;
  std::fprintf(stderr, "victim, now with a new manager: %s\n", error.to_string().c_str());
  return true;
}

}  // namespace

int run_publisher_victim(Channel& parent, const Role& role) {
  prepare_resume();
  auto end = open_end(role.backend);
  if (end == nullptr) return 2;
  arm(role.fault, parent);
  std::optional<stream::Publisher> publisher;
  Clock::time_point tick = Clock::now();
  int after = 0;
  bool told = false;
  Clock::time_point over_since{};
  for (;;) {
    const bool over = fault_is_over();
    if (over && over_since == Clock::time_point{}) over_since = Clock::now();
    if (!publisher) {
      stream::PublisherOptions options;
      options.name = table_feed;
      options.runtime_directory = role.directory;
      options.ring_size = role.ring_size;
      auto made = stream::Publisher::create(share(end), small_picture(), std::move(options));
      // Without descriptors there is no feed; later there is.
      if (made) {
        publisher.emplace(*std::move(made));
      } else if (over && needs_new_device(made.error(), over_since)) {
        end = open_end(role.backend);
        if (end == nullptr) return 2;
        over_since = Clock::now();
      }
    } else if (publish_one(*end, *publisher, publisher->statistics().frames_published + 1) && over) {
      ++after;
    }
    if (!told && after > enough_frames) {
      if (!send_text(parent, "recovered")) return 5;
      told = true;
    }
    if (!obey(parent, *end)) return 0;
    tick = std::max(tick + 2ms, Clock::now());
    std::this_thread::sleep_until(tick);
  }
}

}  // namespace geyser::test
