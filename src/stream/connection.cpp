// How a subscriber finds its publisher, follows it and outlives it.
#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "common/text.hpp"
#include "platform/program.hpp"
#include "stream/fault_point.hpp"
#include "stream/feed_note.hpp"
#include "stream/refusal.hpp"
#include "stream/subscriber_impl.hpp"

namespace geyser::stream {

using detail::text;

namespace {

constexpr std::chrono::nanoseconds no_wait{0};
constexpr std::chrono::milliseconds between_looks{100};
constexpr std::chrono::seconds after_refusal{1};
constexpr std::chrono::seconds longest_answer{5};
// A live ring is quiet when its publisher is: so often its socket is asked whether there still is one. While frames
// have been coming, often enough that a dead publisher's successor is seen within a picture's time.
constexpr std::chrono::milliseconds between_socket_looks{8};
constexpr std::chrono::milliseconds between_looks_when_quiet{50};
constexpr std::chrono::seconds quiet_after{1};
// Messages read in one go: who sends without end must not hold up acquire().
constexpr int most_at_once = 64;
// A ring that cannot be opened for want of descriptors or memory is asked for again so often; some drivers say that of
// what will never work.
constexpr std::uint32_t most_shortages = 2;

bool is_shortage(const GeyserError& error) {
  const std::string& name = error.native().name;
  return error.code() == ErrorCode::out_of_memory || name == "EMFILE" || name == "ENFILE";
}

}  // namespace

void Subscriber::Impl::report(GeyserError&& error) {
  if (options.diagnostics) options.diagnostics(error);
  last_error = std::move(error);
}

void Subscriber::Impl::step() {
  const Clock::time_point now = Clock::now();
  if (!channel) {
    if (now >= look_again) look();
    return;
  }
  if (state == FeedState::live) {
    // Whose frames come is there; one that only announces them may be anything.
    const std::uint64_t newest = ring->reader.newest(ring->publisher_fence == nullptr);
    if (delivers && newest != newest_seen) looked_at_socket = had_news = now;
    newest_seen = newest;
    if (ring->reader.state() == RingState::live && now - looked_at_socket < socket_interval()) return;
    looked_at_socket = now;
    return drain();
  }
  drain();
  if (channel && state != FeedState::live && now >= answer_until) {
    lose(GeyserError(ErrorCode::timeout, text("The publisher of feed [", options.feed, "] does not answer.")));
  }
}

std::chrono::nanoseconds Subscriber::Impl::socket_interval() const {
  return looked_at_socket - had_news < quiet_after ? between_socket_looks : between_looks_when_quiet;
}

void Subscriber::Impl::look() {
  look_again = Clock::now() + between_looks;
  must_look = false;
  ++statistics.system_calls;
  static_cast<void>(watch.drain());
  const auto found = find_feed(options.runtime_directory, options.feed);
  if (!found) return;
  if (!options.application.empty() && found->application != options.application) return;
  // Another publisher under the name is another matter.
  if (found->id == avoided && Clock::now() < avoided_until) {
    must_look = true;
    return;
  }
  connect(*found);
}

bool Subscriber::Impl::hears_of_change() {
  ++statistics.system_calls;
  const auto changed = watch.drain();
  if (!changed || !*changed) return false;
  look_again = {};
  return true;
}

void Subscriber::Impl::connect(const FeedInfo& found) {
  fault_point("subscriber.feed_found");
  auto connected = Channel::connect(socket_path(options.runtime_directory, found.name), no_wait);
  if (!connected) {  // between the note and the socket: the next look finds it
    must_look = true;
    return;
  }
  fault_point("subscriber.connected");
  wire::Subscribe request;
  request.hello.program = options.name;
  request.hello.capabilities = manager->capabilities();
  request.policy = options.policy;
  request.every_frame = options.mode == FrameMode::every;
  request.max_leases = options.max_leases;
  if (auto sent = connected->send(wire::Message(std::move(request)), no_wait); !sent) {
    return report(std::move(sent.error()).during(text("joining feed [", found.name, "]")));
  }
  if (auto added = poller.add(connected->native(), channel_key); !added) return report(std::move(added.error()));
  // Who has a publisher is not woken for other feeds.
  poller.remove(watch.native());
  channel = *std::move(connected);
  fault_point("subscriber.subscribe_sent");
  publisher_id = found.id;
  answer_until = Clock::now() + longest_answer;
  state = FeedState::connecting;
}

void Subscriber::Impl::avoid_publisher() {
  avoided = publisher_id;
  avoided_until = Clock::now() + after_refusal;
  look_again = Clock::now() + between_looks;
  must_look = true;
}

void Subscriber::Impl::arm_timer() {
  Clock::time_point at{};
  if (channel && state == FeedState::connecting) at = answer_until;
  if (!channel && must_look) at = std::max(look_again, avoided_until);
  if (at == timer_at) return;
  timer_at = at;
  ++statistics.system_calls;
  if (at == Clock::time_point{}) return timer.clear();
  timer.set(at);
}

void Subscriber::Impl::drain() {
  buffer.resize(wire::max_message_bytes);
  for (int i = 0; channel && i < most_at_once; ++i) {
    std::vector<OwnedHandle> handles;
    auto size = channel->receive(buffer, handles, no_wait);
    ++statistics.system_calls;
    if (!size) {
      if (size.error().code() == ErrorCode::timeout) return;
      return lose(std::move(size.error()).during(text("following feed [", options.feed, "]")));
    }
    if (*size == 1) continue;  // only a bell
    auto message = wire::decode(std::span(buffer).first(*size), std::move(handles));
    if (!message) return lose(std::move(message.error()).during(text("following feed [", options.feed, "]")));
    handle(*std::move(message));
  }
}

void Subscriber::Impl::handle(wire::Message&& message) {
  if (auto* pool = std::get_if<wire::Pool>(&message)) return take_ring(std::move(*pool));
  if (const auto* refusal = std::get_if<wire::Refusal>(&message)) {
    report(GeyserError(refusal->code, refusal->message).during(text("joining feed [", options.feed, "]")));
    hang_up();
    state = FeedState::refused;
    avoid_publisher();
    return;
  }
  lose(GeyserError(ErrorCode::protocol, "The publisher sends a message that no publisher sends."));
}

void Subscriber::Impl::take_ring(wire::Pool&& pool) {
  if (ring != nullptr && pool.feed.id == feed.id && pool.generation <= ring->generation) {
    return lose(GeyserError(ErrorCode::protocol,
                            text("The publisher sends ring [", pool.generation, "] after [", ring->generation, "].")));
  }
  fault_point("subscriber.pool_received");
  FeedInfo facts = pool.feed;
  auto opened = ImportedRing::open(*manager, std::move(pool));
  fault_point("subscriber.ring_opened");
  if (!opened) {
    // What may pass is tried again: the next way down would be kept for as long as the connection lives.
    if (is_shortage(opened.error()) && shortages < most_shortages) {
      ++shortages;
      return lose(std::move(opened.error()).during(text("opening the ring of feed [", options.feed, "]")));
    }
    // The publisher tries the next way down.
    const wire::Refusal refusal = refusal_of(opened.error());
    report(std::move(opened.error()).during(text("opening the ring of feed [", options.feed, "]")));
    answer_until = Clock::now() + longest_answer;
    state = FeedState::connecting;
    if (auto sent = channel->send(wire::Message(refusal), no_wait); !sent) lose(std::move(sent.error()));
    return;
  }
  if (auto sent = channel->send(wire::Message(wire::Accept{}), no_wait); !sent) {
    return lose(std::move(sent.error()));
  }
  fault_point("subscriber.accept_sent");
  ring = *std::move(opened);
  ring->subscriber = self;
  if (facts.id != feed.id) {
    const std::uint64_t newest = ring->reader.newest(false);
    last = options.mode == FrameMode::every && newest != 0 ? newest - 1 : 0;
  }
  if (state != FeedState::live) ++statistics.connections;
  feed = std::move(facts);
  agreement = ring->agreement;
  kept.reset();
  ending.reset();
  shortages = 0;
  state = FeedState::live;
  was_live = true;
  looked_at_socket = had_news = Clock::now();
}

void Subscriber::Impl::hang_up() {
  if (!channel) return;
  poller.remove(channel->native());
  channel.reset();
  if (auto added = poller.add(watch.native(), watch_key); !added) report(std::move(added.error()));
}

void Subscriber::Impl::lose(GeyserError&& why) {
  const bool ended = why.code() == ErrorCode::abandoned;
  const bool ended_live = ended && state == FeedState::live;
  hang_up();
  if (ring != nullptr && ended_live) hold_last_frame();
  if (ring != nullptr) ring->release_own_waits();
  // What lies in the ring is whole and stays: nobody writes there any more.
  if (ended_live) ending = ring;
  ring.reset();
  report(std::move(why));
  state = was_live ? FeedState::lost : FeedState::searching;
  look_again = Clock::now();
  must_look = true;
  if (!ended) {
    avoid_publisher();
  } else if (!ended_live) {
    look_again += between_looks;  // who hangs up without a word would do so again at once
  }
}

// The publisher writes no more: its newest whole frame stays as it is. That is not always the newest: its GPU may have
// had some still to do.
void Subscriber::Impl::hold_last_frame() {
  Kept candidate;
  std::uint64_t end = ring->reader.newest(ring->publisher_fence == nullptr) + 1;
  for (std::uint32_t tries = 0; tries < max_ring_size; ++tries) {
    const auto frame = ring->reader.take_before(end, candidate.info);
    if (!frame) return;
    if (ring->is_complete(*frame)) {
      candidate.ring = ring;
      candidate.frame = *frame;
      kept = std::move(candidate);
      return;
    }
    ring->reader.release(frame->slot, frame->number, 0);
    end = frame->number;
  }
}

void Subscriber::Impl::sleep(std::chrono::nanoseconds longest) {
  ++statistics.system_calls;
  if (state == FeedState::live) {
    const auto slice = std::min<std::chrono::nanoseconds>(longest, socket_interval());
    static_cast<void>(ring->reader.sleep(last, ring->publisher_fence == nullptr, slice));
    return;
  }
  const auto slice = std::min<std::chrono::nanoseconds>(longest, between_looks);
  std::array<std::uint64_t, 4> ready{};
  const auto count = poller.wait(ready, slice);
  if (count && *count != 0 && !channel) hears_of_change();
}

}  // namespace geyser::stream
