#include <geyser/stream/publisher.hpp>

#include <algorithm>
#include <utility>

#include "common/text.hpp"
#include "platform/deadline.hpp"
#include "platform/program.hpp"
#include "stream/fault_point.hpp"
#include "stream/publisher_impl.hpp"

namespace geyser::stream {

using detail::text;
using platform::Deadline;

namespace {

std::uint64_t monotonic_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

Result<void> check_ring_size(std::size_t size) {
  if (size >= min_ring_size && size <= max_ring_size) return {};
  return fail(ErrorCode::invalid_argument,
              text("Ring size [", size, "] is outside [", min_ring_size, "] to [", max_ring_size, "]."));
}

}  // namespace

// An open frame keeps its pool, also when the publisher has another by then.
struct WritableFrame::Impl {
  std::weak_ptr<Publisher::Impl> publisher;
  std::shared_ptr<Pool> pool;
};

WritableFrame::WritableFrame(WritableFrame&& other) noexcept = default;

WritableFrame& WritableFrame::operator=(WritableFrame&& other) noexcept {
  if (this == &other) return *this;
  WritableFrame old(std::move(*this));
  owner_ = std::move(other.owner_);
  texture_ = std::exchange(other.texture_, nullptr);
  slot_ = other.slot_;
  access_ = std::move(other.access_);
  return *this;
}

WritableFrame::~WritableFrame() {
  if (owner_ == nullptr) return;
  auto* impl = static_cast<Impl*>(owner_.get());
  impl->pool->abandon({slot_, std::move(access_)});
  if (const auto publisher = impl->publisher.lock()) publisher->frame_is_open = false;
}

Publisher::Publisher(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Publisher::Publisher(Publisher&&) noexcept = default;
Publisher& Publisher::operator=(Publisher&&) noexcept = default;
Publisher::~Publisher() = default;

Publisher::Impl::~Impl() {
  for (const auto& pool : pools) {
    pool->ring().set_state(RingState::ended);
    pool->wake();
  }
}

Result<std::shared_ptr<Publisher::Impl>> Publisher::Impl::make(std::shared_ptr<TextureShareManager> manager,
                                                               const TextureDescriptor& descriptor,
                                                               PublisherOptions options, std::uint32_t ring_size) {
  if (manager == nullptr) return fail(ErrorCode::invalid_argument, "A publisher needs a manager.");
  if (auto good = check_ring_size(ring_size); !good) return fail(std::move(good.error()));
  if (auto good = validate(descriptor); !good) return fail(std::move(good.error()));
  if (options.application.empty()) options.application = platform::program_name();
  FeedInfo feed;
  feed.name = options.name;
  feed.application = options.application;
  feed.listed = options.listed;
  feed.api = manager->capabilities().api;
  feed.device = manager->capabilities().identity.device_name;
  feed.descriptor = descriptor;
  feed.ring_size = ring_size;
  feed.frame_rate = options.frame_rate;
  feed.hdr = options.hdr;
  auto claim = NameClaim::claim(options.runtime_directory, feed, options.on_conflict);
  if (!claim) return fail(std::move(claim.error()));
  auto impl = std::make_shared<Impl>(std::move(manager), std::move(options), *std::move(claim));
  impl->feed = impl->claim.info();
  return impl;
}

void Publisher::Impl::set_ring(std::shared_ptr<Pool> pool) {
  auto holder = std::make_shared<WritableFrame::Impl>();
  holder->publisher = weak_from_this();
  holder->pool = pool;
  frame_holder = std::move(holder);
  newest.number = 0;
  pools.clear();
  pools.push_back(std::move(pool));
}

Result<void> Publisher::Impl::make_ring(const TextureDescriptor& descriptor) {
  // A subscriber on the same device is the best there can be: the ring is made for that.
  auto agreement = negotiate(descriptor, manager->capabilities(), manager->capabilities(), options.policy);
  if (!agreement) return fail(std::move(agreement.error()));
  agreement->mutable_format = agreement->mutable_format || options.mutable_format;
  auto pool = Pool::create(*manager, descriptor, *agreement, feed.ring_size, ++generations);
  if (!pool) return fail(std::move(pool.error()));
  set_ring(*std::move(pool));
  return {};
}

Result<void> Publisher::Impl::make_ring(std::vector<std::unique_ptr<SharedTexture>>&& textures) {
  const TextureDescriptor descriptor = textures.front()->descriptor();
  const HandleKind kind = textures.front()->handle_kind();
  NegotiationPolicy policy = options.policy;
  policy.allow_opaque = policy.allow_opaque && kind != HandleKind::dma_buf && kind != HandleKind::host_memory;
  policy.allow_dma_buf = policy.allow_dma_buf && kind == HandleKind::dma_buf;
  policy.allow_host_copy = policy.allow_host_copy && kind == HandleKind::host_memory;
  auto agreement = negotiate(descriptor, manager->capabilities(), manager->capabilities(), policy);
  if (!agreement) return fail(std::move(agreement.error()));
  auto pool = Pool::adopt(*manager, std::move(textures), *agreement, ++generations);
  if (!pool) return fail(std::move(pool.error()));
  set_ring(*std::move(pool));
  return {};
}

Result<void> Publisher::Impl::start() {
  fault_point("publisher.ring_made");
  auto started = Acceptor::start(claim.socket_path(), options.max_subscribers);
  if (!started) return fail(std::move(started.error()));
  acceptor = *std::move(started);
  fault_point("publisher.listening");
  auto noted = claim.list();
  fault_point("publisher.listed");
  return noted;
}

Result<Publisher> Publisher::create(std::shared_ptr<TextureShareManager> manager, const TextureDescriptor& descriptor,
                                    PublisherOptions options) {
  const std::uint32_t ring_size = options.ring_size;
  const std::string step = text("publishing feed [", options.name, "]");
  auto impl = Impl::make(std::move(manager), descriptor, std::move(options), ring_size);
  if (!impl) return fail(std::move(impl.error()).during(step));
  Impl& self = **impl;
  if (auto made = self.make_ring(descriptor); !made) return fail(std::move(made.error()).during(step));
  if (auto started = self.start(); !started) return fail(std::move(started.error()).during(step));
  return Publisher(*std::move(impl));
}

Result<Publisher> Publisher::create(std::shared_ptr<TextureShareManager> manager,
                                    std::vector<std::unique_ptr<SharedTexture>> textures, PublisherOptions options) {
  const std::string step = text("publishing feed [", options.name, "]");
  if (auto good = check_ring_size(textures.size()); !good) return fail(std::move(good.error()).during(step));
  for (const auto& texture : textures) {
    if (texture == nullptr || texture->descriptor() != textures.front()->descriptor() ||
        texture->handle_kind() != textures.front()->handle_kind()) {
      return fail(
          GeyserError(ErrorCode::invalid_argument, "The textures of a ring need one descriptor and one handle kind.")
              .during(step));
    }
  }
  const TextureDescriptor descriptor = textures.front()->descriptor();
  auto impl =
      Impl::make(std::move(manager), descriptor, std::move(options), static_cast<std::uint32_t>(textures.size()));
  if (!impl) return fail(std::move(impl.error()).during(step));
  Impl& self = **impl;
  if (auto made = self.make_ring(std::move(textures)); !made) return fail(std::move(made.error()).during(step));
  if (auto started = self.start(); !started) return fail(std::move(started.error()).during(step));
  return Publisher(*std::move(impl));
}

Pool* Publisher::Impl::reserve_copies(std::uint64_t& lost) {
  Pool* full = nullptr;
  if (!options.back_pressure) return full;
  for (std::size_t i = 1; i < pools.size(); ++i) {
    if (!pools[i]->reserve(ring_policy(), lost)) full = pools[i].get();
  }
  return full;
}

Result<WritableFrame> Publisher::begin_frame(std::chrono::nanoseconds timeout, AccessTiming timing) {
  Impl& self = *impl_;
  if (self.frame_is_open) return fail(ErrorCode::busy, "A frame of this publisher is open already.");
  self.service();
  const std::shared_ptr<Pool> pool = self.pools.front();
  const Deadline deadline = Deadline::after(timeout);
  for (;;) {
    std::uint64_t lost = 0;
    Pool* full = self.reserve_copies(lost);
    auto open = full == nullptr ? pool->begin(self.ring_policy(), true, timing, lost) : std::optional<Pool::Open>();
    if (!open) return fail(std::move(open.error()).during("beginning a frame"));
    if (lost != 0) {
      const std::lock_guard lock(self.info_mutex);
      self.statistics.leases_revoked += lost;
    }
    if (*open) {
      WritableFrame frame;
      frame.owner_ = self.frame_holder;
      frame.texture_ = &pool->texture((*open)->slot);
      frame.slot_ = (*open)->slot;
      frame.access_ = std::move((*open)->access);
      self.frame_is_open = true;
      fault_point("publisher.frame_open");
      return frame;
    }
    self.expel_liars();
    const auto left = deadline.remaining();
    if (left.count() == 0) break;
    if (full == nullptr) full = pool.get();
    full->ring().wait_for_release(full->views(), self.ring_policy().back_pressure, left);
    self.service();
  }
  const std::lock_guard lock(self.info_mutex);
  ++self.statistics.frames_refused;
  return fail(ErrorCode::timeout, text("All [", pool->ring().slot_count(),
                                       "] textures of the ring are held by subscribers; skip this frame."));
}

Result<std::uint64_t> Publisher::publish(WritableFrame&& frame, const FrameInfo& info) {
  Impl& self = *impl_;
  if (!frame.is_open()) return fail(ErrorCode::invalid_access, "The frame is not open.");
  auto* impl = static_cast<WritableFrame::Impl*>(frame.owner_.get());
  if (impl->publisher.lock().get() != &self) {
    return fail(ErrorCode::invalid_access, "The frame is of another publisher.");
  }
  if (impl->pool != self.pools.front()) {
    WritableFrame gone = std::move(frame);
    return fail(ErrorCode::invalid_access, "The feed has another ring since this frame was begun; it is dropped.");
  }
  Pool::Open open{frame.slot_, std::move(frame.access_)};
  frame.owner_.reset();
  frame.texture_ = nullptr;
  self.frame_is_open = false;
  return self.publish(std::move(open), info);
}

Result<std::uint64_t> Publisher::Impl::publish(Pool::Open&& open, const FrameInfo& info) {
  const std::shared_ptr<Pool> pool = pools.front();
  const std::uint64_t number = frames + 1;
  newest = info;
  newest.number = number;
  newest.clock_ns = monotonic_ns();
  newest_slot = open.slot;
  const auto copied_bytes = pool->publish(std::move(open), number, newest);
  if (!copied_bytes) {
    newest.number = 0;
    return fail(GeyserError(copied_bytes.error()).during(text("publishing frame [", number, "]")));
  }
  frames = number;
  fault_point("publisher.announced");
  std::uint32_t calls = pool->wake();
  fault_point("publisher.woken");
  for (std::size_t i = 1; i < pools.size(); ++i) {
    // The frame is out: who would have had a copy misses it, and the others have it.
    if (auto copied = copy_to(*pools[i]); !copied && options.diagnostics) {
      options.diagnostics(std::move(copied.error()).during(text("copying frame [", number, "]")));
    }
    calls += pools[i]->wake();
  }
  {
    const std::lock_guard lock(info_mutex);
    ++statistics.frames_published;
    statistics.bytes_copied += *copied_bytes;
    statistics.wake_calls += calls;
  }
  service();
  return number;
}

Result<void> Publisher::Impl::copy_to(Pool& to) {
  Pool& from = *pools.front();
  std::uint64_t lost = 0;
  auto open = to.begin(ring_policy(), true, AccessTiming::immediate, lost);
  if (!open) return fail(std::move(open.error()));
  if (!*open) return {};
  const std::uint32_t slot = (*open)->slot;
  auto access = from.texture(newest_slot).begin_access(AccessMode::read, from.state(newest_slot));
  if (!access) {
    to.abandon(*std::move(*open));
    return fail(std::move(access.error()));
  }
  auto copied = manager->copy_texture(from.texture(newest_slot), to.texture(slot));
  auto ended = from.texture(newest_slot).end_access(*std::move(access));
  if (!copied || !ended) {
    to.abandon(*std::move(*open));
    return fail(std::move(copied ? ended.error() : copied.error()));
  }
  from.set_state(newest_slot, *std::move(ended));
  auto copied_bytes = to.publish(*std::move(*open), newest.number, newest);
  if (!copied_bytes) return fail(std::move(copied_bytes.error()));
  const std::lock_guard lock(info_mutex);
  ++statistics.gpu_copies;
  statistics.leases_revoked += lost;
  statistics.bytes_copied += *copied_bytes;
  return {};
}

Result<AccessState> Publisher::publish_copy(SharedTexture& source, const AccessState& state, const FrameInfo& info) {
  Impl& self = *impl_;
  auto access = source.begin_access(AccessMode::read, state);
  if (!access) return fail(std::move(access.error()).during("publishing a copy"));
  auto frame = begin_frame();
  Result<void> copied = frame ? self.manager->copy_texture(source, frame->texture()) : fail(std::move(frame.error()));
  auto ended = source.end_access(*std::move(access));
  if (!copied) return fail(std::move(copied.error()).during("publishing a copy"));
  if (!ended) return ended;
  if (auto published = publish(*std::move(frame), info); !published) return fail(std::move(published.error()));
  const std::lock_guard lock(self.info_mutex);
  ++self.statistics.gpu_copies;
  return ended;
}

void Publisher::service() { impl_->service(); }
NativeHandle Publisher::event() const noexcept { return impl_->acceptor->event(); }
const FeedInfo& Publisher::feed() const noexcept { return impl_->feed; }

bool Publisher::has_subscribers() const noexcept {
  const std::lock_guard lock(impl_->info_mutex);
  return impl_->statistics.subscribers != 0;
}

std::vector<SubscriberInfo> Publisher::subscribers() const {
  const std::lock_guard lock(impl_->info_mutex);
  std::vector<SubscriberInfo> infos;
  for (const auto& [pool, member] : impl_->listed) {
    SubscriberInfo info;
    info.id = member->connection->id;
    info.name = member->name;
    info.process_id = member->connection->peer.process_id;
    info.api = member->api;
    info.device = member->device;
    info.path = member->agreement.path;
    info.handle_kind = member->agreement.handle_kind;
    info.sync_tier = member->agreement.sync_tier;
    info.every_frame = member->limits.every_frame;
    info.frames_read = member->view->frames_read();
    info.frames_missed = member->view->frames_missed();
    info.leases_lost = member->view->leases_lost();
    info.leases_held = member->view->held(pool->ring().page(), pool->ring().slot_count());
    info.agreement = to_string(member->agreement);
    infos.push_back(std::move(info));
  }
  return infos;
}

PublisherStatistics Publisher::statistics() const {
  const std::lock_guard lock(impl_->info_mutex);
  return impl_->statistics;
}

}  // namespace geyser::stream
