// dma_buf into and out of OpenGL and OpenGL ES, for the tests of it. Run with Mesa 25 (tools/with_mesa25.sh) and the
// stand-in for /dev/udmabuf: layouts and drivers are real, the kernel object is a memfd.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <geyser/opengl.hpp>

#include "platform/shared_memory.hpp"
#include "support/ends.hpp"
#include "support/pattern.hpp"

namespace geyser::test {

inline bool has_dma_buf(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf && row.importable;
  });
}

class OpenGlDmaBuf : public testing::Test {
 protected:
  static void TearDownTestSuite() { ends_.close(); }
  void SetUp() override {
    for (const char* name : {"host", "opengl", "opengl_es", "vulkan"}) ASSERT_NE(ends_.get(name), nullptr);
    if (!has_dma_buf(gl().capabilities()) || !has_dma_buf(vulkan().capabilities())) {
      if (is_rig("mesa")) FAIL() << "Mesa 25 is there, but opens no dma-buf";
      std::printf(
          "NOT RUN: OpenGL and Vulkan here open no dma-bufs; ./dev drivers unpacks some that do on Debian 12\n");
      GTEST_SKIP();
    }
    policy_.allow_opaque = false;
    descriptor_.extent = {61, 35, 1};
  }
  void TearDown() override {
    for (const char* name : {"opengl", "opengl_es", "vulkan"}) {
      for (const std::string& complaint : std::exchange(ends_.get(name)->complaints, {})) ADD_FAILURE() << complaint;
    }
  }

  static TextureShareManager& gl() { return ends_.get("opengl")->manager(); }
  static TextureShareManager& vulkan() { return ends_.get("vulkan")->manager(); }

  std::unique_ptr<SharedTexture> make(TextureShareManager& from, const TextureDescriptor& descriptor) {
    auto texture = from.create_texture(descriptor, HandleKind::dma_buf);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return texture ? *std::move(texture) : nullptr;
  }
  // Of a texture that lives as long as the test.
  ApiTextureHandle parcel() {
    made_.push_back(make(vulkan(), descriptor_));
    return *vulkan().export_texture(*made_.back());
  }
  static void expect_refused(ApiTextureHandle&& wrong, ErrorCode code, const std::string& words) {
    auto imported = gl().import_shared_texture(std::move(wrong));
    ASSERT_FALSE(imported) << words;
    EXPECT_EQ(imported.error().code(), code) << imported.error().to_string();
    EXPECT_NE(imported.error().to_string().find(words), std::string::npos) << imported.error().to_string();
  }
  static AccessState write(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::discard, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto filled = end.fill(texture, make_pattern(texture.descriptor(), seed));
    EXPECT_TRUE(filled) << filled.error().to_string();
    return *texture.end_access(*std::move(access));
  }
  static AccessState expect(End& end, SharedTexture& texture, const AccessState& state, std::uint32_t seed) {
    auto access = texture.begin_access(AccessMode::read, state);
    EXPECT_TRUE(access) << access.error().to_string();
    auto bytes = end.read(texture);
    EXPECT_TRUE(bytes) << bytes.error().to_string();
    if (bytes) {
      EXPECT_EQ(difference(texture.descriptor(), make_pattern(texture.descriptor(), seed), *bytes), "");
    }
    return *texture.end_access(*std::move(access));
  }
  // Every format that the two can share by dma_buf, there and back. Gives their names.
  std::string share_every_format(const std::string& from_name, const std::string& to_name, Api maker) {
    End& from = *ends_.get(from_name);
    End& to = *ends_.get(to_name);
    std::string names;
    for (const FormatInfo& info : all_formats()) {
      SCOPED_TRACE(from_name + " to " + to_name + " " + std::string(info.name));
      TextureDescriptor d = descriptor_;
      d.format = info.format;
      if (info.is_multi_planar()) d.extent = {60, 34, 1};
      auto agreement = negotiate(d, from.manager().capabilities(), to.manager().capabilities(), policy_);
      if (!agreement || agreement->handle_kind != HandleKind::dma_buf) continue;
      auto texture = from.manager().create_texture(d, *agreement);
      if (!texture) ADD_FAILURE() << texture.error().to_string();
      if (!texture) continue;
      auto parcel = from.manager().export_texture(**texture);
      if (!parcel) ADD_FAILURE() << parcel.error().to_string();
      if (!parcel) continue;
      if (parcel->api != maker) continue;  // made by an allocator: the other test's
      names += (names.empty() ? "" : " ") + std::string(info.name);
      EXPECT_EQ(parcel->kind, HandleKind::dma_buf);
      EXPECT_EQ(parcel->layout.modifier, drm_modifier_linear);
      const auto object = *platform::kernel_identity(parcel->handles[0].get());
      EXPECT_EQ(object, *platform::kernel_identity(from.manager().export_texture(**texture)->handles[0].get()));
      auto imported = to.manager().import_shared_texture(*std::move(parcel));
      if (!imported) ADD_FAILURE() << imported.error().to_string();
      if (!imported) continue;
      EXPECT_EQ((*imported)->path(), SharePath::zero_copy);
      AccessState state = expect(to, **imported, write(from, **texture, {}, 1), 1);
      expect(from, **texture, write(to, **imported, state, 2), 2);
      EXPECT_EQ((*texture)->statistics().bytes_copied + (*imported)->statistics().bytes_copied, 0U);
    }
    return names;
  }

  static inline Ends ends_;
  NegotiationPolicy policy_;
  TextureDescriptor descriptor_;
  std::vector<std::unique_ptr<SharedTexture>> made_;
};

}  // namespace geyser::test
