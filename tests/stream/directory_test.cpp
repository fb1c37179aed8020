// Names: listed, private, taken, suffixed, left behind by the dead, and directories that are not safe.
#include <fstream>

#include "process/child.hpp"
#include "stream/feed_note.hpp"
#include "stream/scene.hpp"
#include "support/descriptors.hpp"

namespace geyser::test {
namespace {

using stream::FeedChange;

Result<stream::Publisher> publish(const std::string& directory, const std::string& name,
                                  const std::function<void(stream::PublisherOptions&)>& change = {}) {
  auto end = open_end("host");
  stream::PublisherOptions options;
  options.name = name;
  options.runtime_directory = directory;
  options.ring_size = 2;
  if (change) change(options);
  return stream::Publisher::create(share(end), small_picture(), std::move(options));
}

// Publishes in a process of its own until it is killed.
int run_publisher(Channel& parent, const std::string& directory, const std::string& name) {
  auto publisher = publish(directory, name);
  if (!publisher) return 2;
  if (!send_text(parent, "there")) return 3;
  static_cast<void>(receive_text(parent));
  return 0;
}

class Names : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = stream::Directory::open(runtime_.path());
    ASSERT_TRUE(opened) << opened.error().to_string();
    directory_.emplace(*std::move(opened));
    ASSERT_TRUE(directory_->list());
  }
  std::vector<stream::FeedEvent> changes_within(std::chrono::milliseconds time) {
    wait_readable(directory_->event(), time);
    auto events = directory_->changes();
    EXPECT_TRUE(events);
    return events ? *std::move(events) : std::vector<stream::FeedEvent>();
  }
  Child start(const std::string& name) {
    auto child = Child::start({"--role", "publisher", "--directory", runtime_.path(), "--name", name});
    EXPECT_TRUE(child);
    auto said = receive_text(child->channel());
    EXPECT_TRUE(said && *said == "there");
    return *std::move(child);
  }
  std::vector<std::string> listed() {
    std::vector<std::string> names;
    auto feeds = directory_->list();
    EXPECT_TRUE(feeds) << feeds.error().to_string();
    for (const auto& feed : *feeds) names.push_back(feed.name);
    return names;
  }

  RuntimeDirectory runtime_;
  std::optional<stream::Directory> directory_;
};

TEST_F(Names, AreListedWithTheirFacts) {
  auto publisher = publish(runtime_.path(), "Vorschau \xc3\xa4", [](auto& options) {
    options.application = "test";
    options.frame_rate = {30000, 1001};
    options.hdr.has_content_light = true;
    options.hdr.max_content_light = 1000;
  });
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  auto feeds = directory_->list();
  ASSERT_TRUE(feeds);
  ASSERT_EQ(feeds->size(), 1U);
  EXPECT_EQ(feeds->front(), publisher->feed());
  EXPECT_EQ(feeds->front().process_id, own_process());
  EXPECT_EQ(feeds->front().frame_rate.denominator, 1001U);
  EXPECT_EQ(feeds->front().hdr.max_content_light, 1000U);
}

TEST_F(Names, ThatAreTakenAreRefusedWithWhoHasThem) {
  auto first = publish(runtime_.path(), "camera", [](auto& options) { options.application = "studio"; });
  ASSERT_TRUE(first);
  auto second = publish(runtime_.path(), "camera");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::busy);
  EXPECT_NE(second.error().message().find("[studio]"), std::string::npos) << second.error().to_string();
  EXPECT_NE(second.error().message().find(std::to_string(own_process())), std::string::npos);
  // The first one is as it was.
  EXPECT_EQ(listed(), std::vector<std::string>{"camera"});
}

TEST_F(Names, AreSuffixedOnRequest) {
  const auto suffix = [](auto& options) { options.on_conflict = stream::NameConflict::suffix; };
  auto first = publish(runtime_.path(), "camera", suffix);
  auto second = publish(runtime_.path(), "camera", suffix);
  auto third = publish(runtime_.path(), "camera", suffix);
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(second->feed().name, "camera (2)");
  EXPECT_EQ(listed(), (std::vector<std::string>{"camera", "camera (2)", "camera (3)"}));
  const std::string longest(stream::max_feed_name_bytes, 'n');
  auto whole = publish(runtime_.path(), longest, suffix);
  auto cut = publish(runtime_.path(), longest, suffix);
  ASSERT_TRUE(whole && cut) << cut.error().to_string();
  EXPECT_EQ(cut->feed().name.size(), stream::max_feed_name_bytes);
  EXPECT_TRUE(cut->feed().name.ends_with(" (2)"));
}

TEST_F(Names, OfPrivateFeedsAreNotListedButFound) {
  auto publisher = publish(runtime_.path(), "secret", [](auto& options) { options.listed = false; });
  ASSERT_TRUE(publisher);
  EXPECT_TRUE(listed().empty());
  auto found = stream::find_feed(runtime_.path(), "secret");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->id, publisher->feed().id);
  EXPECT_FALSE(publish(runtime_.path(), "secret"));
}

TEST_F(Names, ComeAndGoAsEvents) {
  auto publisher = publish(runtime_.path(), "camera");
  ASSERT_TRUE(publisher);
  auto events = changes_within(1000ms);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].change, FeedChange::added);
  EXPECT_EQ(events[0].feed.name, "camera");
  TextureDescriptor other = small_picture();
  other.extent = {8, 8, 1};
  ASSERT_TRUE(publisher->reconfigure(other));
  events = changes_within(1000ms);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].change, FeedChange::changed);
  EXPECT_EQ(events[0].feed.descriptor, other);
  publisher = tl::unexpected(GeyserError(ErrorCode::abandoned, "ended"));
  events = changes_within(1000ms);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].change, FeedChange::removed);
  EXPECT_EQ(runtime_.left_over(), 0U);
}

TEST_F(Names, OfTheKilledAreGoneAtOnce) {
  Child child = start("camera");
  ASSERT_EQ(changes_within(1000ms).size(), 1U);
  child.kill();
  // The kernel closes what the process had open, and that alone is the event.
  const auto events = changes_within(2000ms);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].change, FeedChange::removed);
  EXPECT_EQ(runtime_.left_over(), 0U);
}

TEST_F(Names, OfTheKilledAreTakenOverAtOnce) {
  for (int i = 0; i < 20; ++i) {
    Child child = start("camera");
    child.kill();
    auto publisher = publish(runtime_.path(), "camera");
    ASSERT_TRUE(publisher) << publisher.error().to_string();
    EXPECT_EQ(listed(), std::vector<std::string>{"camera"});
  }
  EXPECT_EQ(runtime_.left_over(), 0U);
}

TEST_F(Names, LeaveNothingBehindInAThousandTimes) {
  { auto first = publish(runtime_.path(), "camera"); }  // what a process opens once
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    auto publisher = publish(runtime_.path(), "camera " + std::to_string(i % 7));
    ASSERT_TRUE(publisher) << publisher.error().to_string();
  }
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(runtime_.left_over(), 0U);
}

TEST_F(Names, NeedToBeNames) {
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string("\xff"), std::string(129, 'x')}) {
    auto publisher = publish(runtime_.path(), name);
    ASSERT_FALSE(publisher);
    EXPECT_EQ(publisher.error().code(), ErrorCode::invalid_argument) << publisher.error().to_string();
  }
}

TEST_F(Names, AreNotBelievedFromFilesWithoutALock) {
  const std::string stem = stream::file_stem("ghost");
  std::ofstream(runtime_.path() + "/" + stem + ".feed") << "nonsense";
  std::ofstream(runtime_.path() + "/" + stem + ".lock") << "nonsense";
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(runtime_.left_over(), 0U) << "what the dead have left is cleared away";
  EXPECT_EQ(stream::find_feed(runtime_.path(), "ghost").error().code(), ErrorCode::not_available);
}

TEST_F(Names, LeaveNoDraftWhenTheirPublisherDiesWhileItWritesOne) {
  const std::string base = runtime_.path() + "/" + stream::file_stem("camera");
  for (const bool successor : {false, true}) {
    std::ofstream(base + ".lock") << "facts";
    std::ofstream(base + ".feed.new") << "half a no";
    if (successor) {
      auto publisher = publish(runtime_.path(), "camera");
      ASSERT_TRUE(publisher) << publisher.error().to_string();
      EXPECT_EQ(runtime_.left_over(), files_of_a_feed());
    } else {
      EXPECT_TRUE(listed().empty());
    }
    EXPECT_EQ(runtime_.left_over(), 0U);
  }
}

TEST_F(Names, ThatComeAndGoDoNotKeepASubscriberOfAnotherAwake) {
  auto publisher = publish(runtime_.path(), "camera");
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  stream::SubscriberOptions options;
  options.feed = "camera";
  options.runtime_directory = runtime_.path();
  const auto end = open_end("host");
  auto subscriber = stream::Subscriber::create(share(end), std::move(options));
  ASSERT_TRUE(subscriber) << subscriber.error().to_string();
  static_cast<void>(subscriber->event());
  const auto is_live = [&] { return subscriber->state() == stream::FeedState::live; };
  for (int i = 0; i < 1000 && !is_live(); ++i) {
    publisher->service();
    static_cast<void>(subscriber->acquire(1ms));
  }
  ASSERT_TRUE(is_live());
  {
    auto other = publish(runtime_.path(), "microscope");
    ASSERT_TRUE(other) << other.error().to_string();
  }
  EXPECT_FALSE(wait_readable(subscriber->event(), 0ms)) << "there is nothing to do for it";
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    return run_publisher(*parent, *argument(count, values, "--directory"), *argument(count, values, "--name"));
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
