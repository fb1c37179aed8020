// A feed whose frames are each one submission: opened deferred at both ends, their commands given to Geyser.
#include <geyser/vulkan.hpp>

#include "stream/scene.hpp"
#include "vulkan/commands.hpp"
#include "vulkan/manager.hpp"

namespace geyser::test {
namespace {

constexpr std::uint32_t frames = 24;

class DeferredFrames : public testing::TestWithParam<std::string> {
 protected:
  // A picture of this end's own to copy from or to.
  struct Picture {
    std::unique_ptr<SharedTexture> texture;
    AccessState state;
  };
  Picture make_picture(TextureShareManager& manager) {
    auto texture = manager.create_texture(small_picture(), HandleKind::host_memory);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return {*std::move(texture), {}};
  }
  // Commands that copy one image to another, in a buffer of the caller's.
  vulkan::Commands record_copy(TextureShareManager& manager, const SharedTexture& from, const SharedTexture& to) {
    const auto& device = static_cast<vulkan::VulkanManager&>(manager).device();
    auto commands = vulkan::Commands::record(device, [&](VkCommandBuffer buffer) {
      const VkImageCopy region{{VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               {},
                               {VK_IMAGE_ASPECT_COLOR_BIT, 0, 0, 1},
                               {},
                               {small_picture().extent.width, small_picture().extent.height, 1}};
      device->functions().vkCmdCopyImage(buffer, vulkan::native(from)->image, VK_IMAGE_LAYOUT_GENERAL,
                                         vulkan::native(to)->image, VK_IMAGE_LAYOUT_GENERAL, 1, &region);
    });
    EXPECT_TRUE(commands) << commands.error().to_string();
    return *std::move(commands);
  }
  static void add(SharedTexture& texture, const vulkan::Commands& commands) {
    const VkCommandBuffer buffer = commands.buffer();
    ASSERT_TRUE(vulkan::add_commands(texture, {&buffer, 1}));
  }
};

TEST_P(DeferredFrames, AreDrawnAndRead) {
  const RuntimeDirectory directory;
  const std::shared_ptr<End> from = open_end(GetParam());
  const std::shared_ptr<End> to = open_end(GetParam());
  ASSERT_TRUE(from && to);
  Picture drawn = make_picture(from->manager());
  Picture seen = make_picture(to->manager());
  stream::PublisherOptions publish;
  publish.name = "feed";
  publish.runtime_directory = directory.path();
  auto publisher = stream::Publisher::create(share(from), small_picture(), publish);
  ASSERT_TRUE(publisher) << publisher.error().to_string();
  stream::SubscriberOptions subscribe;
  subscribe.feed = "feed";
  subscribe.runtime_directory = directory.path();
  auto subscriber = stream::Subscriber::create(share(to), subscribe);
  ASSERT_TRUE(subscriber) << subscriber.error().to_string();
  std::uint32_t compared = 0;
  for (std::uint32_t seed = 1; seed <= frames; ++seed) {
    auto source = drawn.texture->begin_access(AccessMode::discard, drawn.state);
    ASSERT_TRUE(source) << source.error().to_string();
    ASSERT_TRUE(from->fill(*drawn.texture, make_pattern(small_picture(), seed)));
    auto writable = publisher->begin_frame(patience, AccessTiming::deferred);
    ASSERT_TRUE(writable) << writable.error().to_string();
    const vulkan::Commands draw = record_copy(from->manager(), *drawn.texture, writable->texture());
    ASSERT_NO_FATAL_FAILURE(add(writable->texture(), draw));
    ASSERT_TRUE(publisher->publish(*std::move(writable)));
    drawn.state = *drawn.texture->end_access(*std::move(source));

    publisher->service();
    auto frame = subscriber->acquire(seed < 4 ? 5ms : 0ms, AccessTiming::deferred);
    if (!frame) continue;
    auto target = seen.texture->begin_access(AccessMode::discard, seen.state);
    ASSERT_TRUE(target) << target.error().to_string();
    const vulkan::Commands look = record_copy(to->manager(), frame->texture(), *seen.texture);
    ASSERT_NO_FATAL_FAILURE(add(frame->texture(), look));
    const auto number = static_cast<std::uint32_t>(frame->info().number);
    ASSERT_EQ(subscriber->release(*std::move(frame)), true);
    auto bytes = to->read(*seen.texture);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(difference(small_picture(), make_pattern(small_picture(), number), *bytes), "");
    seen.state = *seen.texture->end_access(*std::move(target));
    ++compared;
  }
  EXPECT_GE(compared, frames / 2);
  // What is in use by the GPU no more, before the command buffers of this function go.
  EXPECT_TRUE(from->settle() && to->settle());
  for (const auto& end : {from, to}) {
    for (const std::string& complaint : end->complaints) ADD_FAILURE() << end->name() << ": " << complaint;
  }
}

std::vector<std::string> drivers() {
  std::vector<std::string> names{"vulkan"};
  for (const std::string& name : end_names()) {
    if (name == "swiftshader") names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Drivers, DeferredFrames, testing::ValuesIn(drivers()),
                         [](const auto& end) { return end.param; });

}  // namespace
}  // namespace geyser::test
