// Mach rights as handles and the channel over ports, on a double of ports: what travels, what is refused, and that
// every right is counted.
#include <gtest/gtest.h>

#include <mach/mach.h>
#include <mach/notify.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <geyser/channel.hpp>

#include "mach/ports.hpp"
#include "platform/apple/handles.hpp"
#include "platform/apple/mach_channel.hpp"
#include "platform/apple/mach_message.hpp"
#include "support/descriptors.hpp"

// The Objective-C runtime's, where there are no objects: only how often each was called.
namespace {
int object_references = 0;
}
extern "C" {
void* objc_retain(void* object) {
  ++object_references;
  return object;
}
void objc_release(void*) { --object_references; }
}

namespace geyser::test {
namespace {

using platform::Deadline;
using platform::MachChannel;
using platform::MachService;

Deadline soon() { return Deadline::after(std::chrono::seconds(10)); }
const std::array<std::byte, 3> three{std::byte{1}, std::byte{2}, std::byte{3}};

// A port with a send right for it.
struct Port {
  OwnedHandle receive;
  OwnedHandle send;
};
Port make_port() {
  auto receive = platform::create_receive_right();
  EXPECT_TRUE(receive);
  const mach_port_t name = platform::receive_name(*receive);
  EXPECT_EQ(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
  return {*std::move(receive), platform::adopt_send_right(HandleKind::io_surface, name)};
}

class Mach : public testing::Test {
 protected:
  void TearDown() override {
    const mach_double::Held now = mach_double::held();
    EXPECT_TRUE(now == before_) << now.names << " names, " << now.send_references << " send references, "
                                << now.receive_rights << " receive rights";
    EXPECT_EQ(object_references, 0);
    EXPECT_EQ(open_descriptors(), descriptors_);
  }
  mach_double::Held before_ = mach_double::held();
  std::size_t descriptors_ = open_descriptors();
};

TEST_F(Mach, RightsAreCounted) {
  Port port = make_port();
  EXPECT_EQ(port.send.kind(), HandleKind::io_surface);
  EXPECT_NE(platform::send_right_of(port.send.get()), 0U);
  EXPECT_EQ(platform::send_right_of(port.receive.get()), 0U);
  auto copy = port.send.duplicate();
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->get(), port.send.get());  // one name, two references
  EXPECT_EQ(mach_double::held().send_references, before_.send_references + 2);
  EXPECT_EQ(port.receive.duplicate().error().code(), ErrorCode::invalid_handle);
  const NativeHandle name = port.send.get();
  port.send.reset();
  copy->reset();
  EXPECT_EQ(OwnedHandle::duplicate(HandleKind::io_surface, name).error().code(), ErrorCode::invalid_handle);
  EXPECT_FALSE(platform::adopt_send_right(HandleKind::io_surface, MACH_PORT_NULL).has_value());
  EXPECT_FALSE(platform::adopt_send_right(HandleKind::io_surface, MACH_PORT_DEAD).has_value());
}

TEST_F(Mach, ObjectsAndDescriptorsAreCountedAsWhatTheyAre) {
  int object = 0;
  {
    void* const retained = static_cast<void*>(&object);
    OwnedHandle handle = OwnedHandle::adopt(HandleKind::metal_shared_event, reinterpret_cast<NativeHandle>(retained));
    auto copy = handle.duplicate();
    ASSERT_TRUE(copy);
    EXPECT_EQ(platform::retained_object_of(*copy), retained);
    EXPECT_EQ(object_references, 2);
  }
  // Adopted once, copied once, asked for once; released twice by the handles.
  EXPECT_EQ(object_references, 0);
  EXPECT_FALSE(platform::adopt_object(HandleKind::metal_shared_event, nullptr).has_value());
  OwnedHandle descriptor = OwnedHandle::adopt(HandleKind::none, ::dup(0));
  auto copy = descriptor.duplicate();
  ASSERT_TRUE(copy);
  EXPECT_NE(copy->get(), descriptor.get());
  EXPECT_EQ(platform::send_right_of(copy->get()), 0U);
}

TEST_F(Mach, MessagesCarryRights) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends) << ends.error().to_string();
  Port port = make_port();
  std::vector<OwnedHandle> handles;
  handles.push_back(std::move(port.send));
  ASSERT_TRUE(ends->first.send(three, handles, soon()));
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> received;
  auto size = ends->second.receive(buffer, &received, soon());
  ASSERT_TRUE(size) << size.error().to_string();
  EXPECT_EQ(*size, three.size());
  EXPECT_EQ(std::memcmp(buffer.data(), three.data(), three.size()), 0);
  ASSERT_EQ(received.size(), 1U);
  // The same port has the same name, and the message brought a reference of its own.
  EXPECT_EQ(received[0].get(), handles[0].get());
  EXPECT_EQ(ends->second.receive(buffer, &received, Deadline::after({})).error().code(), ErrorCode::timeout);
}

TEST_F(Mach, WhatDoesNotBelongIsRefusedWhole) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends);
  std::vector<OwnedHandle> handles;
  std::array<std::byte, 2> small{};
  handles.push_back(OwnedHandle::adopt(HandleKind::none, ::dup(0)));
  EXPECT_EQ(ends->first.send(three, handles, soon()).error().code(), ErrorCode::invalid_argument);
  handles.clear();
  Port port = make_port();
  handles.push_back(std::move(port.send));
  // Too long.
  ASSERT_TRUE(ends->first.send(std::vector<std::byte>(5000), handles, soon()));
  EXPECT_EQ(ends->second.receive(small, &handles, soon()).error().code(), ErrorCode::protocol);
  // Rights where none belongs.
  ASSERT_TRUE(ends->first.send(std::span(three).first(2), handles, soon()));
  EXPECT_EQ(ends->second.receive(small, nullptr, soon()).error().code(), ErrorCode::protocol);
  EXPECT_EQ(ends->first.send({}, {}, soon()).error().code(), ErrorCode::invalid_argument);
}

// The kernel gives rights back in a message that it could not send.
TEST_F(Mach, AFullQueueLosesNoRight) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends);
  Port port = make_port();
  std::vector<OwnedHandle> handles;
  handles.push_back(std::move(port.send));
  const std::vector<std::byte> much(32768);
  Result<void> sent;
  int count = 0;
  while (sent && count < 10000) {
    sent = ends->first.send(much, handles, Deadline::after({}));
    if (sent) ++count;
  }
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), ErrorCode::timeout);
  EXPECT_EQ(mach_double::held().send_references, before_.send_references + 3);  // the channel's two and ours
  std::vector<std::byte> buffer(much.size());
  for (int i = 0; i < count; ++i) {
    std::vector<OwnedHandle> received;
    ASSERT_TRUE(ends->second.receive(buffer, &received, soon()));
  }
}

TEST_F(Mach, ADeadPortIsAPeerThatIsGone) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends);
  { const MachChannel gone = std::move(ends->second); }
  EXPECT_EQ(ends->first.send(three, {}, soon()).error().code(), ErrorCode::abandoned);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(ends->first.receive(buffer, nullptr, soon()).error().code(), ErrorCode::abandoned);
}

TEST_F(Mach, NamesHaveOneOwner) {
  const std::string name = "dev.geyser.test." + std::to_string(::getpid());
  EXPECT_EQ(MachChannel::connect(name, soon()).error().code(), ErrorCode::not_available);
  auto service = MachService::create(name);
  ASSERT_TRUE(service) << service.error().to_string();
  EXPECT_EQ(MachService::create(name).error().code(), ErrorCode::busy);
  EXPECT_EQ(MachService::create("").error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(service->accept(Deadline::after({})).error().code(), ErrorCode::timeout);
}

// A sandbox lets a program have names of its App Groups only, which a path in a group's container says.
TEST_F(Mach, ASandboxedProgramListensInItsGroupsContainer) {
  const std::string group = "ABCDE12345.dev.example.feeds";
  std::string home = std::filesystem::temp_directory_path() / "geyser-group-XXXXXX";
  ASSERT_NE(::mkdtemp(home.data()), nullptr);
  const std::filesystem::path container = std::filesystem::path(home) / "Library/Group Containers" / group;
  std::filesystem::create_directories(container);
  mach_double::sandbox(group);
  {
    auto listener = Listener::create(container / "feed");
    ASSERT_TRUE(listener) << listener.error().to_string();
    auto client = Channel::connect(container / "feed", std::chrono::seconds(10));
    ASSERT_TRUE(client) << client.error().to_string();
    auto server = listener->accept(std::chrono::seconds(10));
    EXPECT_TRUE(server) << server.error().to_string();
  }
  const std::filesystem::path elsewhere = std::filesystem::path(home) / "feed";
  auto refused = Listener::create(elsewhere);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::operating_system) << refused.error().to_string();
  ASSERT_EQ(refused.error().alternatives().size(), 1U);
  EXPECT_EQ(refused.error().alternatives()[0], "a name that begins with one of the program's App Groups");
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  mach_double::sandbox({});
  EXPECT_TRUE(Listener::create(elsewhere));
  std::filesystem::remove_all(home);
}

TEST_F(Mach, ConnectingWaitsForNobody) {
  const std::string name = "dev.geyser.early." + std::to_string(::getpid());
  auto service = MachService::create(name);
  ASSERT_TRUE(service);
  auto client = MachChannel::connect(name, Deadline::after({}));
  ASSERT_TRUE(client) << client.error().to_string();
  EXPECT_FALSE(client->peer());
  ASSERT_TRUE(client->send(three, {}, Deadline::after({})));
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(client->receive(buffer, nullptr, Deadline::after({})).error().code(), ErrorCode::timeout);
  auto server = service->accept(Deadline::after({}));
  ASSERT_TRUE(server) << server.error().to_string();
  EXPECT_EQ(*server->receive(buffer, nullptr, Deadline::after({})), three.size());
  ASSERT_TRUE(server->send(three, {}, soon()));
  EXPECT_EQ(*client->receive(buffer, nullptr, soon()), three.size());
  ASSERT_TRUE(client->peer());
  EXPECT_EQ(client->peer()->process_id, ::getpid());
}

// What was sent to a service that goes without a look, the kernel destroys; whoever waits is told.
TEST_F(Mach, AServiceThatGoesIsAPeerThatIsGone) {
  const std::string name = "dev.geyser.gone." + std::to_string(::getpid());
  auto service = MachService::create(name);
  ASSERT_TRUE(service);
  auto client = MachChannel::connect(name, soon());
  ASSERT_TRUE(client);
  Port port = make_port();
  std::vector<OwnedHandle> handles;
  handles.push_back(std::move(port.send));
  ASSERT_TRUE(client->send(three, handles, soon()));
  { const MachService gone = *std::move(service); }
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(client->receive(buffer, nullptr, soon()).error().code(), ErrorCode::abandoned);
  EXPECT_EQ(client->receive(buffer, nullptr, soon()).error().code(), ErrorCode::abandoned);
  EXPECT_EQ(client->send(three, {}, soon()).error().code(), ErrorCode::abandoned);
}

// Whose first word is no welcome is no service of Geyser's, and whatever else comes from there is not looked at.
TEST_F(Mach, AServiceOfSomebodyElseIsRefused) {
  const std::string name = "dev.geyser.other." + std::to_string(::getpid());
  auto service = MachService::create(name);
  ASSERT_TRUE(service);
  auto client = MachChannel::connect(name, soon());
  ASSERT_TRUE(client);
  platform::ReceivedMessage hello;
  {
    // As the service would: its port is known here.
    OwnedHandle right = OwnedHandle::adopt(HandleKind::none, service->native());
    std::array<std::byte, 1> none{};
    ASSERT_TRUE(platform::receive_message(right, none, hello, soon(), platform::TakeRights::any));
    static_cast<void>(right.detach());
  }
  ASSERT_EQ(hello.rights.size(), 2U);
  ASSERT_TRUE(platform::send_message(platform::send_right_of(hello.rights[0].get()), platform::MessageId::data, three,
                                     {}, soon()));
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(client->receive(buffer, nullptr, soon()).error().code(), ErrorCode::protocol);
  EXPECT_EQ(client->receive(buffer, nullptr, soon()).error().code(), ErrorCode::abandoned);
}

TEST_F(Mach, ReceiveRightsDoNotComeWithData) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends);
  Port port = make_port();
  const platform::RightToSend moved{platform::receive_name(port.receive), MACH_MSG_TYPE_MOVE_RECEIVE};
  const MachChannel& to = ends->second;
  const mach_port_t name = static_cast<mach_port_t>(to.native() & 0xffffffff);
  EXPECT_EQ(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
  const OwnedHandle right = platform::adopt_send_right(HandleKind::none, name);
  ASSERT_TRUE(platform::send_message(name, platform::MessageId::data, three, {&moved, 1}, soon()));
  static_cast<void>(port.receive.detach());
  std::array<std::byte, 16> buffer{};
  std::vector<OwnedHandle> received;
  EXPECT_EQ(ends->second.receive(buffer, &received, soon()).error().code(), ErrorCode::protocol);
  EXPECT_TRUE(received.empty());
}

// The peer may say that it is dead; it may not have this process drop rights.
TEST_F(Mach, AForgedNoticeOfDeathEndsTheChannelAndNoMore) {
  auto ends = MachChannel::pair();
  ASSERT_TRUE(ends);
  Port port = make_port();
  const mach_port_t name = static_cast<mach_port_t>(ends->second.native() & 0xffffffff);
  EXPECT_EQ(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
  const OwnedHandle right = platform::adopt_send_right(HandleKind::none, name);
  mach_dead_name_notification_t forged{};
  forged.not_header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
  forged.not_header.msgh_size = offsetof(mach_dead_name_notification_t, trailer);
  forged.not_header.msgh_remote_port = name;
  forged.not_header.msgh_id = MACH_NOTIFY_DEAD_NAME;
  forged.not_port = platform::send_right_of(port.send.get());
  ASSERT_EQ(mach_msg(&forged.not_header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, forged.not_header.msgh_size, 0,
                     MACH_PORT_NULL, 0, MACH_PORT_NULL),
            MACH_MSG_SUCCESS);
  std::array<std::byte, 16> buffer{};
  EXPECT_EQ(ends->second.receive(buffer, nullptr, soon()).error().code(), ErrorCode::abandoned);
  EXPECT_TRUE(port.send.duplicate());
}

// Another process connects, sends a right of a port of its own, and is told of a message to that port; then it dies.
TEST_F(Mach, TwoProcessesMeetByName) {
  const std::string name = "dev.geyser.two." + std::to_string(::getpid());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto until = soon();
    auto channel = MachChannel::connect(name, until);
    while (!channel && until.remaining().count() != 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      channel = MachChannel::connect(name, until);
    }
    if (!channel) ::_exit(2);
    Port port = make_port();
    std::vector<OwnedHandle> handles;
    handles.push_back(std::move(port.send));
    if (!channel->send(three, handles, soon())) ::_exit(3);
    auto told = platform::receive_message(port.receive, 16, soon());
    if (!told || told->bytes.size() != 2) ::_exit(4);
    if (told->sender.process_id != ::getppid() || channel->peer()) ::_exit(5);
    std::array<std::byte, 16> buffer{};
    if (!channel->receive(buffer, nullptr, soon())) ::_exit(6);
    if (!channel->peer() || channel->peer()->process_id != ::getppid()) ::_exit(7);
    ::_exit(0);
  }
  {
    auto service = MachService::create(name);
    ASSERT_TRUE(service);
    auto channel = service->accept(soon());
    ASSERT_TRUE(channel) << channel.error().to_string();
    EXPECT_EQ(channel->peer()->process_id, child);
    EXPECT_EQ(channel->peer()->user_id, ::geteuid());
    std::array<std::byte, 16> buffer{};
    std::vector<OwnedHandle> received;
    auto size = channel->receive(buffer, &received, soon());
    ASSERT_TRUE(size) << size.error().to_string();
    ASSERT_EQ(received.size(), 1U);
    EXPECT_TRUE(platform::send_message(platform::send_right_of(received[0].get()), platform::MessageId::data,
                                       std::span(three).first(2), {}, soon()));
    EXPECT_TRUE(channel->send(three, {}, soon()));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    EXPECT_EQ(channel->receive(buffer, &received, soon()).error().code(), ErrorCode::abandoned);
  }
}

}  // namespace
}  // namespace geyser::test
