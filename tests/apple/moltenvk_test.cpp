// Vulkan over a double of MoltenVK: surfaces between it and Metal's double, one memory on both sides.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include <geyser/geyser.hpp>
#include <geyser/host.hpp>
#include <geyser/metal.hpp>
#include <geyser/vulkan.hpp>

#include "double.hpp"
#include "mach/ports.hpp"
#include "support/end.hpp"

namespace geyser::test {
namespace {

// Rows of a multiple of 256 bytes: where Metal and the driver behind the double both want them.
TextureDescriptor describe(TextureFormat format) {
  TextureDescriptor d;
  d.format = format;
  d.extent = {256, 24, 1};
  return d;
}

std::vector<std::byte> pattern(const TextureDescriptor& descriptor, unsigned seed) {
  std::vector<std::byte> bytes(host_size(descriptor));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>((i * 7 + seed + i / 251) & 0x3f);
  return bytes;
}

class MoltenVk : public testing::Test {
 protected:
  void SetUp() override {
    auto vulkan = vulkan::create_manager();
    ASSERT_TRUE(vulkan) << vulkan.error().to_string();
    vulkan_ = *std::move(vulkan);
    auto metal = make_metal_end();
    ASSERT_TRUE(metal) << metal.error().to_string();
    metal_ = *std::move(metal);
    auto host = make_host_end();
    ASSERT_TRUE(host);
    host_ = *std::move(host);
  }
  void TearDown() override {
    vulkan_.reset();
    metal_.reset();
    host_.reset();
    EXPECT_EQ(apple_double::alive().surfaces, before_.surfaces);
    EXPECT_EQ(apple_double::alive().textures, before_.textures);
    EXPECT_TRUE(mach_double::held() == rights_);
  }

  // Of another manager, opened by `by`.
  static std::unique_ptr<SharedTexture> open(TextureShareManager& from, SharedTexture& texture,
                                             TextureShareManager& by) {
    auto parcel = from.export_texture(texture);
    if (!parcel) return ADD_FAILURE() << parcel.error().to_string(), nullptr;
    auto opened = by.import_shared_texture(*std::move(parcel));
    if (!opened) return ADD_FAILURE() << opened.error().to_string(), nullptr;
    return *std::move(opened);
  }

  // What Vulkan's own commands put into, or find in, a texture of its manager: through one that is copied by the host.
  void fill_by_vulkan(SharedTexture& texture, AccessState& state, std::span<const std::byte> bytes) {
    auto staged = vulkan_->create_texture(texture.descriptor(), HandleKind::host_memory);
    ASSERT_TRUE(staged) << staged.error().to_string();
    auto hosts = open(*vulkan_, **staged, host_->manager());
    ASSERT_NE(hosts, nullptr);
    AccessState between;
    auto write = hosts->begin_access(AccessMode::discard, between);
    ASSERT_TRUE(write);
    ASSERT_TRUE(host_->fill(*hosts, bytes));
    between = *hosts->end_access(*std::move(write));
    copy(**staged, between, texture, state);
  }
  std::vector<std::byte> read_by_vulkan(SharedTexture& texture, AccessState& state) {
    auto staged = vulkan_->create_texture(texture.descriptor(), HandleKind::host_memory);
    EXPECT_TRUE(staged);
    if (!staged) return {};
    AccessState between;
    copy(texture, state, **staged, between);
    auto hosts = open(*vulkan_, **staged, host_->manager());
    if (hosts == nullptr) return {};
    auto access = hosts->begin_access(AccessMode::read, between);
    EXPECT_TRUE(access) << access.error().to_string();
    auto bytes = host_->read(*hosts);
    EXPECT_TRUE(bytes);
    EXPECT_TRUE(hosts->end_access(*std::move(access)));
    return bytes ? *bytes : std::vector<std::byte>();
  }
  void copy(SharedTexture& from, AccessState& from_state, SharedTexture& to, AccessState& to_state) {
    auto read = from.begin_access(AccessMode::read, from_state);
    ASSERT_TRUE(read) << read.error().to_string();
    auto write = to.begin_access(AccessMode::discard, to_state);
    ASSERT_TRUE(write) << write.error().to_string();
    auto copied = vulkan_->copy_texture(from, to);
    ASSERT_TRUE(copied) << copied.error().to_string();
    from_state = *from.end_access(*std::move(read));
    to_state = *to.end_access(*std::move(write));
  }

  apple_double::Alive before_ = apple_double::alive();
  mach_double::Held rights_ = mach_double::held();
  std::unique_ptr<TextureShareManager> vulkan_;
  std::unique_ptr<End> metal_, host_;
};

TEST_F(MoltenVk, AgreesWithMetalOnSurfaces) {
  for (const bool makes : {true, false}) {
    const Capabilities& from = makes ? vulkan_->capabilities() : metal_->manager().capabilities();
    const Capabilities& to = makes ? metal_->manager().capabilities() : vulkan_->capabilities();
    const auto agreement = negotiate(describe(TextureFormat::bgra8_unorm), from, to);
    ASSERT_TRUE(agreement) << agreement.error().to_string();
    EXPECT_EQ(agreement->handle_kind, HandleKind::io_surface) << to_string(*agreement);
    EXPECT_EQ(agreement->path, SharePath::zero_copy);
    EXPECT_EQ(agreement->fence_kind, FenceKind::host_timeline);
  }
  // No handles of memory, whatever the driver behind has.
  for (const TextureCapability& row : vulkan_->capabilities().textures) {
    EXPECT_TRUE(row.handle_kind == HandleKind::io_surface || row.handle_kind == HandleKind::host_memory);
  }
}

TEST_F(MoltenVk, MetalReadsWhatVulkanHasWritten) {
  for (const TextureFormat format :
       {TextureFormat::bgra8_unorm, TextureFormat::rgba16_float, TextureFormat::r8_unorm}) {
    const TextureDescriptor d = describe(format);
    auto texture = vulkan_->create_texture(d, HandleKind::io_surface);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
    auto opened = open(*vulkan_, **texture, metal_->manager());
    ASSERT_NE(opened, nullptr);
    AccessState state;
    const auto bytes = pattern(d, 3);
    fill_by_vulkan(**texture, state, bytes);
    auto access = opened->begin_access(AccessMode::read, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto read = metal_->read(*opened);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, bytes) << to_string(format);
    ASSERT_TRUE(opened->end_access(*std::move(access)));
  }
}

TEST_F(MoltenVk, VulkanReadsWhatMetalHasWritten) {
  const TextureDescriptor d = describe(TextureFormat::bgra8_unorm);
  auto texture = metal_->manager().create_texture(d, HandleKind::io_surface);
  ASSERT_TRUE(texture);
  auto opened = open(metal_->manager(), **texture, *vulkan_);
  ASSERT_NE(opened, nullptr);
  AccessState state;
  auto access = (*texture)->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(access);
  const auto bytes = pattern(d, 11);
  ASSERT_TRUE(metal_->fill(**texture, bytes));
  state = *(*texture)->end_access(*std::move(access));
  EXPECT_EQ(read_by_vulkan(*opened, state), bytes);
}

TEST_F(MoltenVk, RefusesSurfacesThatAreNotWhatTheParcelSays) {
  auto texture = metal_->manager().create_texture(describe(TextureFormat::bgra8_unorm), HandleKind::io_surface);
  ASSERT_TRUE(texture);
  const auto refusal = [&](auto spoil) {
    auto parcel = metal_->manager().export_texture(**texture);
    EXPECT_TRUE(parcel);
    spoil(*parcel);
    auto opened = vulkan_->import_shared_texture(*std::move(parcel));
    EXPECT_FALSE(opened);
    return opened ? ErrorCode::busy : opened.error().code();
  };
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.descriptor.extent.width = 32; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.descriptor.format = TextureFormat::rgba8_unorm; }),
            ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) { p.layout.allocation_size += 4096; }), ErrorCode::incompatible_layout);
  EXPECT_EQ(refusal([](ApiTextureHandle& p) {
              const NativeHandle gone = p.handles[0].get();
              p.handles[0].reset();
              p.handles[0] = OwnedHandle::adopt(HandleKind::io_surface, gone + 1000);
            }),
            ErrorCode::invalid_handle);
}

}  // namespace
}  // namespace geyser::test
