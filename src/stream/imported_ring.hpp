// A ring as one subscriber has it: its textures and fences in the subscriber's API, and the pages.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <geyser/manager.hpp>
#include <geyser/stream/subscriber.hpp>
#include <geyser/wire.hpp>

#include "stream/ring_reader.hpp"

namespace geyser::stream {

struct ImportedRing {
  // Opens what a publisher sent. Consumes it. Errors: those of importing, protocol.
  [[nodiscard]] static Result<std::shared_ptr<ImportedRing>> open(TextureShareManager& manager, wire::Pool&& pool);

  // What begin_access takes for a leased frame.
  [[nodiscard]] AccessState state_of(const LeasedFrame& frame) const;
  // Whether the frame's pixels are there. Never waits.
  [[nodiscard]] bool is_complete(const LeasedFrame& frame) const;
  // A GPU of this end may wait for the publisher's fence, which nobody will signal when the publisher is dead: whatever
  // was waited for is signalled here, so that this end's queue goes on.
  void release_own_waits() noexcept;

  RingReader reader;
  std::vector<std::unique_ptr<SharedTexture>> textures;
  std::shared_ptr<SharedFence> publisher_fence;  // null: the publisher's CPU has waited for every frame
  std::shared_ptr<SharedFence> own_fence;        // null with it
  Agreement agreement;
  std::uint64_t generation = 0;
  std::uint64_t waited_value = 0;
  std::weak_ptr<void> subscriber;  // Subscriber::Impl
};

}  // namespace geyser::stream
