// A Vulkan device that is lost: typed errors at once, nothing leaked, the pixels and the other side live on, and a new
// device takes the old one's place.
#include <geyser/vulkan.hpp>

#include "stream/scene.hpp"
#include "support/descriptors.hpp"
#include "support/losing_vulkan.hpp"

namespace geyser::test {
namespace {

// What a call on a lost device may take.
constexpr auto at_once = 1s;

class DeviceLost : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    losing_end_ = open_end(GetParam());
    other_ = open_end(GetParam());
    ASSERT_TRUE(losing_end_ && other_);
    const auto device = vulkan::native(losing_end_->manager());
    const auto requirements =
        vulkan::device_requirements(device->instance, device->physical_device, device->get_instance_proc_addr);
    vulkan::WrapOptions options;
    options.get_instance_proc_addr = make_losing_vulkan(device->get_instance_proc_addr);
    options.instance = device->instance;
    options.physical_device = device->physical_device;
    options.device = device->device;
    options.queue = device->queue;
    options.queue_family = device->queue_family;
    options.enabled_extensions = requirements->extensions;
    options.timeline_semaphore_enabled = requirements->timeline_semaphore;
    options.diagnostics = [this](const GeyserError& error) { said_.push_back(error.to_string()); };
    auto wrapped = vulkan::wrap_device(options);
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    losing_ = *std::move(wrapped);
  }
  void TearDown() override {
    losing_.reset();
    for (const std::string& sentence : said_) ADD_FAILURE() << sentence;
    for (End* end : {losing_end_.get(), other_.get()}) {
      if (end == nullptr) continue;
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << end->name() << ": " << complaint;
    }
  }

  Result<AccessState> write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    if (!access) return fail(std::move(access.error()));
    if (auto filled = end.fill(texture, make_pattern(texture.descriptor(), seed)); !filled) {
      return fail(std::move(filled.error()));
    }
    return texture.end_access(*std::move(access));
  }
  void expect_seed(SharedTexture& texture, AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::read, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto bytes = other_->read(texture);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(difference(texture.descriptor(), make_pattern(texture.descriptor(), seed), *bytes), "");
    auto ended = texture.end_access(*std::move(access));
    ASSERT_TRUE(ended) << ended.error().to_string();
    state = *std::move(ended);
  }
  stream::PublisherOptions publisher_options() const {
    stream::PublisherOptions options;
    options.name = "feed";
    options.runtime_directory = directory_.path();
    return options;
  }
  stream::Subscriber subscribe(std::shared_ptr<TextureShareManager> manager) {
    stream::SubscriberOptions options;
    options.feed = "feed";
    options.runtime_directory = directory_.path();
    auto made = stream::Subscriber::create(std::move(manager), options);
    EXPECT_TRUE(made) << made.error().to_string();
    return *std::move(made);
  }

  RuntimeDirectory directory_;
  std::vector<std::string> said_;
  std::shared_ptr<End> losing_end_;
  std::shared_ptr<End> other_;
  std::shared_ptr<TextureShareManager> losing_;
};

TEST_P(DeviceLost, TheTextureLivesOnAtTheOtherEnd) {
  const std::size_t before = open_descriptors();
  {
    auto made = losing_->create_texture(small_picture(), HandleKind::opaque_fd);
    ASSERT_TRUE(made) << made.error().to_string();
    std::unique_ptr<SharedTexture> texture = *std::move(made);
    auto theirs = other_->manager().import_shared_texture(*losing_->export_texture(*texture));
    ASSERT_TRUE(theirs) << theirs.error().to_string();
    auto again = losing_->export_texture(*texture);
    ASSERT_TRUE(again) << again.error().to_string();
    auto state = write(*losing_end_, *texture, {}, 1);
    ASSERT_TRUE(state) << state.error().to_string();

    lose_vulkan();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) {
      auto lost = write(*losing_end_, *texture, *state, 2);
      ASSERT_FALSE(lost);
      EXPECT_EQ(lost.error().code(), ErrorCode::device_lost) << lost.error().to_string();
      EXPECT_EQ(lost.error().native().name, "VK_ERROR_DEVICE_LOST");
    }
    texture.reset();
    losing_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - start, at_once);

    // Its pixels are the kernel's; a new device opens them, and both go on.
    expect_seed(**theirs, *state, 1);
    const std::shared_ptr<End> successor = open_end(GetParam());
    ASSERT_TRUE(successor);
    auto reopened = successor->manager().import_shared_texture(*std::move(again));
    ASSERT_TRUE(reopened) << reopened.error().to_string();
    auto written = write(*successor, **reopened, *state, 3);
    ASSERT_TRUE(written) << written.error().to_string();
    expect_seed(**theirs, *written, 3);
    for (const std::string& complaint : successor->complaints) ADD_FAILURE() << complaint;
  }
  EXPECT_TRUE(other_->settle());
  EXPECT_LE(open_descriptors(), before);
}

TEST_P(DeviceLost, WhatIsDroppedIsDestroyed) {
  const std::size_t before = open_descriptors();
  std::vector<std::unique_ptr<SharedTexture>> textures;
  for (int i = 0; i < 8; ++i) {
    auto made = losing_->create_texture(small_picture(), HandleKind::opaque_fd);
    ASSERT_TRUE(made) << made.error().to_string();
    ASSERT_TRUE(write(*losing_end_, **made, {}, 1));
    textures.push_back(*std::move(made));
  }
  lose_vulkan();
  EXPECT_FALSE(write(*losing_end_, *textures[0], {}, 1));
  textures.clear();
  losing_.reset();
  EXPECT_LE(open_descriptors(), before);
}

TEST_P(DeviceLost, ASubscriberComesBackOnANewDevice) {
  auto publisher = stream::Publisher::create(share(other_), small_picture(), publisher_options());
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  {
    auto subscriber = subscribe(losing_);
    ASSERT_TRUE(publish_pattern(*other_, *publisher, 1));
    auto first = acquire_beside(*publisher, subscriber);
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(first->info().number, 1U);
    ASSERT_TRUE(subscriber.release(*std::move(first)));
    lose_vulkan();
    ASSERT_TRUE(publish_pattern(*other_, *publisher, 2));
    auto lost = acquire_beside(*publisher, subscriber);
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code(), ErrorCode::device_lost) << lost.error().to_string();
  }
  // The ring has more frames than it has textures: none is kept by the one who is gone.
  for (std::uint32_t seed = 3; seed < 12; ++seed) ASSERT_TRUE(publish_pattern(*other_, *publisher, seed));
  const std::shared_ptr<End> successor = open_end(GetParam());
  ASSERT_TRUE(successor);
  auto subscriber = subscribe(share(successor));
  for (bool seen = false; !seen;) {
    ASSERT_TRUE(publish_pattern(*other_, *publisher, 12));
    auto frame = acquire_beside(*publisher, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    seen = frame->info().number >= 11;
    if (seen) expect_pattern(*successor, *frame, 12);
  }
  EXPECT_EQ(publisher->statistics().frames_refused, 0U);
}

TEST_P(DeviceLost, APublisherIsFollowedByOneOnANewDevice) {
  auto subscriber = subscribe(share(other_));
  {
    auto publisher = stream::Publisher::create(losing_, small_picture(), publisher_options());
    ASSERT_TRUE(publisher) << publisher.error().to_string();
    ASSERT_TRUE(publish_pattern(*losing_end_, *publisher, 1));
    auto first = acquire_beside(*publisher, subscriber);
    ASSERT_TRUE(first) << first.error().to_string();
    expect_pattern(*other_, *first, 1);
    ASSERT_TRUE(subscriber.release(*std::move(first)));
    lose_vulkan();
    for (int i = 0; i < 6; ++i) {
      auto lost = publish_pattern(*losing_end_, *publisher, 2);
      ASSERT_FALSE(lost);
      EXPECT_EQ(lost.error().code(), ErrorCode::device_lost) << lost.error().to_string();
    }
    auto repeated = subscriber.acquire(0ns);
    EXPECT_FALSE(repeated && !repeated->is_repeated()) << "a frame that was never drawn was announced";
  }
  const std::shared_ptr<End> successor = open_end(GetParam());
  ASSERT_TRUE(successor);
  auto publisher = stream::Publisher::create(share(successor), small_picture(), publisher_options());
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  for (bool seen = false; !seen;) {
    ASSERT_TRUE(publish_pattern(*successor, *publisher, 3));
    auto frame = acquire_beside(*publisher, subscriber);
    ASSERT_TRUE(frame) << frame.error().to_string();
    seen = !frame->is_repeated();
    if (seen) expect_pattern(*other_, *frame, 3);
  }
}

std::vector<std::string> ends() {
  std::vector<std::string> names{"vulkan"};
  for (const std::string& name : end_names()) {
    if (name == "swiftshader") names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeviceLost, testing::ValuesIn(ends()), [](const auto& end) { return end.param; });

}  // namespace
}  // namespace geyser::test
