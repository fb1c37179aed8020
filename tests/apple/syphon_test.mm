// Syphon between Geyser and itself, and with programs that send what Syphon's framework sends, or worse.
#include <CoreFoundation/CoreFoundation.h>

#include <geyser/syphon.hpp>

#include "metal_fixture.hpp"
#include "syphon/message_port.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using syphon::MessagePort;
using syphon::Payload;

class Syphon : public Metal {
 protected:
  void TearDown() override {
    Metal::TearDown();
    EXPECT_EQ(apple_double::message_ports(), 0);
  }
  static TextureDescriptor picture() {
    TextureDescriptor d = describe(TextureFormat::bgra8_unorm, 128, 32);
    d.picture.origin = PictureOrigin::bottom_left;
    return d;
  }
  // A frame of `sender`, as it is in a texture of the sender's program.
  void send(End& end, syphon::Sender& sender, std::uint32_t seed) {
    if (!source_) {
      auto texture = first().create_texture(picture(), HandleKind::io_surface);
      ASSERT_TRUE(texture);
      source_ = *std::move(texture);
    }
    auto write = source_->begin_access(AccessMode::discard, source_state_);
    ASSERT_TRUE(write);
    ASSERT_TRUE(end.fill(*source_, make_pattern(picture(), seed)));
    source_state_ = *source_->end_access(*std::move(write));
    auto read = source_->begin_access(AccessMode::read, source_state_);
    ASSERT_TRUE(read);
    auto sent = sender.send(*source_);
    EXPECT_TRUE(sent) << sent.error().to_string();
    source_state_ = *source_->end_access(*std::move(read));
  }
  // Waits for a frame, at most a second.
  Result<bool> receive(syphon::Receiver& receiver, SharedTexture& to, AccessState& state) {
    for (int i = 0; i < 1000; ++i) {
      auto write = to.begin_access(AccessMode::discard, state);
      if (!write) return fail(std::move(write.error()));
      auto news = receiver.copy_frame(to);
      state = *to.end_access(*std::move(write));
      if (!news || *news) return news;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  // What a program of Syphon's says of itself.
  static NSMutableDictionary* description(const char* uuid, const char* name, const char* application,
                                          const char* type = "SyphonSurfaceTypeIOSurface") {
    const auto text = [](const char* bytes) { return [NSString stringWithUTF8String:bytes]; };
    NSMutableDictionary* all = [NSMutableDictionary dictionary];
    [all setObject:[NSNumber numberWithUnsignedInt:0] forKey:@"SyphonServerDescriptionDictionaryVersionKey"];
    [all setObject:text(uuid) forKey:@"SyphonServerDescriptionUUIDKey"];
    [all setObject:text(name) forKey:@"SyphonServerDescriptionNameKey"];
    [all setObject:text(application) forKey:@"SyphonServerDescriptionAppNameKey"];
    NSDictionary* surface = [NSDictionary dictionaryWithObject:text(type) forKey:@"SyphonSurfaceType"];
    [all setObject:[NSArray arrayWithObject:surface] forKey:@"SyphonServerDescriptionSurfacesKey"];
    return all;
  }

  std::unique_ptr<SharedTexture> source_;
  AccessState source_state_;
};

TEST_F(Syphon, FramesGoFromServerToClient) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto sender = syphon::Sender::create(first(), "stage", picture());
  ASSERT_TRUE(sender) << sender.error().to_string();
  auto servers = syphon::list_servers(50ms);
  ASSERT_TRUE(servers);
  ASSERT_EQ(servers->size(), 1U);
  EXPECT_EQ((*servers)[0].name, "stage");
  EXPECT_EQ((*servers)[0].uuid, (*sender)->info().uuid);
  send(**end, **sender, 1);
  auto receiver = syphon::Receiver::open(second(), "stage");
  ASSERT_TRUE(receiver) << receiver.error().to_string();
  EXPECT_EQ((*receiver)->descriptor(), picture());
  EXPECT_EQ((*sender)->client_count(), 1U);
  auto copy = second().create_texture((*receiver)->descriptor(), HandleKind::io_surface);
  ASSERT_TRUE(copy);
  AccessState state;
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    if (seed != 1) send(**end, **sender, seed);
    auto news = receive(**receiver, **copy, state);
    ASSERT_TRUE(news) << news.error().to_string();
    ASSERT_TRUE(*news);
    auto access = (*copy)->begin_access(AccessMode::read, state);
    ASSERT_TRUE(access);
    auto seen = (*end)->read(**copy);
    ASSERT_TRUE(seen);
    state = *(*copy)->end_access(*std::move(access));
    EXPECT_EQ(difference(picture(), make_pattern(picture(), seed), *seen), "");
  }
  // Nothing new since.
  auto write = (*copy)->begin_access(AccessMode::discard, state);
  auto news = (*receiver)->copy_frame(**copy);
  ASSERT_TRUE(news);
  EXPECT_FALSE(*news);
  state = *(*copy)->end_access(*std::move(write));
  // The server goes.
  sender->reset();
  source_.reset();
  news = receive(**receiver, **copy, state);
  ASSERT_FALSE(news);
  EXPECT_EQ(news.error().code(), ErrorCode::abandoned);
  receiver->reset();
  copy->reset();
}

TEST_F(Syphon, AClientThatLeavesIsForgotten) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto sender = syphon::Sender::create(first(), "stage", picture());
  ASSERT_TRUE(sender);
  send(**end, **sender, 1);
  {
    auto receiver = syphon::Receiver::open(second());
    ASSERT_TRUE(receiver) << receiver.error().to_string();
    EXPECT_EQ((*sender)->client_count(), 1U);
  }
  for (int i = 0; i < 1000 && (*sender)->client_count() != 0; ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ((*sender)->client_count(), 0U);
  source_.reset();
}

TEST_F(Syphon, ServersThatAreNotThereAreNamed) {
  auto sender = syphon::Sender::create(first(), "stage", picture());
  ASSERT_TRUE(sender);
  auto none = syphon::find_server("nowhere");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  ASSERT_EQ(none.error().alternatives().size(), 1U);
  EXPECT_NE(none.error().alternatives()[0].find("/stage]"), std::string::npos);
  // One that has drawn nothing yet.
  auto receiver = syphon::Receiver::open(second(), "stage");
  ASSERT_FALSE(receiver);
  EXPECT_EQ(receiver.error().code(), ErrorCode::timeout) << receiver.error().to_string();
  sender->reset();
  auto servers = syphon::list_servers(20ms);
  ASSERT_TRUE(servers);
  EXPECT_TRUE(servers->empty());
}

// What a server of Syphon's framework does, by its messages; and what none should.
TEST_F(Syphon, ForeignServersAreHeardAndNotBelieved) {
  @autoreleasepool {
    IOSurfaceRef surface = new_surface(128, 32, {{kIOSurfaceIsGlobal, 1}});  // and no name of a format
    ASSERT_NE(surface, nullptr);
    std::atomic<std::uint32_t> says = IOSurfaceGetID(surface);
    std::atomic<int> requests = 0;
    std::optional<syphon::RemotePort> client;
    auto server = MessagePort::create("info.v002.Syphon.foreign", [&](std::int32_t type, const Payload& payload) {
      ++requests;
      const auto* name = std::get_if<std::string>(&payload);
      if (type != 0 || name == nullptr) return;
      auto port = syphon::RemotePort::open(*name);
      if (!port) return;
      client.emplace(*std::move(port));
      // Noise first: of no type, of the wrong payload, unreadable.
      static_cast<void>(client->send(99, std::string("noise")));
      static_cast<void>(client->send(2, std::string("no number")));
      static_cast<void>(client->send(2, says.load()));
    });
    ASSERT_TRUE(server) << server.error().to_string();
    // Servers without a surface, without a UUID, and what is no description at all.
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce", nullptr);
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce", description("", "no uuid", "x"));
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce", description("u", "other", "x", "another kind"));
    const std::string longest(5000, 'n');
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce",
                                    description("info.v002.Syphon.foreign", longest.c_str(), "Foreign"));
    auto servers = syphon::list_servers(50ms);
    ASSERT_TRUE(servers);
    ASSERT_EQ(servers->size(), 1U);
    EXPECT_EQ((*servers)[0].name.size(), 255U);
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce",
                                    description("info.v002.Syphon.foreign", "film", "Foreign"));
    auto receiver = syphon::Receiver::open(second(), "Foreign/film");
    ASSERT_TRUE(receiver) << receiver.error().to_string();
    EXPECT_EQ((*receiver)->descriptor(), picture());
    auto copy = second().create_texture(picture(), HandleKind::io_surface);
    ASSERT_TRUE(copy);
    AccessState state;
    // It goes on to another surface, which is the client's to open anew.
    ASSERT_TRUE(client->send(2, std::uint32_t{123456}));
    Result<bool> news = false;
    for (int i = 0; i < 1000 && news; ++i) {
      auto write = (*copy)->begin_access(AccessMode::discard, state);
      news = (*receiver)->copy_frame(**copy);
      state = *(*copy)->end_access(*std::move(write));
      std::this_thread::sleep_for(1ms);
    }
    ASSERT_FALSE(news);
    EXPECT_EQ(news.error().code(), ErrorCode::stale_state);
    receiver->reset();
    // The number of no surface.
    says = 654321;
    apple_double::post_notification("info.v002.Syphon.ServerAnnounce",
                                    description("info.v002.Syphon.foreign", "film", "Foreign"));
    receiver = syphon::Receiver::open(second(), "film");
    ASSERT_FALSE(receiver);
    EXPECT_EQ(receiver.error().code(), ErrorCode::invalid_handle) << receiver.error().to_string();
    EXPECT_GE(requests.load(), 6);  // two each to come and to go, and the last ones
    server->reset();
    CFRelease(surface);
    copy->reset();
  }
}

TEST_F(Syphon, ForeignClientsGetWhatTheyAskFor) {
  auto end = make_metal_end();
  ASSERT_TRUE(end);
  auto sender = syphon::Sender::create(first(), "", picture());
  ASSERT_TRUE(sender);
  std::mutex mutex;
  std::vector<std::int32_t> heard;
  std::uint32_t number = 0;
  auto client = MessagePort::create("info.v002.Syphon.client", [&](std::int32_t type, const Payload& payload) {
    const std::scoped_lock lock(mutex);
    heard.push_back(type);
    if (const auto* id = std::get_if<std::uint32_t>(&payload)) number = *id;
  });
  ASSERT_TRUE(client);
  auto remote = syphon::RemotePort::open((*sender)->info().uuid);
  ASSERT_TRUE(remote);
  // Nobody's name, no name, another kind of message: nothing comes of it.
  ASSERT_TRUE(remote->send(0, std::string("info.v002.Syphon.nobody")));
  ASSERT_TRUE(remote->send(0));
  ASSERT_TRUE(remote->send(77, std::string("info.v002.Syphon.client")));
  ASSERT_TRUE(remote->send(0, std::string("info.v002.Syphon.client")));
  ASSERT_TRUE(remote->send(1, std::string("info.v002.Syphon.client")));
  for (int i = 0; i < 1000 && (*sender)->client_count() == 0; ++i) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ((*sender)->client_count(), 1U);
  send(**end, **sender, 1);
  sender->reset();
  for (int i = 0; i < 1000; ++i) {
    const std::scoped_lock lock(mutex);
    if (heard.size() >= 3) break;
    std::this_thread::sleep_for(1ms);
  }
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(heard, (std::vector<std::int32_t>{2, 1, 3}));  // surface, frame, retired
  EXPECT_NE(number, 0U);
  client->reset();
  source_.reset();
}

TEST_F(Syphon, RefusesWhatSyphonDoesNotKnow) {
  auto other = syphon::Sender::create(first(), "x", describe(TextureFormat::rgba16_float));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(syphon::Sender::create(first(), std::string(256, 'x'), picture()).error().code(),
            ErrorCode::invalid_argument);
  auto host = make_host_end();
  ASSERT_TRUE(host);
  EXPECT_EQ(syphon::Sender::create((*host)->manager(), "x", picture()).error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace geyser::test
