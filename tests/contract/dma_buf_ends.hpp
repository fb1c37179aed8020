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
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << complaint;
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
