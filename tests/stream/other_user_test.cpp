// Feeds belong to their user: another one neither sees nor reaches them, also where the first has left the door open;
// and a runtime directory that is not safe is not used. The other user is a process that lays root's rights down, so
// its tests need root.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "process/child.hpp"
#include "stream/feed_note.hpp"
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

constexpr const char* feed_name = "private matter";
constexpr uid_t nobody = 65534;

bool become_nobody() {
  return ::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0 && ::setuid(0) != 0;
}

template <typename T>
std::string outcome(const Result<T>& result) {
  return result ? "done" : std::to_string(static_cast<int>(result.error().code())) + " " + result.error().to_string();
}

std::string outcome_of_open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int number = errno;
  if (descriptor < 0) return std::strerror(number);
  ::close(descriptor);
  return "done";
}

// What a message to the publisher is answered with: words, and how many handles came with them.
std::string ask(const std::string& socket) {
  auto channel = Channel::connect(socket, patience);
  if (!channel) return outcome(channel);
  wire::Subscribe request;
  request.hello.program = "stranger";
  const std::shared_ptr<End> end = *make_host_end();
  request.hello.capabilities = end->manager().capabilities();
  // It may have hung up already.
  static_cast<void>(channel->send(wire::Message(std::move(request)), patience));
  std::vector<std::byte> buffer(wire::max_message_bytes);
  std::vector<OwnedHandle> handles;
  const auto size = channel->receive(buffer, handles, patience);
  return "connected, then: " + outcome(size) + ", handles: " + std::to_string(handles.size());
}

// As another user; says how each thing went, in the order of the tests' expectations.
int run_stranger(Channel& parent, const std::string& directory) {
  if (!become_nobody()) return 2;
  stream::SubscriberOptions options;
  options.feed = feed_name;
  options.runtime_directory = directory;
  const std::shared_ptr<End> end = *make_host_end();
  const std::string socket = stream::socket_path(directory, feed_name);
  for (const std::string& said :
       {outcome(stream::Directory::open(directory)), outcome(stream::Subscriber::create(share(end), options)),
        outcome_of_open(stream::lock_path(directory, feed_name)),
        outcome_of_open(stream::note_path(directory, feed_name)), ask(socket)}) {
    if (!send_text(parent, said)) return 3;
  }
  return 0;
}

// Listens where everybody may connect.
int run_trap(Channel& parent) {
  if (!become_nobody()) return 2;
  RuntimeDirectory directory;
  const std::string socket = directory.path() + "/trap.sock";
  auto listener = Listener::create(socket);
  if (!listener || ::chmod(directory.path().c_str(), 0755) != 0 || ::chmod(socket.c_str(), 0666) != 0) return 3;
  if (!send_text(parent, socket)) return 4;
  return receive_text(parent) ? 0 : 5;
}

class OtherUser : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(share(end_), small_picture(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
    ASSERT_TRUE(publish_pattern(*end_, *publisher_, 1));
  }
  // What a stranger says of its attempts.
  std::vector<std::string> try_all() {
    std::vector<std::string> said;
    auto stranger = Child::start({"--role", "stranger", "--directory", directory_.path()});
    EXPECT_TRUE(stranger);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (said.size() < 5 && std::chrono::steady_clock::now() < end) {
      publisher_->service();
      std::string text(4096, '\0');
      std::vector<OwnedHandle> none;
      const auto size = stranger->channel().receive(std::as_writable_bytes(std::span(text)), none, 1ms);
      if (size) said.push_back(text.substr(0, *size - 1));
      if (!size && size.error().code() != ErrorCode::timeout) break;
    }
    EXPECT_EQ(stranger->join(), "");
    said.resize(5);
    return said;
  }
  // Of the same user: nothing that a stranger did has changed anything for it.
  void expect_served() {
    stream::SubscriberOptions options;
    options.feed = feed_name;
    options.runtime_directory = directory_.path();
    auto subscriber = stream::Subscriber::create(share(end_), std::move(options));
    ASSERT_TRUE(subscriber) << subscriber.error().to_string();
    auto frame = acquire_beside(*publisher_, *subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    expect_pattern(*end_, *frame, 1);
  }

  RuntimeDirectory directory_;
  std::shared_ptr<End> end_ = open_end("host");
  std::optional<stream::Publisher> publisher_;
};

TEST_F(OtherUser, SeesAndReachesNothing) {
  const std::string theirs = std::to_string(static_cast<int>(ErrorCode::operating_system));
  const std::vector<std::string> said = try_all();
  for (const std::string& refused : {said[0], said[1]}) {
    EXPECT_TRUE(refused.starts_with(theirs)) << refused;
    EXPECT_NE(refused.find("belongs to user [0], not to [65534]"), std::string::npos) << refused;
  }
  EXPECT_EQ(said[2], std::strerror(EACCES));
  EXPECT_EQ(said[3], std::strerror(EACCES));
  EXPECT_NE(said[4].find("keep this user out. (posix EACCES"), std::string::npos) << said[4];
  expect_served();
}

TEST_F(OtherUser, IsTurnedAwayWhereTheDoorIsOpen) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(stream::socket_path(directory_.path(), feed_name).c_str(), 0666), 0);
  const std::vector<std::string> said = try_all();
  // The files have rights of their own.
  EXPECT_EQ(said[2], std::strerror(EACCES));
  EXPECT_EQ(said[3], std::strerror(EACCES));
  const std::string gone = "connected, then: " + std::to_string(static_cast<int>(ErrorCode::abandoned)) + " ";
  EXPECT_TRUE(said[4].starts_with(gone)) << said[4];
  EXPECT_TRUE(said[4].ends_with("handles: 0")) << said[4];
  EXPECT_EQ(publisher_->subscribers().size(), 0U);
  // Whoever comes now is told that the door is open.
  const auto opened = stream::Directory::open(directory_.path());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("is open to other users"), std::string::npos);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0700), 0);
  expect_served();
}

TEST_F(OtherUser, IsNoPublisherForThisOne) {
  auto trap = Child::start({"--role", "trap", "--directory", "-"});
  ASSERT_TRUE(trap);
  const auto socket = receive_text(trap->channel());
  ASSERT_TRUE(socket) << trap->join();
  const auto channel = Channel::connect(*socket, patience);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code(), ErrorCode::protocol);
  EXPECT_NE(channel.error().message().find("belongs to user [65534]"), std::string::npos)
      << channel.error().to_string();
  ASSERT_TRUE(send_text(trap->channel(), "enough"));
  EXPECT_EQ(trap->join(), "");
}

// Each way in which a runtime directory can be wrong, with what is said of it.
class UnsafeDirectory : public testing::Test {
 protected:
  std::string inside(const std::string& name) const { return runtime_.path() + "/" + name; }
  void expect_refused(const std::string& path, const std::string& words) {
    const std::size_t before = count_below();
    stream::PublisherOptions publish;
    publish.name = feed_name;
    publish.runtime_directory = path;
    stream::SubscriberOptions subscribe;
    subscribe.feed = feed_name;
    subscribe.runtime_directory = path;
    const auto publisher = stream::Publisher::create(share(end_), small_picture(), std::move(publish));
    const auto subscriber = stream::Subscriber::create(share(end_), std::move(subscribe));
    const auto directory = stream::Directory::open(path);
    expect_says(publisher, path, words);
    expect_says(subscriber, path, words);
    expect_says(directory, path, words);
    EXPECT_EQ(count_below(), before) << "something was made";
  }
  template <typename T>
  void expect_says(const Result<T>& result, const std::string& path, const std::string& words) {
    ASSERT_FALSE(result) << path;
    const GeyserError& error = result.error();
    EXPECT_EQ(error.code(), ErrorCode::operating_system) << error.to_string();
    EXPECT_NE(error.message().find("[" + path + "]"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find(words), std::string::npos) << error.message();
    EXPECT_EQ(std::count(error.message().begin(), error.message().end(), '.'), 1)
        << "one sentence: " << error.message();
    EXPECT_FALSE(error.alternatives().empty()) << "what to do: " << error.to_string();
  }
  std::size_t count_below() const {
    const std::filesystem::recursive_directory_iterator all(runtime_.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  RuntimeDirectory runtime_;
  std::shared_ptr<End> end_ = open_end("host");
};

TEST_F(UnsafeDirectory, ThatOthersReachIntoIsRefused) {
  for (const mode_t mode : {mode_t{0777}, mode_t{0755}, mode_t{0701}, mode_t{0770}}) {
    const std::string path = inside("open");
    ASSERT_TRUE(::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    expect_refused(path, "is open to other users");
  }
}

TEST_F(UnsafeDirectory, ThatIsALinkIsRefused) {
  ASSERT_EQ(::mkdir(inside("target").c_str(), 0700), 0);
  std::filesystem::create_symlink(inside("target"), inside("link"));
  expect_refused(inside("link"), "is no directory");
  // One that leads nowhere makes nothing where it leads.
  std::filesystem::create_symlink(inside("nowhere"), inside("dangling"));
  expect_refused(inside("dangling"), "is no directory");
}

TEST_F(UnsafeDirectory, ThatIsAFileIsRefused) {
  std::ofstream(inside("file")) << "x";
  expect_refused(inside("file"), "is no directory");
}

TEST_F(UnsafeDirectory, WithoutAParentIsRefused) { expect_refused(inside("missing/deeper"), "cannot be made"); }

TEST_F(UnsafeDirectory, OfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a directory of another user";
  ASSERT_EQ(::mkdir(inside("theirs").c_str(), 0700), 0);
  ASSERT_EQ(::chown(inside("theirs").c_str(), nobody, nobody), 0);
  expect_refused(inside("theirs"), "belongs to user [65534], not to [0]");
}

}  // namespace
}  // namespace geyser::test

int main(int count, char** values) {
  using namespace geyser::test;
  if (const auto role = argument(count, values, "--role")) {
    auto parent = parent_channel(count, values);
    if (!parent) return 1;
    return *role == "trap" ? run_trap(*parent) : run_stranger(*parent, *argument(count, values, "--directory"));
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
