// The wire format (schema/geyser.fbs, docs/wire.md): parcels, capabilities and frames as verified FlatBuffers, the
// handles beside them. decode() treats every byte and handle as hostile.
// Thread safety: pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <geyser/capabilities.hpp>
#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/negotiate.hpp>
#include <geyser/stream/feed.hpp>
#include <geyser/texture.hpp>

namespace geyser::wire {

inline constexpr std::uint32_t protocol_version = 1;
inline constexpr std::size_t max_message_bytes = 131072;
inline constexpr std::size_t max_message_handles = 64;
inline constexpr std::size_t max_name_bytes = 256;   // programs, devices, drivers
inline constexpr std::size_t max_text_bytes = 1024;  // reasons and refusals; longer ones are cut

// Who I am and what I can do. Sent first by both sides.
struct Hello {
  std::uint32_t version = protocol_version;
  std::string program;
  Capabilities capabilities;
};
// The whole set-up: how we share, the textures, the fences that the sender signals.
struct Offer {
  Agreement agreement;
  std::vector<ApiTextureHandle> textures;
  std::vector<FenceHandle> fences;
};
// The importer's answer: its own fences.
struct Accept {
  std::vector<FenceHandle> fences;
};
// Why not. Carries what a person should read; the native part stays behind.
struct Refusal {
  ErrorCode code = ErrorCode::unsupported;
  std::string message;
};
// A subscriber's first word to a publisher, in place of Hello.
struct Subscribe {
  Hello hello;
  NegotiationPolicy policy;  // rungs that the subscriber forbids
  bool every_frame = false;
  std::uint32_t max_leases = 1;
};
// A publisher's answer, sent again whenever the ring changes: textures and fences as in an Offer, and the two pages
// through which frames and leases go from then on (docs/streams.md). Answered by Accept or Refusal.
struct Pool {
  std::uint64_t generation = 0;  // grows with every ring that a subscriber is given
  stream::FeedInfo feed;
  Offer offer;
  OwnedHandle ring_page;   // host_memory, written by the publisher alone: cannot be mapped for writing
  OwnedHandle lease_page;  // host_memory, written by the subscriber alone
};
// A feed's facts, as its note in the runtime directory has them. Carries no handle.
struct Feed {
  stream::FeedInfo info;
};
// Sync files that the next Frame's points need (FenceKind::sync_file: each signal is a descriptor of its own).
struct Fences {
  std::vector<FenceHandle> fences;
};
using Message = std::variant<Hello, Offer, Accept, Refusal, Subscribe, Pool, Feed, Fences>;

struct EncodedMessage {
  std::vector<std::byte> bytes;
  std::vector<OwnedHandle> handles;
};

// Consumes the message's handles. Errors: invalid_argument (over max_message_*, more textures than fit).
[[nodiscard]] GEYSER_API Result<EncodedMessage> encode(Message&& message);
// Consumes the handles: they are in the message on success and closed on failure.
// Errors: protocol (the field is named), version_mismatch, and what validate() says of descriptors and layouts.
[[nodiscard]] GEYSER_API Result<Message> decode(std::span<const std::byte> bytes, std::vector<OwnedHandle>&& handles);

// One hand-off: which texture, and its AccessState with fences by id. Fixed size, no allocation.
struct FramePoint {
  FenceId fence = 0;
  std::uint64_t value = 0;
};
struct Frame {
  std::uint32_t texture = 0;   // index in the Offer
  std::uint64_t number = 0;    // the sender's count
  std::uint64_t clock_ns = 0;  // the sender's monotonic clock at sending
  std::uint64_t serial = 0;    // AccessState::serial
  bool initialized = false;
  std::uint32_t writer_count = 0;
  std::uint32_t reader_count = 0;
  std::array<FramePoint, max_sync_points> writer{};
  std::array<FramePoint, max_sync_points> readers{};
};
inline constexpr std::size_t frame_bytes = 296;
using FrameBytes = std::array<std::byte, frame_bytes>;

[[nodiscard]] GEYSER_API FrameBytes encode(const Frame& frame) noexcept;
// Errors: protocol (size, magic, a count over its array, a reserved byte that is not zero).
[[nodiscard]] GEYSER_API Result<Frame> decode_frame(std::span<const std::byte> bytes);

// Between AccessState and Frame. `fences` are all fences of the session, both sides'.
// Errors: protocol (a fence id that is not in `fences`).
[[nodiscard]] GEYSER_API Frame to_frame(const AccessState& state, std::uint32_t texture, std::uint64_t number) noexcept;
[[nodiscard]] GEYSER_API Result<AccessState> to_access_state(const Frame& frame,
                                                             std::span<const std::shared_ptr<SharedFence>> fences);

}  // namespace geyser::wire
