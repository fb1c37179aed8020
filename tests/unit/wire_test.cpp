#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include <random>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"

namespace geyser::test {
namespace {

std::vector<OwnedHandle> duplicates(const std::vector<OwnedHandle>& handles) {
  std::vector<OwnedHandle> copies;
  for (const OwnedHandle& handle : handles) copies.push_back(*handle.duplicate());
  return copies;
}

GeyserError decode_error(std::span<const std::byte> bytes, std::vector<OwnedHandle>&& handles) {
  auto message = wire::decode(bytes, std::move(handles));
  EXPECT_FALSE(message);
  return message ? GeyserError(ErrorCode::busy, "decoded") : std::move(message.error());
}

TEST(Wire, OfferComesBackWhole) {
  wire::Offer offer = make_offer();
  const Agreement agreement = offer.agreement;
  const TextureDescriptor first = offer.textures[0].descriptor;
  const TextureDescriptor second = offer.textures[1].descriptor;
  offer.textures[1].layout.keyed_mutex = true;
  const MemoryLayout layout = offer.textures[1].layout;
  const DeviceIdentity identity = offer.textures[0].identity;
  const FenceId fence = offer.fences[0].id;
  const OwnedHandle kept = *offer.textures[1].handles[0].duplicate();
  auto encoded = wire::encode(wire::Message(std::move(offer)));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  ASSERT_EQ(encoded->handles.size(), 3U);
  auto decoded = wire::decode(encoded->bytes, std::move(encoded->handles));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  const auto& back = std::get<wire::Offer>(*decoded);
  EXPECT_EQ(back.agreement, agreement);
  ASSERT_EQ(back.textures.size(), 2U);
  EXPECT_EQ(back.textures[0].descriptor, first);
  EXPECT_EQ(back.textures[1].descriptor, second);
  EXPECT_EQ(back.textures[1].layout, layout);
  EXPECT_EQ(back.textures[0].identity, identity);
  EXPECT_EQ(back.textures[1].kind, HandleKind::host_memory);
  EXPECT_TRUE(platform::is_same_object(back.textures[1].handles[0].get(), kept.get()));
  ASSERT_EQ(back.fences.size(), 1U);
  EXPECT_EQ(back.fences[0].id, fence);
  EXPECT_EQ(back.fences[0].value, 3U);
  EXPECT_EQ(back.fences[0].kind, FenceKind::host_timeline);
}

TEST(Wire, HelloAcceptAndRefusalComeBackWhole) {
  const wire::Hello hello = make_hello();
  auto encoded = wire::encode(wire::Message(hello));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  auto decoded = wire::decode(encoded->bytes, {});
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(std::get<wire::Hello>(*decoded).capabilities, hello.capabilities);
  EXPECT_EQ(std::get<wire::Hello>(*decoded).program, "test");

  auto refusal = wire::encode(wire::Message(wire::Refusal{ErrorCode::busy, std::string(2000, 'x')}));
  ASSERT_TRUE(refusal);
  auto refused = wire::decode(refusal->bytes, {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(std::get<wire::Refusal>(*refused).code, ErrorCode::busy);
  EXPECT_EQ(std::get<wire::Refusal>(*refused).message.size(), wire::max_text_bytes);

  auto accept = wire::encode(wire::Message(wire::Accept{}));
  ASSERT_TRUE(accept);
  EXPECT_TRUE(std::holds_alternative<wire::Accept>(*wire::decode(accept->bytes, {})));
}

// Whatever lies before it in the buffer: texts of every length move it about.
TEST(Wire, EmptyVectorsOfWordsMayLieAnywhere) {
  for (std::size_t length = 0; length < 16; ++length) {
    wire::Offer offer = make_offer();
    offer.agreement.modifiers.clear();
    offer.agreement.rungs.assign(1, {std::string(length, 'x'), false, ""});
    auto encoded = wire::encode(wire::Message(std::move(offer)));
    ASSERT_TRUE(encoded) << encoded.error().to_string();
    auto decoded = wire::decode(encoded->bytes, std::move(encoded->handles));
    EXPECT_TRUE(decoded) << length << ": " << decoded.error().to_string();
  }
}

TEST(Wire, SubscribePoolAndFeedComeBackWhole) {
  const wire::Subscribe subscribe = make_subscribe();
  auto encoded = wire::encode(wire::Message(subscribe));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  auto decoded = wire::decode(encoded->bytes, {});
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  const auto& asked = std::get<wire::Subscribe>(*decoded);
  EXPECT_EQ(asked.hello.capabilities, subscribe.hello.capabilities);
  EXPECT_FALSE(asked.policy.allow_opaque);
  EXPECT_TRUE(asked.policy.prefer_linear);
  EXPECT_FALSE(asked.policy.allow_io_surface);
  EXPECT_TRUE(asked.policy.allow_dma_buf);
  EXPECT_EQ(asked.policy.force_fence, FenceKind::host_timeline);
  EXPECT_EQ(asked.policy.refused_modifiers, (std::vector<std::uint64_t>{77, 0}));
  EXPECT_TRUE(asked.every_frame);
  EXPECT_EQ(asked.max_leases, 3U);

  encoded = wire::encode(wire::Message(wire::Feed{make_feed()}));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  decoded = wire::decode(encoded->bytes, {});
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ(std::get<wire::Feed>(*decoded).info, make_feed());

  wire::Fences newer;
  newer.fences.push_back({FenceKind::sync_file, 7, 5, {}});  // reached: no handle
  newer.fences.push_back({FenceKind::sync_file, 8, 6, *OwnedHandle::duplicate(HandleKind::sync_file, 0)});
  encoded = wire::encode(wire::Message(std::move(newer)));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  EXPECT_EQ(encoded->handles.size(), 1U);
  decoded = wire::decode(encoded->bytes, std::move(encoded->handles));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  const auto& points = std::get<wire::Fences>(*decoded).fences;
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].id, 7U);
  EXPECT_EQ(points[0].value, 5U);
  EXPECT_FALSE(points[0].handle.has_value());
  EXPECT_EQ(points[1].value, 6U);
  EXPECT_TRUE(points[1].handle.has_value());

  wire::Pool pool = make_pool();
  const OwnedHandle ring = *pool.ring_page.duplicate();
  const OwnedHandle lease = *pool.lease_page.duplicate();
  encoded = wire::encode(wire::Message(std::move(pool)));
  ASSERT_TRUE(encoded) << encoded.error().to_string();
  EXPECT_EQ(encoded->handles.size(), 5U);
  decoded = wire::decode(encoded->bytes, std::move(encoded->handles));
  ASSERT_TRUE(decoded) << decoded.error().to_string();
  const auto& given = std::get<wire::Pool>(*decoded);
  EXPECT_EQ(given.generation, 9U);
  EXPECT_EQ(given.feed, make_feed());
  EXPECT_EQ(given.offer.textures.size(), 2U);
  EXPECT_TRUE(platform::is_same_object(given.ring_page.get(), ring.get()));
  EXPECT_TRUE(platform::is_same_object(given.lease_page.get(), lease.get()));
}

TEST(Wire, MoreModifiersThanALimitAreNotSent) {
  wire::Subscribe subscribe = make_subscribe();
  subscribe.policy.refused_modifiers.assign(max_modifiers, 5);
  EXPECT_TRUE(wire::encode(wire::Message(subscribe)));
  subscribe.policy.refused_modifiers.push_back(5);
  auto encoded = wire::encode(wire::Message(subscribe));
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().message(), "Field [policy.refused_modifiers] has [65] entries, at most [64] are possible.");
  wire::Offer offer = make_offer();
  offer.agreement.modifiers.assign(max_modifiers + 1, 5);
  encoded = wire::encode(wire::Message(std::move(offer)));
  ASSERT_FALSE(encoded);
  EXPECT_NE(encoded.error().message().find("[agreement.modifiers]"), std::string::npos);
}

TEST(Wire, LyingFeedsAreRefusedByField) {
  const struct {
    const char* field;
    void (*spoil)(stream::FeedInfo&);
  } lies[] = {
      {"feed.name", [](stream::FeedInfo& f) { f.name.clear(); }},
      {"feed.name", [](stream::FeedInfo& f) { f.name.assign(stream::max_feed_name_bytes + 1, 'x'); }},
      {"feed.name", [](stream::FeedInfo& f) { f.name = "\xff"; }},
      {"feed.application", [](stream::FeedInfo& f) { f.application.assign(stream::max_feed_name_bytes + 1, 'x'); }},
      {"feed.ring_size", [](stream::FeedInfo& f) { f.ring_size = 1; }},
      {"feed.ring_size", [](stream::FeedInfo& f) { f.ring_size = 17; }},
      {"feed.frame_rate", [](stream::FeedInfo& f) { f.frame_rate.denominator = 0; }},
      {"feed.descriptor", [](stream::FeedInfo& f) { f.descriptor.extent.width = 0; }},
      {"feed.api", [](stream::FeedInfo& f) { f.api = static_cast<Api>(200); }},
  };
  for (const auto& lie : lies) {
    stream::FeedInfo feed = make_feed();
    lie.spoil(feed);
    auto encoded = wire::encode(wire::Message(wire::Feed{feed}));
    ASSERT_TRUE(encoded) << encoded.error().to_string();
    EXPECT_NE(decode_error(encoded->bytes, {}).message().find(lie.field), std::string::npos) << lie.field;
  }
  wire::Subscribe subscribe = make_subscribe();
  subscribe.max_leases = 0;
  auto encoded = wire::encode(wire::Message(subscribe));
  EXPECT_NE(decode_error(encoded->bytes, {}).message().find("subscribe.max_leases"), std::string::npos);
}

TEST(Wire, EveryTruncationIsRefused) {
  auto encoded = *wire::encode(wire::Message(make_offer()));
  const std::size_t before = open_descriptors();
  for (std::size_t size = 0; size < encoded.bytes.size(); ++size) {
    const auto error = decode_error(std::span(encoded.bytes).first(size), duplicates(encoded.handles));
    ASSERT_EQ(error.code(), ErrorCode::protocol) << size << ": " << error.to_string();
  }
  EXPECT_EQ(open_descriptors(), before);
}

// Each byte and random bytes changed: whatever happens, nothing crashes and no descriptor is lost.
TEST(Wire, MutationsNeverCrashOrLeak) {
  auto encoded = *wire::encode(wire::Message(make_offer()));
  const std::size_t before = open_descriptors();
  std::mt19937 random(1);
  std::size_t refused = 0;
  for (std::size_t round = 0; round < 20000; ++round) {
    auto bytes = encoded.bytes;
    const std::size_t changes = round < bytes.size() ? 1 : 1 + random() % 8;
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = round < bytes.size() ? round : random() % bytes.size();
      bytes[at] = static_cast<std::byte>(random() & 0xffU);
    }
    if (!wire::decode(bytes, duplicates(encoded.handles))) ++refused;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Wire, HandlesThatDoNotMatchAreRefusedAndClosed) {
  auto encoded = *wire::encode(wire::Message(make_offer()));
  const std::size_t before = open_descriptors();
  auto few = duplicates(encoded.handles);
  few.pop_back();
  EXPECT_EQ(decode_error(encoded.bytes, std::move(few)).message(),
            "Field [handle_kinds] names [3] handles, but [2] came with the message.");
  auto many = duplicates(encoded.handles);
  many.push_back(*encoded.handles[0].duplicate());
  EXPECT_EQ(decode_error(encoded.bytes, std::move(many)).code(), ErrorCode::protocol);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Wire, AnotherVersionIsNamed) {
  auto encoded = *wire::encode(wire::Message(wire::Refusal{ErrorCode::busy, "no"}));
  // The version is the only 32-bit 1 in the message that decodes to a version.
  bool seen = false;
  for (std::size_t at = 0; at + 4 <= encoded.bytes.size(); at += 4) {
    auto bytes = encoded.bytes;
    if (bytes[at] != std::byte{1} || bytes[at + 1] != std::byte{0}) continue;
    bytes[at] = std::byte{9};
    auto message = wire::decode(bytes, {});
    if (!message && message.error().code() == ErrorCode::version_mismatch) {
      EXPECT_EQ(message.error().message(), "The message is of protocol version [9], this library speaks [1].");
      seen = true;
    }
  }
  EXPECT_TRUE(seen);
}

TEST(Wire, AnotherIdentifierIsRefused) {
  auto encoded = *wire::encode(wire::Message(wire::Accept{}));
  encoded.bytes[4] = std::byte{'X'};
  EXPECT_EQ(decode_error(encoded.bytes, {}).message(), "The message is not Geyser's: its identifier is not [GYSR].");
}

// A handle of these kinds is a pointer in the process that has it.
TEST(Wire, ObjectsAreNeitherSentNorBelieved) {
  wire::Offer offer = make_offer();
  offer.fences[0].handle = OwnedHandle::adopt(HandleKind::metal_shared_event, offer.fences[0].handle.detach());
  const auto encoded = wire::encode(wire::Message(std::move(offer)));
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().message(), "A handle of kind [metal_shared_event] is one that no message carries.");
  // What a peer says all the same: the vector of kinds is the only one whose bytes are all of one handle kind.
  auto honest = *wire::encode(wire::Message(make_offer()));
  const std::byte host_memory{static_cast<unsigned char>(HandleKind::host_memory)};
  const std::size_t count = honest.handles.size();
  bool refused = false;
  for (std::size_t at = 4; at + count <= honest.bytes.size(); ++at) {
    std::uint32_t length = 0;
    std::memcpy(&length, honest.bytes.data() + at - 4, 4);
    const auto first = honest.bytes.begin() + static_cast<std::ptrdiff_t>(at);
    if (length != count || !std::all_of(first, first + static_cast<std::ptrdiff_t>(count),
                                        [&](std::byte b) { return b == host_memory; })) {
      continue;
    }
    auto bytes = honest.bytes;
    bytes[at] = std::byte{static_cast<unsigned char>(HandleKind::metal_shared_event)};
    std::vector<OwnedHandle> handles;
    for (const OwnedHandle& handle : honest.handles) handles.push_back(*handle.duplicate());
    const auto decoded = wire::decode(bytes, std::move(handles));
    ASSERT_FALSE(decoded);
    refused = refused ||
              decoded.error().message() == "Field [handle_kinds] names [metal_shared_event], which no message carries.";
  }
  EXPECT_TRUE(refused);
}

TEST(Wire, LyingParcelsAreRefusedByField) {
  const auto refusal = [](auto change) {
    wire::Offer offer = make_offer();
    change(offer);
    auto encoded = wire::encode(wire::Message(std::move(offer)));
    if (!encoded) return encoded.error();
    return decode_error(encoded->bytes, std::move(encoded->handles));
  };
  auto extent = refusal([](wire::Offer& o) { o.textures[0].descriptor.extent.width = 0xffffffffU; });
  EXPECT_EQ(extent.code(), ErrorCode::invalid_argument);
  EXPECT_NE(extent.message().find("[descriptor]"), std::string::npos) << extent.message();
  auto size = refusal([](wire::Offer& o) { o.textures[0].layout.allocation_size = 1; });
  EXPECT_EQ(size.code(), ErrorCode::incompatible_layout);
  auto index = refusal([](wire::Offer& o) { o.textures[0].layout.planes[0].handle_index = 7; });
  EXPECT_EQ(index.code(), ErrorCode::incompatible_layout);
  auto kind = refusal([](wire::Offer& o) { o.textures[0].kind = HandleKind::dma_buf; });
  EXPECT_EQ(kind.message(), "Field [parcel.kind] is [dma_buf], but its handle is [host_memory].");
  auto format = refusal([](wire::Offer& o) { o.textures[0].descriptor.format = static_cast<TextureFormat>(9999); });
  EXPECT_EQ(format.message(), "Field [format] is [9999], which is none.");
  auto dimension =
      refusal([](wire::Offer& o) { o.textures[0].descriptor.dimension = static_cast<TextureDimension>(9); });
  EXPECT_EQ(dimension.message(), "Field [descriptor.dimension] is [9], outside [0] to [4].");
  auto label = refusal([](wire::Offer& o) { o.textures[0].descriptor.label = "\xff\xfe"; });
  EXPECT_EQ(label.message(), "Field [descriptor.label] is not UTF-8.");
  auto long_label = refusal([](wire::Offer& o) { o.textures[0].descriptor.label = std::string(65, 'a'); });
  EXPECT_EQ(long_label.message(), "Field [descriptor.label] has [65] bytes, at most [64] are allowed.");
  auto fence = refusal([](wire::Offer& o) { o.fences[0].id = 0; });
  EXPECT_EQ(fence.message(), "Field [fence.id] is [0], which names no fence.");
  auto empty = refusal([](wire::Offer& o) { o.textures[0].handles[0].reset(); });
  EXPECT_EQ(empty.code(), ErrorCode::invalid_argument);
}

// Of a message with three handles the fence's is the last: the only word that is its number.
TEST(Wire, EachHandleIsUsedOnce) {
  wire::Offer offer = make_offer();
  offer.fences[0].kind = FenceKind::sync_file;  // which may come without one
  const auto encoded = *wire::encode(wire::Message(std::move(offer)));
  ASSERT_EQ(encoded.handles.size(), 3U);
  const std::size_t before = open_descriptors();
  const auto said_of = [&](std::uint32_t other) {
    std::vector<std::string> said;
    for (std::size_t at = 0; at + 4 <= encoded.bytes.size(); at += 4) {
      std::uint32_t word = 0;
      std::memcpy(&word, encoded.bytes.data() + at, 4);
      if (word != 2) continue;
      auto bytes = encoded.bytes;
      std::memcpy(bytes.data() + at, &other, 4);
      auto decoded = wire::decode(bytes, duplicates(encoded.handles));
      if (!decoded) said.push_back(decoded.error().message());
    }
    return said;
  };
  const auto has = [](const std::vector<std::string>& said, const char* sentence) {
    return std::find(said.begin(), said.end(), sentence) != said.end();
  };
  EXPECT_TRUE(has(said_of(1), "Field [fence.handle] uses a second time handle [1] of [3]."));
  EXPECT_TRUE(has(said_of(3), "Field [fence.handle] names handle [3] of [3]."));
  EXPECT_TRUE(has(said_of(~0U), "Field [handle_kinds] has handle [2], which nothing uses."));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Wire, KindsOfFencesEndAtTheLast) {
  constexpr auto past = static_cast<FenceKind>(fence_kind_count);
  const auto refusal = [](wire::Message message) {
    auto encoded = wire::encode(std::move(message));
    if (!encoded) return encoded.error().message();
    auto decoded = wire::decode(encoded->bytes, std::move(encoded->handles));
    return decoded ? std::string() : decoded.error().message();
  };
  const std::size_t before = open_descriptors();
  for (const FenceKind kind : {FenceKind::opaque_win32_binary, past}) {
    wire::Offer fence = make_offer();
    fence.fences[0].kind = kind;
    wire::Offer agreement = make_offer();
    agreement.agreement.fence_kind = kind;
    wire::Hello hello;
    hello.capabilities.fences = {{kind, true, true, true}};
    wire::Subscribe subscribe = make_subscribe();
    subscribe.policy.force_fence = kind;
    const auto expected = [&](const char* field, int first) {
      if (kind != past) return std::string();
      return std::string("Field [") + field + "] is [10], outside [" + std::to_string(first) + "] to [9].";
    };
    EXPECT_EQ(refusal(std::move(fence)), expected("fence.kind", 1));
    EXPECT_EQ(refusal(std::move(agreement)), expected("agreement.fence_kind", 1));
    EXPECT_EQ(refusal(std::move(hello)), expected("fences.kind", 1));
    EXPECT_EQ(refusal(std::move(subscribe)), expected("policy.force_fence", 0));
  }
  EXPECT_EQ(open_descriptors(), before);
}

wire::Frame make_frame() {
  wire::Frame frame;
  frame.texture = 3;
  frame.number = 77;
  frame.clock_ns = 0x0102030405060708ULL;
  frame.serial = 9;
  frame.initialized = true;
  frame.writer_count = 1;
  frame.reader_count = 2;
  frame.writer[0] = {11, 12};
  frame.readers[0] = {13, 14};
  frame.readers[1] = {15, 16};
  return frame;
}

TEST(Frame, ComesBackWhole) {
  const auto frame = wire::decode_frame(wire::encode(make_frame()));
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->texture, 3U);
  EXPECT_EQ(frame->number, 77U);
  EXPECT_EQ(frame->clock_ns, 0x0102030405060708ULL);
  EXPECT_EQ(frame->serial, 9U);
  EXPECT_TRUE(frame->initialized);
  ASSERT_EQ(frame->writer_count, 1U);
  ASSERT_EQ(frame->reader_count, 2U);
  EXPECT_EQ(frame->writer[0].value, 12U);
  EXPECT_EQ(frame->readers[1].fence, 15U);
}

TEST(Frame, WrongBytesAreRefusedByField) {
  const auto refusal = [](std::size_t at, unsigned value) {
    auto bytes = wire::encode(make_frame());
    bytes[at] = static_cast<std::byte>(value);
    const auto frame = wire::decode_frame(bytes);
    return frame ? std::string("decoded") : frame.error().message();
  };
  EXPECT_EQ(refusal(0, 0), "Field [magic] of a frame is not [GYSF].");
  EXPECT_EQ(refusal(32, 2), "Field [initialized] is [2], not 0 or 1.");
  EXPECT_EQ(refusal(33, 9), "Field [writer_count] is [9], at most [8] are allowed.");
  EXPECT_EQ(refusal(34, 200), "Field [reader_count] is [200], at most [8] are allowed.");
  EXPECT_EQ(refusal(36, 1), "Field [reserved] of a frame is not zero.");
  EXPECT_EQ(refusal(wire::frame_bytes - 1, 1), "Field [readers] has an unused point [7] that is not zero.");
  const auto bytes = wire::encode(make_frame());
  EXPECT_EQ(wire::decode_frame(std::span(bytes).first(100)).error().message(), "A frame has [296] bytes, not [100].");
}

TEST(Frame, NamesOnlyFencesOfTheSession) {
  const auto state = wire::to_access_state(make_frame(), {});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().message(), "A frame names fence [11], which the session does not have.");
}

}  // namespace
}  // namespace geyser::test
