#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include <geyser/channel.hpp>

#include "platform/host_fence.hpp"
#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds patience{5};

std::pair<Channel, Channel> make_pair() {
  auto ends = Channel::make_pair();
  EXPECT_TRUE(ends);
  return *std::move(ends);
}

TEST(Channel, SendsNothingForStatesWithoutSyncFiles) {
  auto [a, b] = make_pair();
  AccessState state;
  ASSERT_TRUE(state.writer.add({*platform::create_host_fence(), 1}));
  ASSERT_TRUE(a.send_fences(state, patience));
  EXPECT_EQ(b.receive_message(milliseconds(0)).error().code(), ErrorCode::timeout);
}

TEST(Channel, CarriesHandlesToTheSameObject) {
  const std::size_t before = open_descriptors();
  {
    auto [a, b] = make_pair();
    wire::Offer offer = make_offer();
    const OwnedHandle kept = *offer.textures[0].handles[0].duplicate();
    ASSERT_TRUE(a.send(wire::Message(std::move(offer)), patience));
    auto message = b.receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    const OwnedHandle& received = std::get<wire::Offer>(*message).textures[0].handles[0];
    if (handles_are_numbered_apart()) {
      EXPECT_NE(received.get(), kept.get());
    }
    EXPECT_TRUE(platform::is_same_object(received.get(), kept.get()));
    EXPECT_FALSE(platform::is_same_object(received.get(), platform::create_shared_memory(4096)->get()));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, ReceivedHandlesAreNotInherited) {
  auto [a, b] = make_pair();
  auto memory = *platform::create_shared_memory(16);
  const std::byte byte{1};
  ASSERT_TRUE(a.send(std::span(&byte, 1), std::span(&memory, 1), patience));
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> handles;
  ASSERT_TRUE(b.receive(buffer, handles, patience));
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_FALSE(is_inherited(handles[0].get()));
}

TEST(Channel, WaitsAreBounded) {
  auto [a, b] = make_pair();
  EXPECT_EQ(b.receive_frame(milliseconds(20)).error().code(), ErrorCode::timeout);
  // Nobody reads: the socket fills up.
  const std::vector<std::byte> large(60000);
  Result<void> sent;
  for (int i = 0; i < 100 && sent; ++i) sent = a.send(large, {}, milliseconds(20));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), ErrorCode::timeout);
}

TEST(Channel, AClosedPeerIsAbandoned) {
  auto [a, b] = make_pair();
  { const Channel closed = std::move(b); }
  EXPECT_EQ(a.receive_message(patience).error().code(), ErrorCode::abandoned);
  EXPECT_EQ(a.send(wire::Frame{}, patience).error().code(), ErrorCode::abandoned);
}

TEST(Channel, TruncatedMessagesAreErrorsAndCloseTheirHandles) {
  auto [a, b] = make_pair();
  auto memory = *platform::create_shared_memory(16);
  const std::size_t before = open_descriptors();
  const std::vector<std::byte> bytes(100);
  ASSERT_TRUE(a.send(bytes, std::span(&memory, 1), patience));
  std::array<std::byte, 16> small{};
  std::vector<OwnedHandle> handles;
  EXPECT_EQ(b.receive(small, handles, patience).error().code(), ErrorCode::protocol);
  EXPECT_TRUE(handles.empty());
  // A frame brings no handles.
  ASSERT_TRUE(a.send(std::span(bytes).first(wire::frame_bytes < 100 ? wire::frame_bytes : 100), std::span(&memory, 1),
                     patience));
  EXPECT_EQ(b.receive_frame(patience).error().code(), ErrorCode::protocol);
  // On Windows a sender keeps copies until it hears that they have been taken, or not wanted.
  EXPECT_EQ(a.receive_frame(milliseconds(0)).error().code(), ErrorCode::timeout);
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, KnowsItsPeer) {
  auto [a, b] = make_pair();
  auto peer = a.peer_credentials();
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->process_id, own_process());
  EXPECT_EQ(peer->user_id, own_user());
}

TEST(Listener, AcceptsAndCleansUp) {
  const std::string path = testing::TempDir() + "geyser-" + std::to_string(own_process()) + ".socket";
  {
    auto listener = Listener::create(path);
    ASSERT_TRUE(listener) << listener.error().to_string();
    EXPECT_EQ(Listener::create(path).error().code(), ErrorCode::busy);
    auto client = Channel::connect(path, patience);
    ASSERT_TRUE(client) << client.error().to_string();
    auto server = listener->accept(patience);
    ASSERT_TRUE(server) << server.error().to_string();
    ASSERT_TRUE(client->send(wire::Message(make_hello()), patience));
    EXPECT_TRUE(server->receive_message(patience));
    EXPECT_EQ(listener->accept(milliseconds(10)).error().code(), ErrorCode::timeout);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(Channel::connect(path, patience).error().code(), ErrorCode::not_available);
  EXPECT_EQ(Listener::create(std::string(2000, 'x')).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(Listener::create("").error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
