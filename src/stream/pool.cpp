#include "stream/pool.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

using detail::text;

namespace {

const FenceCapability* find(const Capabilities& capabilities, FenceKind kind) {
  const auto& rows = capabilities.fences;
  const auto row = std::find_if(rows.begin(), rows.end(), [kind](const auto& one) { return one.kind == kind; });
  return row != rows.end() ? &*row : nullptr;
}

// Whether an end can make fences of a kind and ask them: a publisher asks its subscribers' instead of waiting.
bool makes_and_reads(const Capabilities& capabilities, FenceKind kind) {
  const FenceCapability* row = find(capabilities, kind);
  return row != nullptr && row->exportable && row->cpu_access;
}

}  // namespace

Result<std::unique_ptr<Pool>> Pool::create(TextureShareManager& manager, const TextureDescriptor& descriptor,
                                           const Agreement& agreement, std::uint32_t ring_size,
                                           std::uint64_t generation) {
  std::vector<std::unique_ptr<SharedTexture>> textures;
  for (std::uint32_t i = 0; i < ring_size; ++i) {
    auto texture = manager.create_texture(descriptor, agreement);
    if (!texture) return fail(std::move(texture.error()).during(text("making texture [", i, "] of a ring")));
    textures.push_back(*std::move(texture));
  }
  return finish(manager, std::move(textures), agreement, generation);
}

Result<std::unique_ptr<Pool>> Pool::adopt(TextureShareManager& manager,
                                          std::vector<std::unique_ptr<SharedTexture>>&& textures,
                                          const Agreement& agreement, std::uint64_t generation) {
  return finish(manager, std::move(textures), agreement, generation);
}

Result<std::unique_ptr<Pool>> Pool::finish(TextureShareManager& manager,
                                           std::vector<std::unique_ptr<SharedTexture>>&& textures,
                                           const Agreement& agreement, std::uint64_t generation) {
  auto ring = RingWriter::create(static_cast<std::uint32_t>(textures.size()), generation);
  if (!ring) return fail(std::move(ring.error()));
  std::unique_ptr<Pool> pool(new Pool(agreement, *std::move(ring), generation));
  pool->textures_ = std::move(textures);
  pool->states_.resize(pool->textures_.size());
  // Of the tiers, only a timeline suits a ring: any number of readers wait for one value, and may also skip it. One
  // signal of a binary semaphore has to be waited for by exactly one reader, whom nothing forces to.
  if (agreement.sync_tier == SyncTier::shared_timeline &&
      makes_and_reads(manager.capabilities(), agreement.fence_kind)) {
    auto fence = manager.create_fence(agreement.fence_kind);
    if (!fence) return fail(std::move(fence.error()));
    pool->fence_ = *std::move(fence);
    for (auto& texture : pool->textures_) {
      if (auto set = texture->set_signal_fence(pool->fence_); !set) return fail(std::move(set.error()));
    }
  }
  return pool;
}

bool Pool::suits(const Agreement& agreement) const noexcept {
  if (agreement.handle_kind != agreement_.handle_kind || agreement.tiling != agreement_.tiling) return false;
  const MemoryLayout& layout = textures_.front()->layout();
  if (agreement.dedicated && !layout.dedicated) return false;
  if (agreement.mutable_format && (layout.vulkan_create_flags & vulkan_mutable_format) == 0) return false;
  if (agreement.handle_kind == HandleKind::io_surface) return true;  // a surface says its rows itself
  if (agreement.tiling == Tiling::linear) {
    const MemoryLayout wanted = host_linear_layout(textures_.front()->descriptor(), agreement.row_alignment);
    // Devices' own memory has the size that its maker chose.
    return agreement.handle_kind == HandleKind::host_memory ? layout == wanted : layout.planes[0] == wanted.planes[0];
  }
  return agreement.tiling != Tiling::drm_modifier || std::find(agreement.modifiers.begin(), agreement.modifiers.end(),
                                                               layout.modifier) != agreement.modifiers.end();
}

// A subscriber whose CPU can do nothing with the fence could not go on after the publisher's death.
bool Pool::shares_fence(const Member& member) const noexcept {
  if (fence_ == nullptr || member.agreement.sync_tier != SyncTier::shared_timeline) return false;
  const FenceCapability* row = find(member.capabilities, fence_->kind());
  return member.agreement.fence_kind == fence_->kind() && row != nullptr && row->importable && row->cpu_access;
}

Result<wire::Pool> Pool::admit(TextureShareManager& manager, Member& member, const FeedInfo& feed) {
  wire::Pool message;
  message.generation = generation_;
  message.feed = feed;
  message.offer.agreement = member.agreement;
  for (const auto& texture : textures_) {
    auto parcel = manager.export_texture(*texture);
    if (!parcel) return fail(std::move(parcel.error()));
    message.offer.textures.push_back(*std::move(parcel));
  }
  member.limits.timeline = shares_fence(member);
  if (member.limits.timeline) {
    auto fence = fence_->export_handle();
    if (!fence) return fail(std::move(fence.error()));
    message.offer.fences.push_back(*std::move(fence));
    // The subscriber's, too: what this end has made it can ask.
    auto theirs = manager.create_fence(fence_->kind());
    if (!theirs) return fail(std::move(theirs.error()));
    auto handle = (*theirs)->export_handle();
    if (!handle) return fail(std::move(handle.error()));
    message.offer.fences.push_back(*std::move(handle));
    member.fence = *std::move(theirs);
  } else {
    message.offer.agreement.sync_tier = member.agreement.sync_tier = SyncTier::host_wait;
    message.offer.agreement.fence_kind = member.agreement.fence_kind = FenceKind::host_timeline;
  }
  auto pages = ring_.add_subscriber(member.limits);
  if (!pages) return fail(std::move(pages.error()));
  message.ring_page = std::move(pages->ring_page);
  message.lease_page = std::move(pages->lease_page);
  member.view = std::move(pages->view);
  member.joined = false;
  return message;
}

bool Pool::reserve(const RingWriter::Policy& policy, std::uint64_t& lost) noexcept {
  if (!reserved_) reserved_ = ring_.claim(views_, policy, true, lost);
  return reserved_.has_value();
}

Result<std::optional<Pool::Open>> Pool::begin(const RingWriter::Policy& policy, bool revoke, AccessTiming timing,
                                              std::uint64_t& lost) {
  const auto slot = reserved_ ? std::exchange(reserved_, std::nullopt) : ring_.claim(views_, policy, revoke, lost);
  if (!slot) return std::optional<Open>();
  // Nobody reads it any more: subscribers' fences were asked before the slot was given (LeaseView).
  AccessState& state = states_[*slot];
  state.readers.clear();
  auto access = textures_[*slot]->begin_access(AccessMode::discard, state, timing);
  if (!access) {
    ring_.abandon(*slot);
    return fail(std::move(access.error()));
  }
  return std::optional<Open>(Open{*slot, *std::move(access)});
}

Result<std::uint64_t> Pool::publish(Open&& open, std::uint64_t number, const FrameInfo& info) {
  SharedTexture& texture = *textures_[open.slot];
  const std::uint64_t copied_before = texture.statistics().bytes_copied;
  fault_point("publisher.before_end_access");
  auto ended = texture.end_access(std::move(open.access));
  fault_point("publisher.access_ended");
  if (!ended) {
    ring_.abandon(open.slot);
    return fail(std::move(ended.error()));
  }
  states_[open.slot] = *std::move(ended);
  const AccessState& state = states_[open.slot];
  const SyncPoint* point = state.writer.empty() ? nullptr : state.writer.begin();
  RingWriter::Announcement frame;
  frame.number = number;
  frame.serial = state.serial;
  frame.fence_value = point != nullptr ? point->value : 0;
  frame.complete = point == nullptr;
  ring_.announce(open.slot, frame, info);
  newest_ = number;
  newest_slot_ = open.slot;
  const bool someone_waits = std::any_of(views_.begin(), views_.end(), [](const auto* v) { return !v->timeline(); });
  if (someone_waits) {
    if (auto done = complete(open.slot, number); !done) return fail(std::move(done.error()));
  }
  return texture.statistics().bytes_copied - copied_before;
}

void Pool::abandon(Open&& open) {
  if (auto ended = textures_[open.slot]->end_access(std::move(open.access))) states_[open.slot] = *std::move(ended);
  ring_.abandon(open.slot);
}

std::uint32_t Pool::wake() {
  std::uint32_t calls = ring_.wake(views_);
  constexpr std::array<std::byte, 1> bell{};
  for (const auto& member : members_) {
    if (member->view->sleep_mode() != SleepMode::socket) continue;
    // A full socket is one that has enough to read; one that is gone is noticed by the thread.
    static_cast<void>(member->connection->channel.send(bell, {}, std::chrono::nanoseconds(0)));
    ++calls;
  }
  return calls;
}

Result<void> Pool::add(std::shared_ptr<Member> member) {
  const bool waits = !member->limits.timeline;
  members_.push_back(std::move(member));
  refresh_views();
  return waits && newest_ != 0 ? complete(newest_slot_, newest_) : Result<void>{};
}

// Those who share no fence see the frame when this CPU has seen it complete; the others have it already.
Result<void> Pool::complete(std::uint32_t slot, std::uint64_t number) {
  const SyncPoints& points = states_[slot].writer;
  if (points.empty()) return {};
  const SyncPoint& point = *points.begin();
  if (auto done = point.fence->wait(point.value, textures_[slot]->wait_timeout()); !done) return done;
  ring_.announce_complete(slot, number);
  return {};
}

void Pool::remove(const Connection& connection) {
  std::erase_if(members_, [&](const auto& member) { return member->connection.get() == &connection; });
  refresh_views();
}

void Pool::refresh_views() {
  views_.clear();
  for (const auto& member : members_) views_.push_back(member->view.get());
}

}  // namespace geyser::stream
