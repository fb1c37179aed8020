// The exporting process is killed while this one holds its texture: what is held stays readable, whoever waits is
// released in bounded time with a typed error, and all that is held can be let go of.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <thread>

#include "process/child.hpp"
#include "process/hand_off.hpp"
#include "support/descriptors.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr std::uint32_t seed = 11;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {51, 33, 1};
  return descriptor;
}

// The process that is killed. With "kept" it hands over a written texture; with "broken" its frame promises a write
// that it never ends. Then it waits.
Result<void> run_exporter(Channel& channel, const std::string& name, const std::string& promise) {
  auto end = make_end(name);
  if (!end) return fail(std::move(end.error()));
  auto message = channel.receive_message(patience);
  if (!message) return fail(std::move(message.error()));
  auto* hello = std::get_if<wire::Hello>(&*message);
  if (hello == nullptr) return fail(ErrorCode::protocol, "The importer sends no Hello.");
  TextureShareManager& manager = (*end)->manager();
  wire::Offer offer;
  NegotiationPolicy policy;
  policy.force_fence = FenceKind::host_timeline;
  auto agreement = negotiate(picture(), manager.capabilities(), hello->capabilities, policy);
  if (!agreement) return fail(std::move(agreement.error()));
  offer.agreement = *agreement;
  auto texture = manager.create_texture(picture(), *agreement);
  if (!texture) return fail(std::move(texture.error()));
  auto parcel = manager.export_texture(**texture);
  if (!parcel) return fail(std::move(parcel.error()));
  offer.textures.push_back(*std::move(parcel));
  auto fence = manager.create_fence(FenceKind::host_timeline);
  if (!fence) return fail(std::move(fence.error()));
  auto handle = (*fence)->export_handle();
  if (!handle) return fail(std::move(handle.error()));
  offer.fences.push_back(*std::move(handle));
  if (auto set = (*texture)->set_signal_fence(*fence); !set) return set;
  if (auto sent = channel.send(wire::Message(std::move(offer)), patience); !sent) return sent;
  TextureAccess unfinished;
  AccessState state;
  if (promise == "kept") {
    auto written = write_pattern(**end, **texture, {}, seed);
    if (!written) return fail(std::move(written.error()));
    state = *std::move(written);
  } else {
    auto access = (*texture)->begin_access(AccessMode::discard, {});
    if (!access) return fail(std::move(access.error()));
    unfinished = *std::move(access);
    state.serial = 1;
    state.initialized = true;
    if (auto added = state.writer.add({*fence, 1}); !added) return added;
  }
  if (auto sent = channel.send(wire::to_frame(state, 0, 0), patience); !sent) return sent;
  auto nothing = receive_text(channel);
  if (!nothing) return fail(std::move(nothing.error()));
  return fail(ErrorCode::protocol, "The importer asks for more.");
}

struct Pair {
  std::string from;
  std::string to;
};

class DeadPeer : public testing::TestWithParam<Pair> {
 public:
  static void TearDownTestSuite() { ends_.close(); }

 protected:
  void SetUp() override {
    end_ = ends_.get(GetParam().to);
    ASSERT_NE(end_, nullptr);
    descriptors_ = open_descriptors();
  }
  // Everything that was the peer's is let go of while it is dead.
  void TearDown() override {
    texture_.reset();
    state_ = {};
    fences_.clear();
    child_.reset();
    EXPECT_TRUE(end_->settle());
    EXPECT_EQ(open_descriptors(), descriptors_);
    for (const std::string& complaint : std::exchange(end_->complaints, {})) ADD_FAILURE() << complaint;
  }

  void open(const std::string& promise) {
    auto child = Child::start({"--exporter", GetParam().from, "--promise", promise});
    ASSERT_TRUE(child) << child.error().to_string();
    child_.emplace(*std::move(child));
    const wire::Hello hello{wire::protocol_version, "test", end_->manager().capabilities()};
    ASSERT_TRUE(channel().send(wire::Message(hello), patience));
    auto message = channel().receive_message(patience);
    ASSERT_TRUE(message) << message.error().to_string() << "; " << child_->join();
    ASSERT_TRUE(std::holds_alternative<wire::Offer>(*message));
    auto& offer = std::get<wire::Offer>(*message);
    ASSERT_EQ(offer.textures.size(), 1U);
    ASSERT_EQ(offer.fences.size(), 1U);
    auto texture = end_->manager().import_shared_texture(std::move(offer.textures[0]));
    ASSERT_TRUE(texture) << texture.error().to_string();
    texture_ = *std::move(texture);
    EXPECT_EQ(texture_->path() == SharePath::zero_copy,
              GetParam().to == "host" || is_zero_copy_pair(GetParam().from, GetParam().to));
    auto fence = end_->manager().import_fence(std::move(offer.fences[0]));
    ASSERT_TRUE(fence) << fence.error().to_string();
    fences_.push_back(*std::move(fence));
    auto frame = channel().receive_frame(patience);
    ASSERT_TRUE(frame) << frame.error().to_string() << "; " << child_->join();
    auto state = wire::to_access_state(*frame, fences_);
    ASSERT_TRUE(state) << state.error().to_string();
    state_ = *std::move(state);
  }
  Channel& channel() { return child_->channel(); }

  // Without the peer the texture is this end's alone, and works.
  void expect_usable() {
    AccessState mine;
    mine.serial = state_.serial;
    auto written = write_pattern(*end_, *texture_, mine, seed + 1);
    ASSERT_TRUE(written) << written.error().to_string();
    auto read = expect_pattern(*end_, *texture_, *written, seed + 1);
    EXPECT_TRUE(read) << read.error().to_string();
  }
  void expect_abandoned() {
    const auto begun = Clock::now();
    auto frame = channel().receive_frame(patience);
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().code(), ErrorCode::abandoned) << frame.error().to_string();
    auto sent = channel().send(wire::to_frame(state_, 0, 1), patience);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code(), ErrorCode::abandoned) << sent.error().to_string();
    EXPECT_LT(Clock::now() - begun, std::chrono::seconds(1));
  }

  End* end_ = nullptr;
  std::optional<Child> child_;
  std::unique_ptr<SharedTexture> texture_;
  std::vector<std::shared_ptr<SharedFence>> fences_;
  AccessState state_;

 private:
  static inline Ends ends_;
  std::size_t descriptors_ = 0;
};

TEST_P(DeadPeer, ItsPictureStaysReadableBetweenFrames) {
  open("kept");
  if (HasFatalFailure()) return;
  child_->kill();
  auto read = expect_pattern(*end_, *texture_, state_, seed);
  EXPECT_TRUE(read) << read.error().to_string();
  expect_abandoned();
  expect_usable();
}

TEST_P(DeadPeer, ItsPictureStaysReadableInsideAnAccess) {
  open("kept");
  if (HasFatalFailure()) return;
  auto access = texture_->begin_access(AccessMode::read, state_);
  ASSERT_TRUE(access) << access.error().to_string();
  child_->kill();
  auto actual = end_->read(*texture_);
  ASSERT_TRUE(actual) << actual.error().to_string();
  EXPECT_EQ(difference(picture(), make_pattern(picture(), seed), *actual), "");
  auto ended = texture_->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  expect_abandoned();
  expect_usable();
}

// It dies while this end waits for the write that it had promised.
TEST_P(DeadPeer, AWaitForItIsBounded) {
  open("broken");
  if (HasFatalFailure()) return;
  texture_->set_wait_timeout(milliseconds(300));
  std::thread killer([this] {
    std::this_thread::sleep_for(milliseconds(100));
    child_->kill();
  });
  const auto begun = Clock::now();
  auto access = texture_->begin_access(AccessMode::read, state_);
  const auto waited = Clock::now() - begun;
  killer.join();
  ASSERT_FALSE(access);
  const ErrorCode code = access.error().code();
  EXPECT_TRUE(code == ErrorCode::timeout || code == ErrorCode::abandoned) << access.error().to_string();
  EXPECT_GE(waited, milliseconds(100));
  EXPECT_LT(waited, std::chrono::seconds(2));
  expect_abandoned();
  expect_usable();
}

std::vector<Pair> cases() {
  std::vector<Pair> all;
  for (const std::string& from : end_names()) {
    if (from != "host" && from != "vulkan") continue;
    for (const std::string& to : end_names()) all.push_back({from, to});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, DeadPeer, testing::ValuesIn(cases()),
                         [](const auto& ends) { return ends.param.from + "_to_" + ends.param.to; });

}  // namespace

int export_and_wait(int count, char** values, const std::string& name) {
  auto channel = parent_channel(count, values);
  if (!channel) return 2;
  auto done = run_exporter(*channel, name, argument(count, values, "--promise").value_or(""));
  if (!done) std::fprintf(stderr, "exporter: %s\n", done.error().to_string().c_str());
  return 1;
}

}  // namespace geyser::test

int main(int count, char** values) {
  if (const auto name = geyser::test::argument(count, values, "--exporter")) {
    return geyser::test::export_and_wait(count, values, *name);
  }
  testing::InitGoogleTest(&count, values);
  return RUN_ALL_TESTS();
}
