#include <geyser/stream/subscriber.hpp>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/program.hpp"
#include "platform/runtime_directory.hpp"
#include "stream/fault_point.hpp"
#include "stream/subscriber_impl.hpp"

namespace geyser::stream {

using detail::text;
using platform::Deadline;

std::string_view to_string(FeedState state) noexcept {
  switch (state) {
    case FeedState::searching:
      return "searching";
    case FeedState::connecting:
      return "connecting";
    case FeedState::live:
      return "live";
    case FeedState::lost:
      return "lost";
    case FeedState::refused:
      return "refused";
  }
  return "unknown";
}

Frame::Frame(Frame&& other) noexcept
    : owner_(std::move(other.owner_)),
      texture_(std::exchange(other.texture_, nullptr)),
      access_(std::move(other.access_)),
      info_(other.info_),
      slot_(other.slot_),
      repeated_(other.repeated_) {}

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this == &other) return *this;
  drop();
  owner_ = std::move(other.owner_);
  texture_ = std::exchange(other.texture_, nullptr);
  access_ = std::move(other.access_);
  info_ = other.info_;
  slot_ = other.slot_;
  repeated_ = other.repeated_;
  return *this;
}

Frame::~Frame() { drop(); }

void Frame::drop() noexcept {
  if (owner_ == nullptr) return;
  auto* ring = static_cast<ImportedRing*>(owner_.get());
  if (const auto subscriber = std::static_pointer_cast<Subscriber::Impl>(ring->subscriber.lock())) {
    static_cast<void>(subscriber->release(*this));
    return;
  }
  static_cast<void>(texture_->end_access(std::move(access_)));
  if (!repeated_) ring->reader.release(slot_, info_.number, 0);
  owner_.reset();
}

bool Frame::is_intact() const noexcept {
  if (owner_ == nullptr) return false;
  return repeated_ || static_cast<const ImportedRing*>(owner_.get())->reader.is_intact(slot_, info_.number);
}

Subscriber::Subscriber(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Subscriber::Subscriber(Subscriber&&) noexcept = default;
Subscriber& Subscriber::operator=(Subscriber&&) noexcept = default;
Subscriber::~Subscriber() = default;

Result<Subscriber> Subscriber::create(std::shared_ptr<TextureShareManager> manager, SubscriberOptions options) {
  const std::string step = text("subscribing to feed [", options.feed, "]");
  if (manager == nullptr) return fail(ErrorCode::invalid_argument, "A subscriber needs a manager.");
  if (auto good = validate_name(options.feed, "feed"); !good) return fail(std::move(good.error()).during(step));
  if (options.name.empty()) options.name = platform::program_name();
  if (auto good = validate_name(options.name, "name"); !good) return fail(std::move(good.error()).during(step));
  if (options.max_leases == 0 || options.max_leases > max_ring_size) {
    return fail(GeyserError(ErrorCode::invalid_argument, text("Field [max_leases] is [", options.max_leases,
                                                              "], outside [1] to [", max_ring_size, "]."))
                    .during(step));
  }
  if (options.runtime_directory.empty()) options.runtime_directory = default_runtime_directory();
  if (auto good = platform::prepare_directory(options.runtime_directory); !good) {
    return fail(std::move(good.error()).during(step));
  }
  auto poller = platform::Poller::create();
  if (!poller) return fail(std::move(poller.error()).during(step));
  auto watch = platform::DirectoryWatch::create(options.runtime_directory);
  if (!watch) return fail(std::move(watch.error()).during(step));
  if (auto added = poller->add(watch->native(), Impl::watch_key); !added)
    return fail(std::move(added.error()).during(step));
  auto timer = platform::Timer::create();
  if (!timer) return fail(std::move(timer.error()).during(step));
  if (auto added = poller->add(timer->native(), Impl::timer_key); !added)
    return fail(std::move(added.error()).during(step));
  auto impl = std::make_shared<Impl>(std::move(manager), std::move(options), *std::move(poller), *std::move(watch),
                                     *std::move(timer));
  impl->self = impl;
  return Subscriber(std::move(impl));
}

Result<Frame> Subscriber::acquire(std::chrono::nanoseconds timeout, AccessTiming timing) {
  Impl& self = *impl_;
  const Deadline deadline = Deadline::after(timeout);
  bool armed = false;
  bool listened = false;
  for (;;) {
    self.step();
    if (auto frame = self.next(timing)) return *std::move(frame);
    const auto left = deadline.remaining();
    if (left.count() == 0) {
      if (!self.polled) break;
      if (!self.channel && !std::exchange(listened, true) && self.hears_of_change()) continue;
      if (self.state != FeedState::live) break;
      // What lies in the socket would keep the event readable.
      self.drain();
      if (self.state != FeedState::live ||
          self.ring->reader.arm_socket(self.last, self.ring->publisher_fence == nullptr) || armed) {
        break;
      }
      armed = true;  // what has come in between is taken now; a ring that announces for ever is not asked again
      continue;
    }
    self.sleep(left);
  }
  if (self.polled) {
    self.arm_timer();
    self.poller.refresh();
  }
  if (self.was_live && self.state != FeedState::live) return self.repeat(timing);
  // A loop that only looks is not to pay for a sentence: this one needs no memory.
  if (timeout.count() <= 0) return fail(ErrorCode::timeout, "no new frame");
  return fail(ErrorCode::timeout,
              text("Feed [", self.options.feed, "] has no new frame; its state is [", to_string(self.state), "]."));
}

// Nothing: there is no new frame yet.
std::optional<Result<Frame>> Subscriber::Impl::next(AccessTiming timing) {
  const std::shared_ptr<ImportedRing> from = source();
  if (from == nullptr) return std::nullopt;
  const std::uint32_t limit = std::min(options.max_leases, std::max(1U, feed.ring_size - 2));
  if (held >= limit) {
    return fail(ErrorCode::busy, text("[", held, "] frames are held already; release one first."));
  }
  std::optional<Result<Frame>> result(std::in_place, Frame());
  Frame& frame = **result;
  const auto leased = from->reader.take(options.mode, last, from->publisher_fence == nullptr, frame.info_);
  delivers = leased.has_value();
  if (from == ending && (!leased || !ending->is_complete(*leased))) {
    if (leased) ending->reader.release(leased->slot, leased->number, 0);
    ending.reset();
    return std::nullopt;
  }
  if (!leased) return std::nullopt;
  fault_point("subscriber.frame_leased");
  SharedTexture& texture = *from->textures[leased->slot];
  const std::uint64_t copied_before = texture.statistics().bytes_copied;
  auto access = texture.begin_access(AccessMode::read, from->state_of(*leased), timing);
  if (!access) {
    from->reader.release(leased->slot, leased->number, 0);
    const ErrorCode code = access.error().code();
    if (code == ErrorCode::device_lost || code == ErrorCode::timeout || code == ErrorCode::out_of_memory) {
      return fail(std::move(access.error()).during(text("opening frame [", leased->number, "]")));
    }
    if (from == ending) {
      ending.reset();
      return std::nullopt;
    }
    // The publisher says what cannot be: it is not one.
    lose(std::move(access.error()).during(text("opening frame [", leased->number, "]")));
    return std::nullopt;
  }
  statistics.bytes_copied += texture.statistics().bytes_copied - copied_before;
  if (leased->fence_value != 0) from->waited_value = std::max(from->waited_value, leased->fence_value);
  if (last != 0 && leased->number > last + 1) statistics.frames_missed += leased->number - last - 1;
  last = leased->number;
  ++statistics.frames_read;
  from->reader.report(statistics.frames_read, statistics.frames_missed);
  ++held;
  frame.owner_ = from;
  frame.texture_ = &texture;
  frame.access_ = *std::move(access);
  frame.slot_ = leased->slot;
  // What is shown while there is no publisher: its last frame may not have been whole yet when it was lost.
  if (from == ending) kept = Kept{ending, *leased, frame.info_};
  fault_point("subscriber.frame_open");
  return result;
}

Result<Frame> Subscriber::Impl::repeat(AccessTiming timing) {
  if (options.on_loss == OnLoss::black) return black(timing);
  if (options.on_loss == OnLoss::none || !kept) {
    return fail(ErrorCode::abandoned,
                text("The publisher of feed [", options.feed, "] is gone; its state is [", to_string(state), "]."));
  }
  SharedTexture& texture = *kept->ring->textures[kept->frame.slot];
  auto access = texture.begin_access(AccessMode::read, kept->ring->state_of(kept->frame), timing);
  if (!access) return fail(std::move(access.error()).during("repeating the last frame"));
  Frame frame;
  frame.info_ = kept->info;
  frame.owner_ = kept->ring;
  frame.texture_ = &texture;
  frame.access_ = *std::move(access);
  frame.slot_ = kept->frame.slot;
  frame.repeated_ = true;
  return frame;
}

Result<bool> Subscriber::Impl::release(Frame& frame) {
  const std::shared_ptr<void> owner = std::move(frame.owner_);
  auto* from = static_cast<ImportedRing*>(owner.get());
  auto ended = frame.texture_->end_access(std::move(frame.access_));
  if (frame.repeated_) {
    if (!ended) return fail(std::move(ended.error()));
    return true;
  }
  --held;
  std::uint64_t value = 0;
  if (ended && from->own_fence != nullptr) {
    for (const SyncPoint& point : ended->readers) value = point.fence == from->own_fence ? point.value : value;
  }
  const bool intact = from->reader.release(frame.slot_, frame.info_.number, value);
  if (!intact) ++statistics.leases_lost;
  if (!ended) return fail(std::move(ended.error()));
  return intact;
}

Result<bool> Subscriber::release(Frame&& frame) {
  if (!frame.is_open()) return fail(ErrorCode::invalid_access, "The frame is not open.");
  auto* ring = static_cast<ImportedRing*>(frame.owner_.get());
  if (ring->subscriber.lock().get() != impl_.get()) {
    return fail(ErrorCode::invalid_access, "The frame is of another subscriber.");
  }
  return impl_->release(frame);
}

// Zeros in host memory, which this API takes over as it takes any other host memory.
Result<Frame> Subscriber::Impl::black(AccessTiming timing) {
  if (black_texture == nullptr || black_texture->descriptor() != feed.descriptor) {
    auto made = manager->create_texture(feed.descriptor, HandleKind::host_memory);
    if (!made) return fail(std::move(made.error()).during("making a black frame"));
    black_texture = *std::move(made);
    black_owner = std::make_shared<ImportedRing>();
    black_owner->subscriber = self;
  }
  AccessState state_of_zeros;
  state_of_zeros.initialized = true;
  auto access = black_texture->begin_access(AccessMode::read, state_of_zeros, timing);
  if (!access) return fail(std::move(access.error()).during("opening a black frame"));
  Frame frame;
  frame.owner_ = black_owner;
  frame.texture_ = black_texture.get();
  frame.access_ = *std::move(access);
  frame.repeated_ = true;
  return frame;
}

NativeHandle Subscriber::event() {
  impl_->polled = true;
  return impl_->poller.native();
}

FeedState Subscriber::state() const noexcept { return impl_->state; }
const std::optional<GeyserError>& Subscriber::last_error() const noexcept { return impl_->last_error; }
const FeedInfo& Subscriber::feed() const noexcept { return impl_->feed; }

const Agreement& Subscriber::agreement() const noexcept { return impl_->agreement; }

SubscriberStatistics Subscriber::statistics() const noexcept { return impl_->statistics; }

}  // namespace geyser::stream
