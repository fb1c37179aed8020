#include "stream/imported_ring.hpp"

#include <utility>

#include "common/text.hpp"
#include "stream/fault_point.hpp"

namespace geyser::stream {

using detail::text;

Result<std::shared_ptr<ImportedRing>> ImportedRing::open(TextureShareManager& manager, wire::Pool&& pool) {
  auto ring = std::make_shared<ImportedRing>();
  const std::size_t count = pool.offer.textures.size();
  if (count != pool.feed.ring_size || count < min_ring_size || count > max_ring_size) {
    return fail(ErrorCode::protocol, text("A ring of [", pool.feed.ring_size, "] textures comes with [", count, "]."));
  }
  auto reader =
      RingReader::open(pool.ring_page.get(), pool.lease_page.get(), static_cast<std::uint32_t>(count), pool.generation);
  if (!reader) return fail(std::move(reader.error()));
  ring->reader = *std::move(reader);
  fault_point("subscriber.pages_mapped");
  ring->agreement = std::move(pool.offer.agreement);
  ring->generation = pool.generation;
  const bool timeline = ring->agreement.sync_tier == SyncTier::shared_timeline;
  const std::size_t fences = pool.offer.fences.size();
  if (fences != (timeline ? 2U : 0U)) {
    return fail(ErrorCode::protocol,
                text("A ring of tier [", to_string(ring->agreement.sync_tier), "] comes with [", fences, "] fences."));
  }
  if (timeline) {
    auto theirs = manager.import_fence(std::move(pool.offer.fences[0]));
    if (!theirs) return fail(std::move(theirs.error()));
    auto own = manager.import_fence(std::move(pool.offer.fences[1]));
    if (!own) return fail(std::move(own.error()));
    ring->publisher_fence = *std::move(theirs);
    ring->own_fence = *std::move(own);
  }
  for (ApiTextureHandle& parcel : pool.offer.textures) {
    if (parcel.descriptor != pool.feed.descriptor) {
      return fail(ErrorCode::protocol, "A texture of a ring has another descriptor than its feed.");
    }
    auto texture = manager.import_shared_texture(std::move(parcel));
    if (!texture) return fail(std::move(texture.error()));
    if (auto set = (*texture)->set_signal_fence(ring->own_fence); !set) return fail(std::move(set.error()));
    ring->textures.push_back(*std::move(texture));
    fault_point("subscriber.texture_imported");
  }
  return ring;
}

AccessState ImportedRing::state_of(const LeasedFrame& frame) const {
  AccessState state;
  if (publisher_fence != nullptr && frame.fence_value != 0) {
    static_cast<void>(state.writer.add({publisher_fence, frame.fence_value}));  // an empty set has room
  }
  state.serial = frame.serial;
  state.initialized = true;
  return state;
}

bool ImportedRing::is_complete(const LeasedFrame& frame) const {
  if (publisher_fence == nullptr || frame.fence_value == 0) return true;
  const auto completed = publisher_fence->completed_value();
  return completed && *completed >= frame.fence_value;
}

void ImportedRing::release_own_waits() noexcept {
  if (publisher_fence == nullptr || waited_value == 0) return;
  const auto completed = publisher_fence->completed_value();
  // A value that was reached in between is refused, which is as good.
  if (completed && *completed < waited_value) static_cast<void>(publisher_fence->signal(waited_value));
}

}  // namespace geyser::stream
