// The Spout bridge. The shared memory, mutexes and counters are the system's own, and the other side of them is a
// program that calls the system by itself (foreign.hpp); textures are the Direct3D stand-in's, since Wine shares none.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>

#include <geyser/d3d11.hpp>
#include <geyser/spout.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "d3d11/stand_in.hpp"
#include "process/child.hpp"
#include "spout/foreign.hpp"
#include "spout/layout.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Names = std::vector<std::string>;

TextureDescriptor picture(std::uint32_t width = 64) {
  TextureDescriptor descriptor;
  descriptor.extent = {width, 32, 1};
  descriptor.format = TextureFormat::bgra8_unorm;
  return descriptor;
}

std::vector<std::string> names_of(const std::vector<spout::SenderInfo>& senders) {
  std::vector<std::string> names;
  for (const spout::SenderInfo& info : senders) names.push_back(info.name);
  return names;
}

TEST(SpoutLayout, NamesEndWhereTheyMust) {
  std::vector<std::byte> list(3 * spout::name_bytes);
  EXPECT_EQ(spout::read_names(list), Names{});
  EXPECT_TRUE(spout::write_names(list, {"b", "a", "b"}));
  EXPECT_EQ(spout::read_names(list), (Names{"a", "b"}));
  EXPECT_TRUE(spout::write_names(list, {"c", "a", "b"}));
  EXPECT_EQ(spout::read_names(list), (Names{"a", "b", "c"}));
  EXPECT_FALSE(spout::write_names(list, {"a", "b", "c", "d"}));
  EXPECT_EQ(spout::read_names(list), (Names{"a", "b", "c"}));
  EXPECT_TRUE(spout::write_names(list, {"c"}));
  EXPECT_EQ(spout::read_names(list), Names{"c"});
  // A name without an end, as only an enemy writes it.
  std::fill(list.begin() + spout::name_bytes, list.end(), std::byte{'x'});
  EXPECT_EQ(spout::read_names(list), Names{"c"});
  EXPECT_EQ(spout::read_names(std::span(list).first(255)), Names{});
}

TEST(SpoutLayout, ADescriptionLiesAsSpoutHasIt) {
  foreign::Description raw{0x40001234, 640, 480, 87, 5, "C:\\program.exe", 0x80000000};
  const auto bytes = std::as_bytes(std::span(&raw, 1));
  auto info = spout::read_info(bytes);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->handle, 0x40001234U);
  EXPECT_EQ(info->width, 640U);
  EXPECT_EQ(info->height, 480U);
  EXPECT_EQ(info->format, 87U);
  EXPECT_EQ(info->program, "C:\\program.exe");
  EXPECT_TRUE(info->by_memory);
  EXPECT_FALSE(spout::read_info(bytes.first(279)));
  foreign::Description back{};
  EXPECT_TRUE(spout::write_info(std::as_writable_bytes(std::span(&back, 1)), *info));
  raw.usage = 0;
  EXPECT_EQ(std::memcmp(&raw, &back, sizeof(raw)), 0);
  std::memset(raw.program, 'x', sizeof(raw.program));
  EXPECT_EQ(spout::read_info(bytes)->program, "");
}

TEST(SpoutDirectory, NobodyIsThere) {
  auto senders = spout::list_senders();
  ASSERT_TRUE(senders) << senders.error().to_string();
  EXPECT_TRUE(senders->empty());
  EXPECT_EQ(spout::find_sender().error().code(), ErrorCode::not_available);
}

class Spout : public testing::Test {
 protected:
  void SetUp() override {
    auto end = make_end("d3d11");
    ASSERT_TRUE(end) << end.error().to_string();
    end_ = *std::move(end);
  }
  void TearDown() override {
    child_.reset();
    if (end_ != nullptr) {
      for (const std::string& complaint : end_->complaints) ADD_FAILURE() << complaint;
    }
    end_.reset();
    EXPECT_EQ(stand_in::live_objects(), 0U);
    EXPECT_FALSE(foreign::is_there("SpoutSenderNames"));
  }
  TextureShareManager& manager() { return end_->manager(); }
  Channel& channel() { return child_->channel(); }
  void start(const char* what) {
    auto child = Child::start({"--spout", what});
    ASSERT_TRUE(child) << child.error().to_string();
    child_.emplace(*std::move(child));
    expect("ready");
  }
  void expect(const char* word) {
    auto said = receive_text(channel());
    ASSERT_TRUE(said) << said.error().to_string() << "; " << child_->join();
    ASSERT_EQ(*said, word);
  }
  void say(const char* word) { ASSERT_TRUE(send_text(channel(), word)); }
  // A texture of this side's own, to copy from or to.
  std::unique_ptr<SharedTexture> own(std::uint32_t width = 64) {
    auto texture = manager().create_texture(picture(width), HandleKind::host_memory);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return *std::move(texture);
  }
  // What copy_frame() says; what is copied is compared with the pattern of that seed.
  Result<bool> receive(spout::Receiver& receiver, std::uint32_t seed) {
    const auto to = own();
    auto access = to->begin_access(AccessMode::discard, {});
    if (!access) return fail(std::move(access.error()));
    auto copied = receiver.copy_frame(*to);
    if (copied && *copied) {
      auto actual = end_->read(*to);
      EXPECT_TRUE(actual);
      EXPECT_EQ(difference(picture(), make_pattern(picture(), seed), *actual), "");
    }
    EXPECT_TRUE(to->end_access(*std::move(access)));
    return copied;
  }
  std::unique_ptr<End> end_;
  std::optional<Child> child_;
};

TEST_F(Spout, ListsTheSendersOfAnotherProgramUntilItDies) {
  start("foreign");
  auto senders = spout::list_senders();
  ASSERT_TRUE(senders) << senders.error().to_string();
  // "gone" is on its list without a description.
  ASSERT_EQ(names_of(*senders), (Names{"camera", "memory"}));
  EXPECT_EQ((*senders)[0].width, 640U);
  EXPECT_EQ((*senders)[0].height, 480U);
  EXPECT_EQ((*senders)[0].format, 87U);
  EXPECT_EQ((*senders)[0].handle, 0xc0001234U);
  EXPECT_TRUE((*senders)[0].active);
  EXPECT_EQ((*senders)[0].program, "foreign.exe");
  EXPECT_TRUE((*senders)[1].by_memory);
  EXPECT_FALSE((*senders)[1].active);
  EXPECT_EQ(spout::find_sender()->name, "camera");
  EXPECT_EQ(spout::find_sender("memory")->name, "memory");
  auto none = spout::find_sender("nobody");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::not_available);
  EXPECT_NE(none.error().message().find("camera, memory"), std::string::npos);
  EXPECT_EQ(spout::Receiver::open(manager(), "memory").error().code(), ErrorCode::unsupported);
  EXPECT_EQ(spout::Receiver::open(manager(), "camera").error().code(), ErrorCode::invalid_handle);
  child_->kill();
  senders = spout::list_senders();
  ASSERT_TRUE(senders);
  EXPECT_TRUE(senders->empty());
}

TEST_F(Spout, AListThatSomebodyHoldsIsWaitedForBriefly) {
  start("holds the list");
  const auto begun = Clock::now();
  auto senders = spout::list_senders();
  ASSERT_FALSE(senders);
  EXPECT_EQ(senders.error().code(), ErrorCode::timeout) << senders.error().to_string();
  EXPECT_LT(Clock::now() - begun, 2s);
  EXPECT_EQ(spout::Sender::create(manager(), "mine", picture()).error().code(), ErrorCode::timeout);
  const foreign::Program keeps_the_list;
  child_->kill();
  // Who dies with a mutex does not close it for the others.
  auto sender = spout::Sender::create(manager(), "mine", picture());
  EXPECT_TRUE(sender) << sender.error().to_string();
}

TEST_F(Spout, ASenderIsWhatOtherProgramsExpect) {
  auto sender = spout::Sender::create(manager(), "mine", picture());
  ASSERT_TRUE(sender) << sender.error().to_string();
  {
    const foreign::Program program;
    EXPECT_EQ(program.listed(), Names{"mine"});
    EXPECT_STREQ(program.active.bytes(), "mine");
    const foreign::Map map("mine", 280);
    foreign::Description description{};
    std::memcpy(&description, map.bytes(), sizeof(description));
    EXPECT_EQ(description.width, 64U);
    EXPECT_EQ(description.height, 32U);
    EXPECT_EQ(description.format, 87U);
    EXPECT_EQ(description.partner, 0U);
    auto texture = d3d11::open_legacy_handle(manager(), description.handle);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->descriptor().extent, picture().extent);
  }
  EXPECT_EQ(spout::Sender::create(manager(), "mine", picture()).error().code(), ErrorCode::busy);
  EXPECT_EQ(spout::Sender::create(manager(), "a\\b", picture()).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(spout::Sender::create(manager(), "", picture()).error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(spout::Sender::create(manager(), std::string(250, 'x'), picture()).error().code(),
            ErrorCode::invalid_argument);
  auto other = spout::Sender::create(manager(), "again", picture());
  ASSERT_TRUE(other) << other.error().to_string();
  EXPECT_FALSE((*other)->info().active);
  const foreign::Program program;
  EXPECT_EQ(program.listed(), (Names{"again", "mine"}));
  sender->reset();
  EXPECT_EQ(program.listed(), Names{"again"});
  EXPECT_STREQ(program.active.bytes(), "again");
  EXPECT_FALSE(foreign::is_there("mine"));
  other->reset();
  EXPECT_EQ(program.listed(), Names{});
  EXPECT_STREQ(program.active.bytes(), "");
}

TEST_F(Spout, TheListThatIsFullSaysSo) {
  const foreign::Program program;
  for (int i = 0; i < 64; ++i) foreign::put_name(program.names.bytes() + i * 256, "sender" + std::to_string(100 + i));
  EXPECT_EQ(spout::Sender::create(manager(), "mine", picture()).error().code(), ErrorCode::out_of_memory);
  EXPECT_EQ(program.listed().size(), 64U);
  EXPECT_FALSE(foreign::is_there("mine"));
}

TEST_F(Spout, FramesOfAnotherProcessArriveOnce) {
  start("sender");
  auto receiver = spout::Receiver::open(manager());
  ASSERT_TRUE(receiver) << receiver.error().to_string();
  EXPECT_EQ((*receiver)->sender().name, "child");
  EXPECT_EQ((*receiver)->descriptor().extent, picture().extent);
  for (std::uint32_t seed = 1; seed < 4; ++seed) {
    say("send");
    expect("sent");
    auto frame = receive(**receiver, seed);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_TRUE(*frame);
    frame = receive(**receiver, seed);
    ASSERT_TRUE(frame) << frame.error().to_string();
    EXPECT_FALSE(*frame);
  }
  say("hold");
  expect("held");
  const auto begun = Clock::now();
  EXPECT_EQ(receive(**receiver, 0).error().code(), ErrorCode::timeout);
  EXPECT_LT(Clock::now() - begun, 2s);
  say("let go");
  expect("free");
  say("resize");
  expect("resized");
  auto stale = receive(**receiver, 0);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code(), ErrorCode::stale_state) << stale.error().to_string();
  auto again = spout::Receiver::open(manager());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ((*again)->descriptor().extent.width, 128U);
  child_->kill();
  auto gone = receive(**again, 0);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), ErrorCode::abandoned) << gone.error().to_string();
}

TEST_F(Spout, ASizeThatIsNotTheTexturesIsFoundOut) {
  auto sender = spout::Sender::create(manager(), "mine", picture());
  ASSERT_TRUE(sender);
  const foreign::Map map("mine", 280);
  const std::uint32_t width = 4096;
  std::memcpy(map.bytes() + 4, &width, sizeof(width));
  auto receiver = spout::Receiver::open(manager(), "mine");
  ASSERT_FALSE(receiver);
  EXPECT_EQ(receiver.error().code(), ErrorCode::incompatible_layout) << receiver.error().to_string();
}

// A feed to Spout, and Spout to a feed: frames of both are textures of one manager.
TEST_F(Spout, AFeedBecomesASenderAndASenderAFeed) {
  const std::string directory = make_private_directory();
  const std::shared_ptr<TextureShareManager> shared(&manager(), [](TextureShareManager*) {});
  const auto publish = [&](const char* name) {
    stream::PublisherOptions options;
    options.name = name;
    options.runtime_directory = directory;
    return stream::Publisher::create(shared, picture(), options);
  };
  const auto subscribe = [&](const char* name) {
    stream::SubscriberOptions options;
    options.feed = name;
    options.runtime_directory = directory;
    return stream::Subscriber::create(shared, options);
  };
  const auto acquire = [](stream::Publisher& publisher, stream::Subscriber& subscriber) {
    const auto end = Clock::now() + patience;
    for (;;) {
      publisher.service();
      auto frame = subscriber.acquire(10ms);
      if (frame || Clock::now() >= end) return frame;
    }
  };
  auto source = publish("source");
  auto listener = subscribe("source");
  auto again = publish("again");
  auto viewer = subscribe("again");
  ASSERT_TRUE(source && listener && again && viewer);
  auto sender = spout::Sender::create(manager(), "bridge", picture());
  ASSERT_TRUE(sender) << sender.error().to_string();
  auto receiver = spout::Receiver::open(manager(), "bridge");
  ASSERT_TRUE(receiver) << receiver.error().to_string();
  for (std::uint32_t seed = 1; seed < 4; ++seed) {
    auto drawn = source->begin_frame();
    ASSERT_TRUE(drawn) << drawn.error().to_string();
    ASSERT_TRUE(end_->fill(drawn->texture(), make_pattern(picture(), seed)));
    ASSERT_TRUE(source->publish(*std::move(drawn)));
    auto taken = acquire(*source, *listener);
    ASSERT_TRUE(taken) << taken.error().to_string();
    auto sent = (*sender)->send(taken->texture());
    ASSERT_TRUE(sent) << sent.error().to_string();
    ASSERT_TRUE(listener->release(*std::move(taken)));
    auto onward = again->begin_frame();
    ASSERT_TRUE(onward) << onward.error().to_string();
    auto copied = (*receiver)->copy_frame(onward->texture());
    ASSERT_TRUE(copied) << copied.error().to_string();
    EXPECT_TRUE(*copied);
    ASSERT_TRUE(again->publish(*std::move(onward)));
    auto seen = acquire(*again, *viewer);
    ASSERT_TRUE(seen) << seen.error().to_string();
    auto actual = end_->read(seen->texture());
    ASSERT_TRUE(actual) << actual.error().to_string();
    EXPECT_EQ(difference(picture(), make_pattern(picture(), seed), *actual), "");
    ASSERT_TRUE(viewer->release(*std::move(seen)));
  }
  EXPECT_EQ(viewer->agreement().handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(viewer->agreement().fence_kind, FenceKind::d3d12_fence);
}

// Where the system's own device shares nothing by number there is no sender, and it says why.
TEST(SpoutRefusal, TheSystemsDeviceSharesOrSaysThatItDoesNot) {
  std::vector<GeyserError> said;
  d3d11::Options options;
  options.diagnostics = [&](const GeyserError& error) { said.push_back(error); };
  auto real = d3d11::create_manager(options);
  ASSERT_TRUE(real) << real.error().to_string();
  auto sender = spout::Sender::create(**real, "real", picture());
  if (sender) return;
  EXPECT_EQ(sender.error().code(), ErrorCode::unsupported) << sender.error().to_string();
  EXPECT_FALSE(said.empty());
  EXPECT_FALSE(foreign::is_there("real"));
}

// The other processes.

Result<void> be_foreign(Channel& channel) {
  const foreign::Program program;
  const foreign::Map camera("camera", 280);
  const foreign::Map memory("memory", 280);
  const foreign::Description one{0xc0001234, 640, 480, 87, 0, "foreign.exe", 0};
  const foreign::Description two{0, 320, 200, 0, 0, "foreign.exe", 0x80000000};
  std::memcpy(camera.bytes(), &one, sizeof(one));
  std::memcpy(memory.bytes(), &two, sizeof(two));
  const char* names[] = {"camera", "gone", "memory"};
  for (std::size_t i = 0; i < 3; ++i) foreign::put_name(program.names.bytes() + i * 256, names[i]);
  foreign::put_name(program.active.bytes(), "camera");
  if (auto sent = send_text(channel, "ready"); !sent) return sent;
  static_cast<void>(receive_text(channel));
  return {};
}

Result<void> hold_the_list(Channel& channel) {
  const foreign::Program program;
  ::WaitForSingleObject(program.names.mutex(), INFINITE);
  if (auto sent = send_text(channel, "ready"); !sent) return sent;
  static_cast<void>(receive_text(channel));
  return {};
}

Result<void> be_sender(Channel& channel) {
  auto end = make_end("d3d11");
  if (!end) return fail(std::move(end.error()));
  TextureShareManager& manager = (*end)->manager();
  auto sender = spout::Sender::create(manager, "child", picture());
  if (!sender) return fail(std::move(sender.error()));
  auto texture = manager.create_texture(picture(), HandleKind::host_memory);
  if (!texture) return fail(std::move(texture.error()));
  if (auto sent = send_text(channel, "ready"); !sent) return sent;
  const HANDLE access_mutex = ::CreateMutexA(nullptr, FALSE, "child_SpoutAccessMutex");
  AccessState state;
  for (std::uint32_t seed = 1;;) {
    auto word = receive_text(channel);
    if (!word) return fail(std::move(word.error()));
    const char* answer = "what";
    if (*word == "send") {
      auto write = (*texture)->begin_access(AccessMode::discard, state);
      if (!write) return fail(std::move(write.error()));
      if (auto filled = (*end)->fill(**texture, make_pattern(picture(), seed++)); !filled) return filled;
      if (auto sent = (*sender)->send(**texture); !sent) return sent;
      auto ended = (*texture)->end_access(*std::move(write));
      if (!ended) return fail(std::move(ended.error()));
      state = *std::move(ended);
      answer = "sent";
    } else if (*word == "hold") {
      ::WaitForSingleObject(access_mutex, INFINITE);
      answer = "held";
    } else if (*word == "let go") {
      ::ReleaseMutex(access_mutex);
      answer = "free";
    } else if (*word == "resize") {
      sender->reset();
      sender = spout::Sender::create(manager, "child", picture(128));
      if (!sender) return fail(std::move(sender.error()));
      answer = "resized";
    }
    if (auto sent = send_text(channel, answer); !sent) return sent;
  }
}

int run_child(int count, char** values, const std::string& what) {
  auto channel = parent_channel(count, values);
  if (!channel) return 2;
  auto done = what == "foreign"  ? be_foreign(*channel)
              : what == "sender" ? be_sender(*channel)
                                 : hold_the_list(*channel);
  if (!done) std::fprintf(stderr, "child: %s\n", done.error().to_string().c_str());
  return done ? 0 : 1;
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  if (const auto what = geyser::test::argument(count, values, "--spout")) {
    return geyser::test::run_child(count, values, *what);
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
