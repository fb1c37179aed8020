// What a hostile peer writes into a channel's pipe by itself (docs/wire.md), and what it has in its hands.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include <geyser/channel.hpp>

#include "platform/shared_memory.hpp"
#include "platform/win32/error.hpp"
#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;
constexpr std::chrono::seconds patience{5};

HANDLE native(NativeHandle handle) { return reinterpret_cast<HANDLE>(handle); }

struct Header {
  std::uint32_t magic = 0x50535947;
  std::uint32_t handle_count = 0;
  std::uint32_t process_id = static_cast<std::uint32_t>(own_process());
  std::uint32_t reserved = 0;
  std::uint64_t number = 1;
  std::uint64_t taken = 0;
};

class RawPeer : public testing::Test {
 protected:
  void SetUp() override {
    auto ends = *Channel::make_pair();
    channel_.emplace(std::move(ends.first));
    pipe_ = OwnedHandle::adopt(HandleKind::none, ends.second.detach());
  }
  bool write(std::span<const std::byte> bytes) {
    OVERLAPPED overlapped{};
    const OwnedHandle event = open_device(HandleKind::none);
    overlapped.hEvent = native(event.get());
    DWORD written = 0;
    ::WriteFile(native(pipe_.get()), bytes.data(), static_cast<DWORD>(bytes.size()), nullptr, &overlapped);
    return ::GetOverlappedResult(native(pipe_.get()), &overlapped, &written, TRUE) != 0;
  }
  bool write(const Header& header, const std::vector<std::uint64_t>& handles, std::size_t payload) {
    std::vector<std::byte> bytes(sizeof(header) + handles.size() * 8 + payload);
    std::memcpy(bytes.data(), &header, sizeof(header));
    if (!handles.empty()) std::memcpy(bytes.data() + sizeof(header), handles.data(), handles.size() * 8);
    return write(bytes);
  }
  GeyserError receive_error() {
    std::array<std::byte, 256> buffer{};
    std::vector<OwnedHandle> handles;
    auto size = channel_->receive(buffer, handles, patience);
    EXPECT_FALSE(size);
    EXPECT_TRUE(handles.empty());
    return size ? GeyserError(ErrorCode::protocol, "it was taken") : size.error();
  }

  std::optional<Channel> channel_;
  OwnedHandle pipe_;
};

TEST_F(RawPeer, WellFormedMessagesAreTaken) {
  const OwnedHandle memory = *platform::create_shared_memory(4096);
  Header header;
  header.handle_count = 1;
  ASSERT_TRUE(write(header, {static_cast<std::uint64_t>(memory.get())}, 10));
  std::array<std::byte, 256> buffer{};
  std::vector<OwnedHandle> handles;
  auto size = channel_->receive(buffer, handles, patience);
  ASSERT_TRUE(size) << size.error().to_string();
  EXPECT_EQ(*size, 10U);
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_NE(handles[0].get(), memory.get()) << "a sender can never name a handle of the receiver's own";
  EXPECT_TRUE(platform::is_same_object(handles[0].get(), memory.get()));
}

TEST_F(RawPeer, MalformedMessagesEndTheChannel) {
  for (int kind = 0; kind < 6; ++kind) {
    SetUp();
    Header header;
    std::vector<std::uint64_t> handles;
    std::size_t payload = 10;
    if (kind == 0) header.magic = 1;
    if (kind == 1) header.reserved = 1;
    if (kind == 2) header.handle_count = 65;
    if (kind == 3) header.handle_count = 0xffffffff;
    if (kind == 4) header.number = 0;  // with bytes
    if (kind == 5) payload = 0;        // with a number
    ASSERT_TRUE(write(header, handles, payload));
    EXPECT_EQ(receive_error().code(), ErrorCode::protocol) << kind;
    ASSERT_TRUE(write(Header(), {}, 10));
    EXPECT_EQ(receive_error().code(), ErrorCode::protocol) << "it has ended: " << kind;
  }
  SetUp();
  const std::array<std::byte, 5> few{};
  ASSERT_TRUE(write(few));
  EXPECT_EQ(receive_error().code(), ErrorCode::protocol);
}

TEST_F(RawPeer, HandlesThatAreNoneAndProcessesThatAreNotThereAreRefused) {
  const std::size_t before = open_descriptors();
  Header header;
  header.handle_count = 2;
  const OwnedHandle memory = *platform::create_shared_memory(4096);
  for (const std::uint64_t value : {0ULL, ~0ULL, ~0ULL - 1, 0x7ffffff0ULL}) {
    ASSERT_TRUE(write(header, {static_cast<std::uint64_t>(memory.get()), value}, 10));
    EXPECT_EQ(receive_error().code(), ErrorCode::protocol) << value;
  }
  header.process_id = 0xfffffff0;
  ASSERT_TRUE(write(header, {4, 8}, 10));
  EXPECT_EQ(receive_error().code(), ErrorCode::operating_system);
  EXPECT_EQ(open_descriptors(), before + 1);
}

TEST_F(RawPeer, TooLongMessagesEndTheChannel) {
  std::thread writer([&] { write(std::vector<std::byte>(200000)); });
  EXPECT_EQ(receive_error().code(), ErrorCode::protocol);
  channel_.reset();
  writer.join();
}

TEST_F(RawPeer, SilentMessagesDoNotHoldAReceiver) {
  Header header;
  header.number = 0;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(write(header, {}, 0));
  std::array<std::byte, 256> buffer{};
  std::vector<OwnedHandle> handles;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(channel_->receive(buffer, handles, milliseconds(0)).error().code(), ErrorCode::timeout);
  }
}

// Handles wait in the sender's process, a bounded number of them, until the peer says that it has taken them.
TEST(ChannelEscrow, EndsWhenThePeerHasTakenWhatItWasSent) {
  auto [a, b] = *Channel::make_pair();
  const OwnedHandle memory = *platform::create_shared_memory(4096);
  const std::byte byte{1};
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> handles;
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(a.send(std::span(&byte, 1), std::span(&memory, 1), patience));
  EXPECT_EQ(open_descriptors(), before + 5);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(b.receive(buffer, handles, patience));
  EXPECT_EQ(open_descriptors(), before + 10);
  EXPECT_EQ(a.receive(buffer, handles, milliseconds(0)).error().code(), ErrorCode::timeout);
  EXPECT_EQ(open_descriptors(), before + 5) << "what was taken is let go of";
  handles.clear();
  EXPECT_EQ(open_descriptors(), before);
  // Somebody who takes nothing is not sent more and more.
  Result<void> sent;
  int count = 0;
  for (; count < 2000 && sent; ++count) sent = a.send(std::span(&byte, 1), std::span(&memory, 1), milliseconds(0));
  EXPECT_EQ(sent.error().code(), ErrorCode::timeout);
  EXPECT_LE(open_descriptors(), before + 512);
}

// A number is no handle: it is not looked up anywhere, never closed, and never taken for one of this process' own.
TEST(ChannelNumbers, CrossAsTheyAre) {
  auto [a, b] = *Channel::make_pair();
  const OwnedHandle own = *platform::create_shared_memory(4096);
  const OwnedHandle number = OwnedHandle::adopt(HandleKind::opaque_win32_kmt, own.get());
  const std::byte byte{1};
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> handles;
  ASSERT_TRUE(a.send(std::span(&byte, 1), std::span(&number, 1), patience));
  ASSERT_TRUE(b.receive(buffer, handles, patience));
  ASSERT_EQ(handles.size(), 1U);
  EXPECT_EQ(handles[0].kind(), HandleKind::opaque_win32_kmt);
  EXPECT_EQ(handles[0].get(), own.get());
  // A message that calls it memory, and one that calls memory a number.
  for (const HandleKind lie : {HandleKind::host_memory, HandleKind::opaque_win32_kmt, HandleKind::d3d_kmt}) {
    wire::Fences message;
    const bool is_number = lie != HandleKind::host_memory;
    message.fences.push_back({FenceKind::opaque_win32_timeline, 7, 1, *OwnedHandle::duplicate(lie, own.get())});
    auto encoded = wire::encode(wire::Message(std::move(message)));
    ASSERT_TRUE(encoded) << encoded.error().to_string();
    std::vector<OwnedHandle> swapped;
    swapped.push_back(is_number ? *own.duplicate() : *number.duplicate());
    EXPECT_EQ(wire::decode(encoded->bytes, std::move(swapped)).error().code(), ErrorCode::protocol);
  }
  handles.clear();
  EXPECT_TRUE(platform::kernel_size(own.get())) << "it is still open";
}

TEST(ChannelAdopts, OnlyPipesOfMessages) {
  EXPECT_EQ(Channel::adopt(0).error().code(), ErrorCode::invalid_handle);
  const OwnedHandle event = open_device(HandleKind::none);
  EXPECT_EQ(Channel::adopt(event.get()).error().code(), ErrorCode::invalid_handle);
  HANDLE read = nullptr;
  HANDLE write = nullptr;
  ASSERT_NE(::CreatePipe(&read, &write, nullptr, 0), 0);
  EXPECT_EQ(Channel::adopt(reinterpret_cast<NativeHandle>(read)).error().code(), ErrorCode::invalid_handle);
  ::CloseHandle(read);
  ::CloseHandle(write);
}

}  // namespace
}  // namespace geyser::test
