// dma-bufs of producers that are no Geyser, and what only a kernel has: its fences and rights. In the virtual machine
// (./dev rig vm) nothing is skipped.
#include <algorithm>
#include <vector>

#include <geyser/dma_buf.hpp>

#include "contract/host_dma_buf.hpp"

namespace geyser::test {
namespace {

using platform::DmaBufSource;

// Buffers that no Geyser made, at both kinds of end.
class Producer : public HostDmaBuf, public testing::WithParamInterface<std::string> {};

TEST_P(Producer, IsImportedByHostAndVulkan) {
  const std::string source = GetParam();
  const bool is_drm = source == "vgem" || source == "virtio_gpu";
  if (is_drm && !has_drm_nodes()) {
    std::printf("NOT RUN: no DRM node here; ./dev rig vm has them\n");
    GTEST_SKIP();
  }
  const auto kind = source == "udmabuf" ? DmaBufSource::udmabuf : DmaBufSource::dma_heap;
  if (!is_drm && !platform::makes_dma_bufs(kind)) {
    ASSERT_FALSE(is_in_vm());
    std::printf("NOT RUN: no %s here; ./dev rig vm has it\n", source.c_str());
    GTEST_SKIP();
  }
  std::vector<End*> readers{&host()};
  if (End* driver = vulkan()) readers.push_back(driver);
  for (End* reader : readers) {
    SCOPED_TRACE(reader->name());
    if (is_drm) {
      auto node = DrmNode::open(source);
      ASSERT_TRUE(node) << node.error().to_string();
      auto dumb = node->create_dumb(61, 35, 32);
      ASSERT_TRUE(dumb) << dumb.error().to_string();
      ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
      parcel.layout.planes[0].stride = dumb->stride;
      parcel.layout.allocation_size = dumb->size;
      parcel.handles[0] = std::move(dumb->handle);
      expect_same_memory(*reader, parcel);
      continue;
    }
    Foreign foreign;
    foreign.make = [&](std::uint64_t size) { return platform::create_dma_buf(kind, size); };
    expect_same_memory(*reader, foreign_parcel(descriptor_, foreign));
    foreign.first = 4096;
    foreign.padding = 100;  // a pitch that no driver would choose
    expect_same_memory(*reader, foreign_parcel(descriptor_, foreign));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Producer, testing::Values("udmabuf", "dma_heap", "vgem", "virtio_gpu"),
                         [](const auto& source) { return source.param; });

TEST_F(HostDmaBuf, TenThousandImportsIntoVulkanLeakNothing) {
  if (current_mesa() == nullptr) {
    std::printf("NOT RUN: Mesa 25 is not here\n");
    GTEST_SKIP();
  }
  auto driver = make_end(current_mesa(), Validation::off);
  ASSERT_TRUE(driver) << driver.error().to_string();
  const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  ASSERT_TRUE((*driver)->settle());
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 10'000; ++i) {
    auto opened = (*driver)->manager().import_shared_texture(*parcel.duplicate());
    ASSERT_TRUE(opened) << i << ": " << opened.error().to_string();
  }
  ASSERT_TRUE((*driver)->settle());
  EXPECT_EQ(open_descriptors(), before);
}

// The kernel's own fences and rights, which the stand-in has not.
class KernelOnly : public HostDmaBuf {
 protected:
  void SetUp() override {
    HostDmaBuf::SetUp();
    if (has_drm_nodes()) return;
    std::printf("NOT RUN: no DRM node here; ./dev rig vm has them\n");
    GTEST_SKIP();
  }
};

TEST_F(KernelOnly, AnAccessWaitsForTheImplicitFence) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node) << node.error().to_string();
  const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  auto opened = *host().manager().import_shared_texture(*parcel.duplicate());
  opened->set_wait_timeout(std::chrono::milliseconds(30));
  const LateFence late = *node->create_fence();
  ASSERT_TRUE(import_sync_file(parcel, late.sync_file(), AccessMode::write));
  const auto refused = opened->begin_access(AccessMode::read, written());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::timeout) << refused.error().to_string();
  EXPECT_TRUE(host::bytes(*opened)->empty()) << "nothing is open";
  late.signal();
  auto read = opened->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_TRUE(opened->end_access(*std::move(read)));
}

TEST_F(KernelOnly, AnAccessWaitsForASyncFile) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node) << node.error().to_string();
  std::vector<End*> readers{&host()};
  if (End* driver = vulkan()) readers.push_back(driver);
  for (End* reader : readers) {
    const auto& fences = reader->manager().capabilities().fences;
    const bool takes = std::any_of(fences.begin(), fences.end(), [](const FenceCapability& row) {
      return row.kind == FenceKind::sync_file && row.importable;
    });
    if (!takes && reader != &host()) {
      std::printf("NOT RUN: %s takes no sync files\n", reader->name().c_str());
      continue;
    }
    const ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
    auto opened = *reader->manager().import_shared_texture(*parcel.duplicate());
    opened->set_wait_timeout(std::chrono::milliseconds(30));
    const LateFence late = *node->create_fence();
    auto fence = reader->manager().import_fence({FenceKind::sync_file, 77, 1, *late.sync_file().duplicate()});
    ASSERT_TRUE(fence) << fence.error().to_string();
    AccessState state = written();
    ASSERT_TRUE(state.writer.add({*fence, 1}));
    auto read = opened->begin_access(AccessMode::read, state);
    if (reader == &host()) {
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code(), ErrorCode::timeout) << read.error().to_string();
      late.signal();
      read = opened->begin_access(AccessMode::read, state);
    } else {
      ASSERT_TRUE(read) << "a device's access begins without its CPU waiting: " << read.error().to_string();
      late.signal();
    }
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(reader->read(*opened));
    ASSERT_TRUE(opened->end_access(*std::move(read)));
  }
}

TEST_F(KernelOnly, ABufferForReadingIsNotWritten) {
  auto node = DrmNode::open("vgem");
  ASSERT_TRUE(node);
  auto dumb = node->create_dumb(61, 35, 32, false);
  ASSERT_TRUE(dumb);
  ApiTextureHandle parcel = foreign_parcel(descriptor_, {});
  parcel.layout.planes[0].stride = dumb->stride;
  parcel.handles[0] = std::move(dumb->handle);
  auto opened = host().manager().import_shared_texture(std::move(parcel));
  ASSERT_TRUE(opened) << opened.error().to_string();
  const auto refused = (*opened)->begin_access(AccessMode::discard, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unsupported);
  EXPECT_NE(refused.error().message().find("for reading only"), std::string::npos);
  auto read = (*opened)->begin_access(AccessMode::read, written());
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(host::bytes(**opened)->size(), 12288U);
  ASSERT_TRUE((*opened)->end_access(*std::move(read)));
}

}  // namespace
}  // namespace geyser::test
