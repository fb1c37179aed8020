// dma_buf between two Vulkan devices: every format that has a modifier, both ways, and what is wrong with a parcel.
// Runs with the stand-in for /dev/udmabuf preloaded, so that a software driver can export: the layouts are real, the
// kernel object is a memfd.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include <geyser/vulkan.hpp>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

bool exports_dma_buf(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::dma_buf && row.exportable;
  });
}

// Mesa 25.0's lavapipe has VK_KHR_format_feature_flags2 and leaves VkDrmFormatModifierPropertiesList2EXT empty, which
// is where the validation layer looks for the features of a modifier: it then finds fault with every copy.
bool second_list_is_empty(const TextureShareManager& manager) {
  const auto device = vulkan::native(manager);
  const auto ask = reinterpret_cast<PFN_vkGetPhysicalDeviceFormatProperties2>(
      device->get_instance_proc_addr(device->instance, "vkGetPhysicalDeviceFormatProperties2"));
  VkDrmFormatModifierPropertiesList2EXT list{VK_STRUCTURE_TYPE_DRM_FORMAT_MODIFIER_PROPERTIES_LIST_2_EXT, nullptr, 0,
                                             nullptr};
  VkFormatProperties2 properties{VK_STRUCTURE_TYPE_FORMAT_PROPERTIES_2, &list, {}};
  ask(device->physical_device, VK_FORMAT_R8G8B8A8_UNORM, &properties);
  return list.drmFormatModifierCount == 0;
}
bool is_about_the_second_list(const std::string& complaint) {
  const auto has = [&](const char* words) { return complaint.find(words) != std::string::npos; };
  // In the words of the layers 1.3.239 and 1.4.309.
  return has("VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT") &&
         (has("VkFormatFeatureFlags (0x0) does not support required feature") ||
          has("VkFormatFeatureFlags2(0)) which in turn is missing the required feature"));
}

// Two devices of the first driver that exports dma-bufs.
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

  static inline std::unique_ptr<End> from_;
  static inline std::unique_ptr<End> to_;
  NegotiationPolicy policy_;
  TextureDescriptor descriptor_;
  std::unique_ptr<SharedTexture> texture_;
};

TEST_F(DmaBuf, IsOneKernelObjectWithEqualPixelsInEveryFormat) {
  std::size_t shared = 0;
  for (const FormatInfo& info : all_formats()) {
    SCOPED_TRACE(info.name);
    TextureDescriptor d = descriptor_;
    d.format = info.format;
    if (info.is_multi_planar()) d.extent = {60, 34, 1};
    auto agreement = agree(d);
    if (!agreement || agreement->handle_kind != HandleKind::dma_buf) continue;
    ++shared;
    EXPECT_EQ(agreement->path, SharePath::zero_copy);
    auto texture = from_->manager().create_texture(d, *agreement);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->layout().tiling, Tiling::drm_modifier);
    EXPECT_NE(std::find(agreement->modifiers.begin(), agreement->modifiers.end(), (*texture)->layout().modifier),
              agreement->modifiers.end());
    auto made = from_->manager().export_texture(**texture);
    ASSERT_TRUE(made) << made.error().to_string();
    auto again = from_->manager().export_texture(**texture);
    ASSERT_TRUE(again);
    EXPECT_EQ(*platform::kernel_identity(made->handles[0].get()), *platform::kernel_identity(again->handles[0].get()));
    auto imported = to_->manager().import_shared_texture(*std::move(made));
    ASSERT_TRUE(imported) << imported.error().to_string();
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool back : {false, true}) {
      SharedTexture& writer = back ? **imported : **texture;
      SharedTexture& reader = back ? **texture : **imported;
      End& writing = back ? *to_ : *from_;
      End& reading = back ? *from_ : *to_;
      const auto expected = make_pattern(d, seed++);
      auto write = writer.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(writing.fill(writer, expected));
      state = *writer.end_access(*std::move(write));
      auto read = reader.begin_access(AccessMode::read, state);
      ASSERT_TRUE(read) << read.error().to_string();
      auto actual = reading.read(reader);
      ASSERT_TRUE(actual) << actual.error().to_string();
      state = *reader.end_access(*std::move(read));
      EXPECT_EQ(difference(d, expected, *actual), "");
    }
    EXPECT_EQ((*texture)->statistics().bytes_copied + (*imported)->statistics().bytes_copied, 0U);
  }
  EXPECT_GE(shared, 30U) << "formats that went through a dma-buf";
}

TEST_F(DmaBuf, IsLinearByItsModifierHere) {
  const ApiTextureHandle made = parcel();
  EXPECT_EQ(made.layout.modifier, drm_modifier_linear);
  EXPECT_EQ(made.layout.plane_count, 1U);
  EXPECT_GE(made.layout.planes[0].stride, 61U * 4U);
  EXPECT_GE(*platform::kernel_size(made.handles[0].get()), made.layout.planes[0].stride * 35U);
}

TEST_F(DmaBuf, RefusesMoreThanOneMip) {
  descriptor_.mip_levels = 2;
  const auto agreement = agree(descriptor_);
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->handle_kind, HandleKind::host_memory);
  const auto made = from_->manager().create_texture(descriptor_, HandleKind::dma_buf);
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message().find("at most [1] mip levels"), std::string::npos) << made.error().to_string();
}

TEST_F(DmaBuf, NamesTheWrongField) {
  const std::size_t before = settled_descriptors();
  {
    ApiTextureHandle wrong = parcel();
    wrong.layout.modifier = 0x0100000000000001ULL;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.modifier]");
    wrong = parcel();
    wrong.layout.modifier = drm_modifier_invalid;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.modifier] is INVALID");
    wrong = parcel();
    wrong.layout.plane_count = 2;
    wrong.layout.planes[1] = wrong.layout.planes[0];
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.plane_count]");
    wrong = parcel();
    wrong.layout.planes[0].stride = 60 * 4;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0].stride]");
    wrong = parcel();
    wrong.layout.planes[0].offset = wrong.layout.allocation_size;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0]]");
    wrong = parcel();
    wrong.layout.allocation_size *= 4;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.allocation_size]");
    wrong = parcel();
    wrong.layout.tiling = Tiling::opaque;
    expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.tiling]");
  }
  texture_.reset();
  EXPECT_EQ(settled_descriptors(), before);
}

TEST_F(DmaBuf, RefusesABufferThatIsTooSmallOrNone) {
  ApiTextureHandle wrong = parcel();
  wrong.handles[0] = OwnedHandle::adopt(HandleKind::dma_buf, platform::create_shared_memory(4096)->detach());
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "the handle's object has [4096] bytes");
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const auto write_end = OwnedHandle::adopt(HandleKind::dma_buf, pipes[1]);
  wrong = parcel();
  wrong.handles[0] = OwnedHandle::adopt(HandleKind::dma_buf, pipes[0]);
  expect_refused(std::move(wrong), ErrorCode::invalid_handle, "is neither shared memory nor a dma-buf");
}

TEST_F(DmaBuf, PlanesInTwoBuffersAreRefused) {
  ApiTextureHandle wrong = parcel();
  ApiTextureHandle other = parcel();
  wrong.handle_count = 2;
  wrong.handles[1] = std::move(other.handles[0]);
  expect_refused(std::move(wrong), ErrorCode::unsupported, "Handle [1] is another buffer than handle [0]");
  wrong = parcel();
  wrong.handle_count = 2;
  wrong.handles[1] = *wrong.handles[0].duplicate();
  wrong.layout.planes[0].handle_index = 1;
  wrong.layout.planes[0].offset = 1U << 30U;
  expect_refused(std::move(wrong), ErrorCode::incompatible_layout, "[layout.planes[0]]");
  // One buffer under two numbers is one buffer.
  ApiTextureHandle same = parcel();
  same.handle_count = 2;
  same.handles[1] = *same.handles[0].duplicate();
  EXPECT_TRUE(to_->manager().import_shared_texture(std::move(same)));
}

}  // namespace
}  // namespace geyser::test
