// Two Vulkan devices of the first driver here that exports dma-bufs, for the tests of what goes between them. Runs with
// the stand-in for /dev/udmabuf preloaded, so that a software driver can export: the layouts are real, the kernel
// objects are memfds.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <geyser/vulkan.hpp>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {

inline bool exports_dma_buf(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf && row.exportable;
  });
}

// Mesa 25.0's lavapipe has VK_KHR_format_feature_flags2 and leaves VkDrmFormatModifierPropertiesList2EXT empty, which
// is where the validation layer looks for the features of a modifier: it then finds fault with every copy.
inline bool second_list_is_empty(const TextureShareManager& manager) {
  const auto device = vulkan::native(manager);
  const auto ask = reinterpret_cast<PFN_vkGetPhysicalDeviceFormatProperties2>(
      device->get_instance_proc_addr(device->instance, "vkGetPhysicalDeviceFormatProperties2"));
  VkDrmFormatModifierPropertiesList2EXT list{VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT, nullptr, 0,
                                             nullptr};
  VkFormatProperties2 properties{VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, &list, {}};
  ask(device->physical_device, VK_FORMAT_R8G8B8A8_UNORM, &properties);
  return list.drmFormatModifierCount == 0;
}
inline bool is_about_the_second_list(const std::string& complaint) {
  const auto has = [&](const char* words) { return complaint.find(words) != std::string::npos; };
  // In the words of the layers 1.3.239 and 1.4.309.
  return has("VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT") &&
         (has("VkFormatFeatureFlags (0x0) does not support required feature") ||
          has("VkFormatFeatureFlags2(0)) which in turn is missing the required feature"));
}

class DmaBuf : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"mesa25", "vulkan"}) {
      if (name == std::string("mesa25") && driver_manifest(name) == nullptr) continue;
      auto first = make_end(name);
      ASSERT_TRUE(first) << first.error().to_string();
      if (!exports_dma_buf((*first)->manager().capabilities())) continue;
      auto second = make_end(name);
      ASSERT_TRUE(second) << second.error().to_string();
      from_ = std::move(*first);
      to_ = std::move(*second);
      return;
    }
  }
  static void TearDownTestSuite() {
    from_.reset();
    to_.reset();
  }
  void SetUp() override {
    if (from_ == nullptr) {
      // Mesa 25 exports with the stand-in preloaded: that is what this test is run with.
      if (driver_manifest("mesa25") != nullptr) FAIL() << "Mesa 25 is there, but exports no dma-buf";
      std::printf("NOT RUN: no Vulkan driver here exports dma-bufs; ./dev drivers unpacks one on Debian 12\n");
      GTEST_SKIP();
    }
    policy_.allow_opaque = false;
    descriptor_.extent = {61, 35, 1};
  }
  void TearDown() override {
    for (End* end : {from_.get(), to_.get()}) {
      if (end == nullptr) continue;
      const bool known = second_list_is_empty(end->manager());
      for (const std::string& complaint : end->complaints) {
        if (!known || !is_about_the_second_list(complaint)) ADD_FAILURE() << complaint;
      }
      end->complaints.clear();
    }
  }

  Result<Agreement> agree(const TextureDescriptor& descriptor) const {
    return negotiate(descriptor, from_->manager().capabilities(), to_->manager().capabilities(), policy_);
  }
  // What is dropped goes when the device is done with it: makes it done.
  static std::size_t settled_descriptors() {
    for (End* end : {from_.get(), to_.get()}) EXPECT_TRUE(end->settle());
    return open_descriptors();
  }
  ApiTextureHandle parcel() {
    texture_ = *from_->manager().create_texture(descriptor_, *agree(descriptor_));
    return *from_->manager().export_texture(*texture_);
  }
  void expect_refused(ApiTextureHandle&& wrong, ErrorCode code, const std::string& words) {
    auto imported = to_->manager().import_shared_texture(std::move(wrong));
    ASSERT_FALSE(imported) << words;
    EXPECT_EQ(imported.error().code(), code) << imported.error().to_string();
    EXPECT_NE(imported.error().message().find(words), std::string::npos) << imported.error().to_string();
  }

  // Writes at one end and compares at the other, both ways.
  static void exchange(SharedTexture& texture, SharedTexture& imported, AccessState state = {}) {
    std::uint32_t seed = 1;
    for (const bool back : {false, true}) {
      SharedTexture& writer = back ? imported : texture;
      SharedTexture& reader = back ? texture : imported;
      End& writing = back ? *to_ : *from_;
      End& reading = back ? *from_ : *to_;
      const auto expected = make_pattern(texture.descriptor(), seed++);
      auto write = writer.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(writing.fill(writer, expected));
      state = *writer.end_access(*std::move(write));
      auto read = reader.begin_access(AccessMode::read, state);
      ASSERT_TRUE(read) << read.error().to_string();
      auto actual = reading.read(reader);
      ASSERT_TRUE(actual) << actual.error().to_string();
      state = *reader.end_access(*std::move(read));
      EXPECT_EQ(difference(texture.descriptor(), expected, *actual), "");
    }
    EXPECT_EQ(texture.statistics().bytes_copied + imported.statistics().bytes_copied, 0U);
  }

  static inline std::unique_ptr<End> from_;
  static inline std::unique_ptr<End> to_;
  NegotiationPolicy policy_;
  TextureDescriptor descriptor_;
  std::unique_ptr<SharedTexture> texture_;
};

}  // namespace geyser::test
