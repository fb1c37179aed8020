// What the tests of Vulkan over MoltenVK's double share.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <geyser/geyser.hpp>
#include <geyser/host.hpp>
#include <geyser/metal.hpp>
#include <geyser/vulkan.hpp>

#include "double.hpp"
#include "mach/ports.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {

inline TextureDescriptor describe(TextureFormat format) {
  TextureDescriptor d;
  d.format = format;
  d.extent = {38, 22, 1};
  return d;
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
    EXPECT_EQ(apple_double::alive().events, before_.events);
    EXPECT_EQ(apple_double::alive().event_handles, before_.event_handles);
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
    if (!access) return {};
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

  void reads_what_vulkan_has_written(End& end, TextureFormat format) {
    reads_what_vulkan_has_written(end, describe(format), HandleKind::io_surface);
  }
  void reads_what_vulkan_has_written(End& end, const TextureDescriptor& d, HandleKind kind) {
    SCOPED_TRACE(end.name() + " " + to_string(d));
    auto texture = vulkan_->create_texture(d, kind);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->path(), SharePath::zero_copy);
    auto opened = open(*vulkan_, **texture, end.manager());
    ASSERT_NE(opened, nullptr);
    AccessState state;
    const auto bytes = make_pattern(d, 3);
    fill_by_vulkan(**texture, state, bytes);
    auto access = opened->begin_access(AccessMode::read, state);
    ASSERT_TRUE(access) << access.error().to_string();
    auto read = end.read(*opened);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(difference(d, bytes, *read), "");
    ASSERT_TRUE(opened->end_access(*std::move(access)));
  }
  void vulkan_reads_what_is_written(End& end, TextureFormat format) {
    vulkan_reads_what_is_written(end, describe(format), HandleKind::io_surface);
  }
  void vulkan_reads_what_is_written(End& end, const TextureDescriptor& d, HandleKind kind) {
    SCOPED_TRACE(end.name() + " " + to_string(d));
    auto texture = end.manager().create_texture(d, kind);
    ASSERT_TRUE(texture) << texture.error().to_string();
    auto opened = open(end.manager(), **texture, *vulkan_);
    ASSERT_NE(opened, nullptr);
    AccessState state;
    auto access = (*texture)->begin_access(AccessMode::discard, state);
    ASSERT_TRUE(access);
    const auto bytes = make_pattern(d, 11);
    ASSERT_TRUE(end.fill(**texture, bytes));
    state = *(*texture)->end_access(*std::move(access));
    EXPECT_EQ(difference(d, bytes, read_by_vulkan(*opened, state)), "");
  }

  apple_double::Alive before_ = apple_double::alive();
  mach_double::Held rights_ = mach_double::held();
  std::unique_ptr<TextureShareManager> vulkan_;
  std::unique_ptr<End> metal_, host_;
};

// Debian 12's lavapipe knows no format of several planes.
class MoltenVkOnMesa25 : public MoltenVk {
 protected:
  void SetUp() override {
    const char* driver = driver_manifest("mesa25");
    if (driver == nullptr) {
      // tools/apple.sh unpacks it.
      ASSERT_EQ(std::getenv("CI"), nullptr) << "GEYSER_MESA25 names no driver";
      GTEST_SKIP() << "GEYSER_MESA25 names no driver: ./dev drivers unpacks one";
    }
    ::setenv("VK_DRIVER_FILES", driver, 1);
    MoltenVk::SetUp();
    ::unsetenv("VK_DRIVER_FILES");
  }
};

}  // namespace geyser::test
