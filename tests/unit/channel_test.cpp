#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include <geyser/channel.hpp>

#include "platform/event.hpp"
#include "platform/host_fence.hpp"
#include "platform/shared_memory.hpp"
#include "platform/sync_file_fence.hpp"
#include "support/descriptors.hpp"
#include "support/messages.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds patience{5};

std::pair<Channel, Channel> make_pair() {
  auto ends = Channel::make_pair();
  EXPECT_TRUE(ends);
  return *std::move(ends);
}

// Both ends' object of one fence of kind sync_file.
struct TwoEnds {
  std::shared_ptr<SharedFence> here = platform::create_sync_file_fence();
  std::shared_ptr<SharedFence> there = *platform::import_sync_file_fence(*here->export_handle());
};

TEST(Channel, SendsTheSyncFilesOfAState) {
  const std::size_t before = open_descriptors();
  {
    auto [a, b] = make_pair();
    const TwoEnds fence;
    auto late = *platform::Event::create();
    auto& row = static_cast<platform::SyncFileFence&>(*fence.here);
    ASSERT_TRUE(row.put(1, *OwnedHandle::duplicate(HandleKind::sync_file, late.native())));
    AccessState state;
    ASSERT_TRUE(state.writer.add({fence.here, 1}));
    ASSERT_TRUE(a.send_fences(state, patience));
    ASSERT_TRUE(a.send(wire::to_frame(state, 3, 4), patience));
    const std::vector fences{fence.there};
    auto frame = b.receive_frame(fences, patience);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_EQ(frame->texture, 3U);
    EXPECT_EQ(fence.there->wait(1, milliseconds(1)).error().code(), ErrorCode::timeout);
    late.signal();
    EXPECT_TRUE(fence.there->wait(1, milliseconds(0)));
    EXPECT_EQ(fence.there->next_value(), 2U);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, SendsNothingForStatesWithoutSyncFiles) {
  auto [a, b] = make_pair();
  AccessState state;
  ASSERT_TRUE(state.writer.add({*platform::create_host_fence(), 1}));
  ASSERT_TRUE(a.send_fences(state, patience));
  EXPECT_EQ(b.receive_message(milliseconds(0)).error().code(), ErrorCode::timeout);
}

TEST(Channel, RefusesSyncFilesOfStrangersAndOtherMessages) {
  auto [a, b] = make_pair();
  const TwoEnds fence;
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence.here, 1}));
  ASSERT_TRUE(a.send_fences(state, patience));
  auto frame = b.receive_frame(std::span<const std::shared_ptr<SharedFence>>(), patience);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), ErrorCode::protocol);
  EXPECT_NE(frame.error().message().find("[fence.id]"), std::string::npos) << frame.error().to_string();
  ASSERT_TRUE(a.send(wire::Message(make_offer()), patience));
  const std::vector fences{fence.there};
  frame = b.receive_frame(fences, patience);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code(), ErrorCode::protocol);
}

TEST(Channel, CarriesHandlesToTheSameObject) {
  const std::size_t before = open_descriptors();
  {
    auto [a, b] = make_pair();
    wire::Offer offer = make_offer();
    const auto kernel = *platform::kernel_identity(offer.textures[0].handles[0].get());
    ASSERT_TRUE(a.send(wire::Message(std::move(offer)), patience));
    auto message = b.receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string();
    EXPECT_EQ(*platform::kernel_identity(std::get<wire::Offer>(*message).textures[0].handles[0].get()), kernel);
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, ReceivedHandlesCloseOnExec) {
  auto [a, b] = make_pair();
  auto memory = *platform::create_shared_memory(16);
  const std::byte byte{1};
  ASSERT_TRUE(a.send(std::span(&byte, 1), std::span(&memory, 1), patience));
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> handles;
  ASSERT_TRUE(b.receive(buffer, handles, patience));
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_NE(fcntl(static_cast<int>(handles[0].get()), F_GETFD) & FD_CLOEXEC, 0);
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
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, MoreHandlesThanAllowedAreRefusedAndClosed) {
  auto [a, b] = make_pair();
  auto memory = *platform::create_shared_memory(16);
  const std::size_t before = open_descriptors();
  std::array<int, 100> descriptors{};
  descriptors.fill(static_cast<int>(memory.get()));
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(descriptors))> control{};
  char byte = 1;
  iovec part{&byte, 1};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof(descriptors));
  ASSERT_EQ(sendmsg(static_cast<int>(a.native()), &header, 0), 1);
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> handles;
  EXPECT_EQ(b.receive(buffer, handles, patience).error().code(), ErrorCode::protocol);
  EXPECT_TRUE(handles.empty());
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, AdoptsOnlyItsOwnKindOfSocket) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  EXPECT_EQ(Channel::adopt(ends[0]).error().code(), ErrorCode::invalid_handle);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(Channel::adopt(ends[0]).error().code(), ErrorCode::invalid_handle);
}

TEST(Channel, KnowsItsPeer) {
  auto [a, b] = make_pair();
  auto peer = a.peer_credentials();
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->process_id, getpid());
  EXPECT_EQ(peer->user_id, geteuid());
}

TEST(Listener, AcceptsAndCleansUp) {
  const std::string path = testing::TempDir() + "geyser-" + std::to_string(getpid()) + ".socket";
  {
    auto listener = Listener::create(path);
    ASSERT_TRUE(listener) << listener.error().to_string();
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
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
  EXPECT_EQ(Listener::create(std::string(200, 'x')).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
