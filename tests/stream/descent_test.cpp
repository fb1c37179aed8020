// A subscriber that can open nothing of what it is offered is taken down the ladder, one way at a time, and told why at
// each step. The publisher's device is made of paper: no software driver here has a tiled modifier.
#include <gtest/gtest.h>

#include <algorithm>

#include "platform/shared_memory.hpp"
#include "stream/feed_note.hpp"
#include "stream/scene.hpp"

namespace geyser::test {
namespace {

constexpr const char* feed_name = "descent";
constexpr std::uint64_t tiled = 0x0100000000000001;
constexpr std::uint64_t other_tiled = 0x0100000000000002;

class PaperTexture final : public SharedTexture {
 public:
  PaperTexture(const TextureDescriptor& descriptor, const MemoryLayout& layout, const Agreement& agreement,
               DeviceIdentity identity, OwnedHandle memory)
      : SharedTexture({Api::vulkan, descriptor, layout, agreement.handle_kind, agreement.path, {}}),
        identity_(std::move(identity)),
        memory_(std::move(memory)) {}

 private:
  Result<void> do_begin(AccessMode, const AccessState&, const SyncPoints&) override { return {}; }
  Result<void> do_end(AccessMode, SharedFence*, std::uint64_t) override { return {}; }
  Result<ApiTextureHandle> do_export(HandleKind kind) override {
    ApiTextureHandle parcel;
    parcel.descriptor = descriptor();
    parcel.layout = layout();
    parcel.identity = identity_;
    parcel.api = api();
    parcel.kind = kind;
    parcel.handle_count = 1;
    parcel.handles[0] = *OwnedHandle::duplicate(kind, memory_.get());
    return parcel;
  }
  bool accepts_signal_fence(const SharedFence&) const override { return true; }

  DeviceIdentity identity_;
  OwnedHandle memory_;
};

class PaperManager final : public TextureShareManager {
 public:
  PaperManager() : TextureShareManager(rows()) {}

  static Capabilities rows() {
    Capabilities capabilities;
    capabilities.api = Api::vulkan;
    capabilities.identity.has_uuids = true;
    capabilities.identity.device_name = "paper";
    capabilities.fences = {{FenceKind::host_timeline, true, true, false}};
    const auto add = [&](HandleKind kind, Tiling tiling, std::uint64_t modifier) {
      TextureCapability row;
      row.format = TextureFormat::rgba8_unorm;
      row.handle_kind = kind;
      row.tiling = tiling;
      row.modifier = modifier;
      row.exportable = row.importable = true;
      row.usages = all_texture_usages;
      row.dimensions = dimension_bit(TextureDimension::two_d);
      row.max_extent = {4096, 4096, 1};
      row.row_alignment = tiling == Tiling::linear ? 64 : 0;
      capabilities.textures.push_back(row);
    };
    add(HandleKind::opaque_fd, Tiling::opaque, drm_modifier_invalid);
    add(HandleKind::dma_buf, Tiling::drm_modifier, drm_modifier_linear);
    add(HandleKind::dma_buf, Tiling::drm_modifier, tiled);
    add(HandleKind::dma_buf, Tiling::drm_modifier, other_tiled);
    add(HandleKind::host_memory, Tiling::linear, drm_modifier_invalid);
    add(HandleKind::host_memory, Tiling::host, drm_modifier_invalid);
    return capabilities;
  }

 private:
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor& d, const Agreement& agreement) override {
    MemoryLayout layout = host_layout(d);
    if (agreement.tiling == Tiling::linear) layout = host_linear_layout(d, agreement.row_alignment);
    if (agreement.tiling == Tiling::opaque || agreement.tiling == Tiling::drm_modifier) {
      layout.tiling = agreement.tiling;
      if (!agreement.modifiers.empty()) layout.modifier = agreement.modifiers.front();
    }
    auto memory = platform::create_shared_memory(layout.allocation_size);
    if (!memory) return fail(std::move(memory.error()));
    return std::make_unique<PaperTexture>(d, layout, agreement, capabilities().identity, *std::move(memory));
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&&) override {
    return fail(ErrorCode::unsupported, "Paper opens nothing.");
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind) override {
    return fail(ErrorCode::unsupported, "Paper has no fences.");
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&&) override {
    return fail(ErrorCode::unsupported, "Paper has no fences.");
  }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override { return {}; }
  bool owns(const SharedTexture&) const noexcept override { return true; }
};

class Descent : public testing::Test {
 protected:
  void start(NegotiationPolicy policy = {}) {
    stream::PublisherOptions options;
    options.name = feed_name;
    options.runtime_directory = directory_.path();
    auto made = stream::Publisher::create(std::make_shared<PaperManager>(), small_picture(), std::move(options));
    ASSERT_TRUE(made) << made.error().to_string();
    publisher_.emplace(*std::move(made));
    auto channel = Channel::connect(stream::socket_path(directory_.path(), feed_name), patience);
    ASSERT_TRUE(channel) << channel.error().to_string();
    channel_.emplace(*std::move(channel));
    wire::Subscribe request;
    request.hello = {wire::protocol_version, "descent", PaperManager::rows()};
    request.policy = std::move(policy);
    ASSERT_TRUE(channel_->send(wire::Message(std::move(request)), patience));
  }
  wire::Message answer() {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      publisher_->service();
      auto message = channel_->receive_message(1ms);
      if (message) return *std::move(message);
      if (message.error().code() != ErrorCode::timeout) break;
    }
    ADD_FAILURE() << "no answer";
    return wire::Refusal{};
  }
  // What is offered now; refuses it with `why`.
  Agreement refuse(const char* why) {
    wire::Message message = answer();
    const auto* pool = std::get_if<wire::Pool>(&message);
    if (pool == nullptr) {
      ADD_FAILURE() << "no offer: " << std::get<wire::Refusal>(message).message;
      return {};
    }
    if (pool->offer.agreement.handle_kind == HandleKind::dma_buf) {
      const auto& modifiers = pool->offer.agreement.modifiers;
      EXPECT_NE(std::find(modifiers.begin(), modifiers.end(), pool->offer.textures[0].layout.modifier),
                modifiers.end());
    }
    EXPECT_TRUE(channel_->send(wire::Message(wire::Refusal{ErrorCode::unsupported, why}), patience));
    return pool->offer.agreement;
  }
  static std::string reason(const Agreement& agreement, const std::string& name) {
    for (const Rung& rung : agreement.rungs) {
      if (rung.name == name) return rung.chosen ? "chosen" : rung.reason;
    }
    return "none";
  }

  RuntimeDirectory directory_;
  std::optional<stream::Publisher> publisher_;
  std::optional<Channel> channel_;
};

TEST_F(Descent, EachWayIsTriedAndKeepsItsReason) {
  ASSERT_NO_FATAL_FAILURE(start());
  using Modifiers = std::vector<std::uint64_t>;
  Agreement now = refuse("one");
  EXPECT_EQ(now.handle_kind, HandleKind::opaque_fd);
  now = refuse("two");
  EXPECT_EQ(now.modifiers, (Modifiers{tiled, other_tiled, drm_modifier_linear}));
  EXPECT_EQ(now.path, SharePath::gpu_copy) << "the publisher draws into opaque memory";
  EXPECT_EQ(reason(now, "opaque_fd"), "It was tried and failed: one");
  EXPECT_EQ(reason(now, "dma_buf modifier"), "chosen");
  now = refuse("three");
  EXPECT_EQ(now.modifiers, (Modifiers{drm_modifier_linear}));
  EXPECT_EQ(reason(now, "dma_buf modifier"), "It was tried and failed: two");
  EXPECT_EQ(reason(now, "dma_buf linear"), "chosen");
  now = refuse("four");
  EXPECT_EQ(now.tiling, Tiling::linear);
  EXPECT_EQ(reason(now, "dma_buf linear"), "It was tried and failed: three");
  now = refuse("five");
  EXPECT_EQ(now.tiling, Tiling::host);
  EXPECT_EQ(reason(now, "opaque_fd"), "It was tried and failed: one");
  EXPECT_EQ(reason(now, "dma_buf modifier"), "It was tried and failed: two");
  EXPECT_EQ(reason(now, "dma_buf linear"), "It was tried and failed: three");
  EXPECT_EQ(reason(now, "host_memory linear"), "It was tried and failed: four");
  const wire::Message last = answer();
  const auto* refusal = std::get_if<wire::Refusal>(&last);
  ASSERT_NE(refusal, nullptr);
  EXPECT_NE(refusal->message.find("No way of sharing is left; the last failed with: five"), std::string::npos)
      << refusal->message;
}

TEST_F(Descent, WhoKnowsThatAModifierFailsSaysSoAtOnce) {
  NegotiationPolicy policy;
  policy.allow_opaque = false;
  policy.refused_modifiers = {tiled, drm_modifier_linear};
  ASSERT_NO_FATAL_FAILURE(start(policy));
  const Agreement now = refuse("enough");
  EXPECT_EQ(now.modifiers, (std::vector<std::uint64_t>{other_tiled}));
}

}  // namespace
}  // namespace geyser::test
