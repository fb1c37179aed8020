// Channels as far as they are sockets, and sync files through them.
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include <geyser/channel.hpp>

#include "platform/event.hpp"
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

TEST(Listener, KeepsOthersOut) {
  const std::string path = testing::TempDir() + "geyser-rights-" + std::to_string(getpid()) + ".socket";
  auto listener = Listener::create(path);
  ASSERT_TRUE(listener) << listener.error().to_string();
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(Listener::create(std::string(200, 'x')).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace geyser::test
