#include "stream/fault_table/watcher.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "support/pattern.hpp"

namespace geyser::test {

std::uint64_t monotonic_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

Result<Watcher> Watcher::open(std::shared_ptr<End> end, stream::SubscriberOptions options) {
  auto trouble = std::make_shared<std::string>();
  options.diagnostics = [trouble](const GeyserError& error) {
    if (error.code() != ErrorCode::abandoned) *trouble = error.to_string();
  };
  auto subscriber = stream::Subscriber::create({end, &end->manager()}, std::move(options));
  if (!subscriber) return tl::unexpected(std::move(subscriber.error()));
  return Watcher(std::move(end), *std::move(subscriber), std::move(trouble));
}

void Watcher::step(std::chrono::nanoseconds timeout, std::chrono::nanoseconds hold) {
  const std::uint64_t before = monotonic_ns();
  auto frame = subscriber_.acquire(timeout);
  const std::uint64_t took = monotonic_ns() - before;
  const auto allowed = static_cast<std::uint64_t>(timeout.count());
  if (took > allowed) seen_.longest_block_us = std::max(seen_.longest_block_us, (took - allowed) / 1000);
  seen_.trouble = *trouble_;
  if (frame) check(*std::move(frame), hold);
}

void Watcher::check(stream::Frame&& frame, std::chrono::nanoseconds hold) {
  const std::uint64_t now = monotonic_ns();
  // A repeated frame is of the feed that was lost, which feed() is until there is another.
  const std::uint64_t id = subscriber_.feed().id;
  const bool repeated = frame.is_repeated();
  const std::uint64_t number = frame.info().number;
  auto bytes = end_->read(frame.texture());
  const TextureDescriptor& descriptor = frame.texture().descriptor();
  const std::string wrong =
      bytes ? difference(descriptor, make_pattern(descriptor, seed_of(id, number)), *bytes) : bytes.error().to_string();
  if (hold.count() != 0) std::this_thread::sleep_for(hold);
  const auto intact = subscriber_.release(std::move(frame));
  const bool whole = intact && *intact;
  if (!whole) ++seen_.lost;
  if (!wrong.empty() && whole) {
    ++seen_.wrong;
    if (seen_.first_wrong.empty()) {
      seen_.first_wrong = (repeated ? "repeated frame " : "frame ") + std::to_string(number) + ": " + wrong;
    }
  }
  if (repeated) {
    ++seen_.repeated;
    return;
  }
  ++seen_.frames;
  if (last_ns_ != 0) seen_.longest_gap_us = std::max(seen_.longest_gap_us, (now - last_ns_) / 1000);
  last_ns_ = now;
  if (id == seen_.feed_id || !wrong.empty()) return;
  seen_.feed_id = id;
  seen_.feed_since_ns = now;
}

void Watcher::forget() {
  Seen fresh;
  fresh.feed_id = seen_.feed_id;
  fresh.feed_since_ns = seen_.feed_since_ns;
  seen_ = fresh;
  trouble_->clear();
  last_ns_ = subscriber_.state() == stream::FeedState::live ? monotonic_ns() : 0;
}

}  // namespace geyser::test
