// Vulkan and OpenGL by Win32 handles: the interposer's driver and the double's open the same sections.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <geyser/vulkan.hpp>

#include "support/descriptors.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"
#include "wgl/doubled_end.hpp"

namespace geyser::test {
namespace {

constexpr std::uint64_t pixels_size = 65536;

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  return descriptor;
}

class Win32VulkanOpenGl : public testing::Test {
 protected:
  void SetUp() override {
    auto end = make_end("vulkan", Validation::off);
    ASSERT_TRUE(end) << end.error().to_string();
    vulkan_ = *std::move(end);
    // One device to both, as Windows' drivers say.
    doubled_.driver->identity = vulkan_->manager().capabilities().identity;
    opengl_ = std::make_unique<DoubledEnd>();
  }
  void TearDown() override {
    if (opengl_ == nullptr) return;
    for (const std::string& complaint : opengl_->complaints) ADD_FAILURE() << complaint;
    opengl_.reset();
    EXPECT_TRUE(vulkan_->settle());
    for (const std::string& complaint : vulkan_->complaints) ADD_FAILURE() << complaint;
    for (const std::string& complaint : doubled_.driver->complaints) ADD_FAILURE() << complaint;
  }
  // A fence of Vulkan's, and the same one in OpenGL.
  std::pair<std::shared_ptr<SharedFence>, std::shared_ptr<SharedFence>> make_fence(
      FenceKind kind = FenceKind::opaque_win32_timeline) {
    auto fence = vulkan_->manager().create_fence(kind);
    EXPECT_TRUE(fence) << (fence ? "" : fence.error().to_string());
    if (!fence) return {};
    return {*fence, opengl_->import(*(*fence)->export_handle())};
  }
  // Written on one, read on the other, and back; each signals a fence of its own, where they have any.
  void expect_shared(SharedTexture& of_vulkan, SharedTexture& of_opengl) {
    const TextureDescriptor& descriptor = of_vulkan.descriptor();
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool vulkan_writes : {true, false, true}) {
      const auto expected = make_pattern(descriptor, ++seed);
      for (const bool writes : {true, false}) {
        const bool in_vulkan = vulkan_writes == writes;
        SharedTexture& texture = in_vulkan ? of_vulkan : of_opengl;
        auto access = texture.begin_access(writes ? AccessMode::discard : AccessMode::read, state);
        ASSERT_TRUE(access) << access.error().to_string();
        if (writes) {
          ASSERT_TRUE(in_vulkan ? vulkan_->fill(texture, expected) : opengl_->fill(texture, expected));
        } else {
          auto actual = in_vulkan ? vulkan_->read(texture) : opengl_->read(texture);
          ASSERT_TRUE(actual) << actual.error().to_string();
          EXPECT_EQ(difference(descriptor, expected, *actual), "") << (vulkan_writes ? "there" : "and back");
        }
        auto ended = texture.end_access(*std::move(access));
        ASSERT_TRUE(ended) << ended.error().to_string();
        state = *ended;
      }
    }
    EXPECT_EQ(of_vulkan.statistics().bytes_copied + of_opengl.statistics().bytes_copied, 0U);
  }

  DoubledDriver doubled_;
  std::unique_ptr<End> vulkan_;
  std::unique_ptr<DoubledEnd> opengl_;
};

TEST_F(Win32VulkanOpenGl, AgreesOnOneDevice) {
  const auto agreement = negotiate(picture(), vulkan_->manager().capabilities(), opengl_->manager().capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(agreement->path, SharePath::zero_copy);
  EXPECT_EQ(agreement->fence_kind, FenceKind::opaque_win32_timeline);
  EXPECT_EQ(agreement->sync_tier, SyncTier::shared_timeline);
  doubled_.driver->identity.node_mask = 2;
  const DoubledEnd elsewhere;
  const auto copied = negotiate(picture(), vulkan_->manager().capabilities(), elsewhere.manager().capabilities());
  ASSERT_TRUE(copied) << copied.error().to_string();
  EXPECT_EQ(copied->handle_kind, HandleKind::host_memory);
}

TEST_F(Win32VulkanOpenGl, SharesWhatVulkanMakes) {
  TextureDescriptor mips = picture();
  mips.mip_levels = 4;
  TextureDescriptor halves = picture();
  halves.format = TextureFormat::rgba16_float;
  TextureDescriptor bytes = picture();
  bytes.format = TextureFormat::r8_unorm;
  for (const HandleKind kind : {HandleKind::opaque_win32, HandleKind::opaque_win32_kmt}) {
    for (const TextureDescriptor& descriptor : {picture(), mips, halves, bytes}) {
      SCOPED_TRACE(std::string(to_string(kind)) + ", " + to_string(descriptor));
      auto source = vulkan_->manager().create_texture(descriptor, kind);
      ASSERT_TRUE(source) << source.error().to_string();
      auto parcel = vulkan_->manager().export_texture(**source);
      ASSERT_TRUE(parcel) << parcel.error().to_string();
      auto destination = opengl_->import(*std::move(parcel));
      ASSERT_TRUE(destination);
      const auto own = make_fence();
      const auto theirs = make_fence();
      ASSERT_TRUE((*source)->set_signal_fence(own.first));
      ASSERT_TRUE(destination->set_signal_fence(theirs.second));
      // Vulkan waits for its object of OpenGL's fence, OpenGL for its of Vulkan's: found by id.
      expect_shared(**source, *destination);
      EXPECT_EQ(destination->statistics().host_waits, 0U);
      EXPECT_GT(destination->statistics().gpu_waits, 0U);
    }
  }
}

TEST_F(Win32VulkanOpenGl, WaitsByBinarySemaphores) {
  doubled_.driver->without = {"GL_NV_timeline_semaphore"};
  opengl_ = std::make_unique<DoubledEnd>();
  const auto agreement = negotiate(picture(), vulkan_->manager().capabilities(), opengl_->manager().capabilities());
  ASSERT_TRUE(agreement) << agreement.error().to_string();
  EXPECT_EQ(agreement->handle_kind, HandleKind::opaque_win32);
  ASSERT_EQ(agreement->fence_kind, FenceKind::opaque_win32_binary);
  auto source = vulkan_->manager().create_texture(picture(), *agreement);
  ASSERT_TRUE(source) << source.error().to_string();
  auto destination = opengl_->import(*vulkan_->manager().export_texture(**source));
  ASSERT_TRUE(destination);
  const auto own = make_fence(agreement->fence_kind);
  const auto theirs = make_fence(agreement->fence_kind);
  ASSERT_TRUE(own.first && own.second && theirs.second);
  ASSERT_TRUE((*source)->set_signal_fence(own.first));
  ASSERT_TRUE(destination->set_signal_fence(theirs.second));
  expect_shared(**source, *destination);
  EXPECT_EQ(destination->statistics().host_waits + (*source)->statistics().host_waits, 0U);
  EXPECT_GT(destination->statistics().gpu_waits, 0U);
  EXPECT_GT((*source)->statistics().gpu_waits, 0U);
}

TEST_F(Win32VulkanOpenGl, SharesATextureWithAKeyedMutex) {
  const Section section(pixels_size + DriverDouble::mutex_page);
  ApiTextureHandle parcel;
  parcel.descriptor = picture();
  parcel.layout.allocation_size = pixels_size;
  parcel.layout.memory_type = any_memory_type;
  parcel.layout.dedicated = parcel.layout.keyed_mutex = true;
  parcel.layout.plane_count = 1;
  parcel.identity = vulkan_->manager().capabilities().identity;
  parcel.api = Api::d3d11;
  parcel.kind = HandleKind::d3d_nt;
  parcel.handle_count = 1;
  parcel.handles[0] = section.handle(HandleKind::d3d_nt);
  auto in_opengl = opengl_->import(*parcel.duplicate());
  auto in_vulkan = vulkan_->manager().import_shared_texture(std::move(parcel));
  ASSERT_TRUE(in_vulkan) << in_vulkan.error().to_string();
  ASSERT_TRUE(in_opengl);
  expect_shared(**in_vulkan, *in_opengl);
  EXPECT_EQ(section.mutex(), 0U);
}

TEST_F(Win32VulkanOpenGl, VulkanMakesWhatOpenGlPublishes) {
  const std::shared_ptr<TextureShareManager> allocator(std::shared_ptr<void>(), &vulkan_->manager());
  const auto used = opengl_->manager().use_allocator(allocator);
  ASSERT_TRUE(used) << used.error().to_string();
  const std::size_t before = open_descriptors();
  {
    auto texture = opengl_->manager().create_texture(picture(), HandleKind::opaque_win32);
    ASSERT_TRUE(texture) << texture.error().to_string();
    EXPECT_EQ((*texture)->api(), Api::opengl);
    auto parcel = opengl_->manager().export_texture(**texture);
    ASSERT_TRUE(parcel) << parcel.error().to_string();
    EXPECT_EQ(parcel->api, Api::vulkan) << "where the memory was made";
    auto other = vulkan_->manager().import_shared_texture(*std::move(parcel));
    ASSERT_TRUE(other) << other.error().to_string();
    auto fence = opengl_->manager().create_fence(FenceKind::opaque_win32_timeline);
    ASSERT_TRUE(fence) << fence.error().to_string();
    auto twin = vulkan_->manager().import_fence(*(*fence)->export_handle());
    ASSERT_TRUE(twin) << twin.error().to_string();
    ASSERT_TRUE((*texture)->set_signal_fence(*fence));
    auto write = (*texture)->begin_access(AccessMode::discard, {});
    ASSERT_TRUE(write) << write.error().to_string();
    const auto expected = make_pattern(picture(), 4);
    ASSERT_TRUE(opengl_->fill(**texture, expected));
    auto state = (*texture)->end_access(*std::move(write));
    ASSERT_TRUE(state) << state.error().to_string();
    auto look = (*other)->begin_access(AccessMode::read, *state);
    ASSERT_TRUE(look) << look.error().to_string();
    auto actual = vulkan_->read(**other);
    ASSERT_TRUE(actual);
    EXPECT_EQ(difference(picture(), expected, *actual), "");
    EXPECT_TRUE((*other)->end_access(*std::move(look)));
    EXPECT_EQ((*texture)->statistics().bytes_copied + (*other)->statistics().bytes_copied, 0U);
    opengl_->use();
  }
  EXPECT_TRUE(vulkan_->settle());
  EXPECT_LE(open_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
