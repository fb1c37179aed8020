// How often a manager is asked to open what comes again and again, by counting at the manager.
#include <gtest/gtest.h>

#include <geyser/host.hpp>
#include <geyser/import_cache.hpp>

#include "platform/shared_memory.hpp"
#include "support/descriptors.hpp"
#include "support/system.hpp"

namespace geyser::test {
namespace {

class CountedTexture final : public SharedTexture {
 public:
  explicit CountedTexture(ApiTextureHandle&& parcel)
      : SharedTexture({Api::host, parcel.descriptor, parcel.layout, parcel.kind, SharePath::zero_copy, {}}),
        parcel_(std::move(parcel)) {}

 private:
  Result<void> do_begin(AccessMode, const AccessState&, const SyncPoints&) override { return {}; }
  Result<void> do_end(AccessMode, SharedFence*, std::uint64_t) override { return {}; }
  Result<ApiTextureHandle> do_export(HandleKind) override { return parcel_.duplicate(); }
  bool accepts_signal_fence(const SharedFence&) const override { return false; }

  ApiTextureHandle parcel_;
};

// Opens everything of one format, and counts.
class CountingManager final : public TextureShareManager {
 public:
  CountingManager() : TextureShareManager(rows()) {}
  int opened = 0;

  static DeviceIdentity identity() {
    DeviceIdentity identity;
    identity.has_uuids = true;
    identity.device_name = "counter";
    return identity;
  }

 private:
  static Capabilities rows() {
    Capabilities capabilities;
    capabilities.identity = identity();
    for (const auto& [kind, tiling] :
         {std::pair(HandleKind::dma_buf, Tiling::drm_modifier), std::pair(HandleKind::opaque_fd, Tiling::opaque),
          std::pair(HandleKind::host_memory, Tiling::host)}) {
      TextureCapability row;
      row.format = TextureFormat::rgba8_unorm;
      row.handle_kind = kind;
      row.tiling = tiling;
      row.modifier = drm_modifier_linear;
      row.importable = true;
      row.usages = all_texture_usages;
      row.dimensions = dimension_bit(TextureDimension::two_d);
      row.max_extent = {64, 64, 1};
      capabilities.textures.push_back(row);
    }
    return capabilities;
  }
  Result<std::unique_ptr<SharedTexture>> do_create(const TextureDescriptor&, const Agreement&) override {
    return fail(ErrorCode::unsupported, "It makes nothing.");
  }
  Result<std::unique_ptr<SharedTexture>> do_import(ApiTextureHandle&& parcel) override {
    ++opened;
    return std::make_unique<CountedTexture>(std::move(parcel));
  }
  Result<std::shared_ptr<SharedFence>> do_create_fence(FenceKind) override {
    return fail(ErrorCode::unsupported, "It makes nothing.");
  }
  Result<std::shared_ptr<SharedFence>> do_import_fence(FenceHandle&&) override {
    return fail(ErrorCode::unsupported, "It opens none.");
  }
  Result<void> do_copy(SharedTexture&, SharedTexture&) override {
    return fail(ErrorCode::unsupported, "It copies nothing.");
  }
  bool owns(const SharedTexture&) const noexcept override { return true; }
};

ApiTextureHandle parcel_of(OwnedHandle memory, HandleKind kind = HandleKind::dma_buf) {
  ApiTextureHandle parcel;
  parcel.descriptor.extent = {16, 16, 1};
  parcel.identity = CountingManager::identity();
  parcel.kind = kind;
  parcel.layout.tiling = kind == HandleKind::dma_buf ? Tiling::drm_modifier : Tiling::opaque;
  parcel.layout.modifier = drm_modifier_linear;
  parcel.layout.allocation_size = 4096;
  parcel.layout.plane_count = 1;
  parcel.layout.planes[0].stride = 64;
  parcel.handle_count = 1;
  parcel.handles[0] = OwnedHandle::adopt(kind, memory.detach());
  return parcel;
}

class ImportCaches : public testing::Test {
 protected:
  std::shared_ptr<SharedTexture> import(const ApiTextureHandle& parcel) {
    auto texture = cache_.import(*parcel.duplicate());
    EXPECT_TRUE(texture) << texture.error().to_string();
    return texture ? *std::move(texture) : nullptr;
  }
  static ApiTextureHandle new_parcel(HandleKind kind = HandleKind::dma_buf) {
    return parcel_of(*platform::create_shared_memory(4096), kind);
  }

  std::shared_ptr<CountingManager> manager_ = std::make_shared<CountingManager>();
  ImportCache cache_{manager_, 3};
};

TEST_F(ImportCaches, OpenABufferOnceWhateverItsNumber) {
  for (const HandleKind kind : {HandleKind::dma_buf, HandleKind::opaque_fd}) {
    manager_->opened = 0;
    const ApiTextureHandle parcel = new_parcel(kind);
    const auto first = import(parcel);
    const std::size_t descriptors = open_descriptors();
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(import(parcel), first);
    EXPECT_EQ(manager_->opened, 1);
    EXPECT_EQ(open_descriptors(), descriptors) << "a hit closes what it was given";
  }
  EXPECT_EQ(cache_.statistics().imports, 2U);
  EXPECT_EQ(cache_.statistics().hits, 2000U);
}

TEST_F(ImportCaches, TellBuffersLayoutsAndDescriptorsApart) {
  const ApiTextureHandle parcel = new_parcel();
  const auto first = import(parcel);
  EXPECT_NE(import(new_parcel()), first);
  ApiTextureHandle other = *parcel.duplicate();
  other.layout.planes[0].offset = 1024;
  EXPECT_NE(import(other), first);
  other = *parcel.duplicate();
  other.descriptor.extent.height = 8;
  EXPECT_NE(import(other), first);
  EXPECT_EQ(manager_->opened, 4);
}

TEST_F(ImportCaches, OpenOpaqueDescriptorsThatLookAlikeEachTime) {
  // As NVIDIA's: every one is a device node.
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(cache_.import(parcel_of(open_device(HandleKind::opaque_fd), HandleKind::opaque_fd)));
  }
  EXPECT_EQ(manager_->opened, 5);
  EXPECT_EQ(cache_.statistics().uncached, 5U);
  EXPECT_EQ(cache_.size(), 0U);
}

TEST_F(ImportCaches, LetGoOfWhatWasNotAskedForLongest) {
  std::vector<ApiTextureHandle> parcels;
  for (int i = 0; i < 4; ++i) parcels.push_back(new_parcel());
  for (int i = 0; i < 3; ++i) import(parcels[static_cast<std::size_t>(i)]);
  import(parcels[0]);
  import(parcels[3]);  // in place of 1
  EXPECT_EQ(cache_.size(), 3U);
  EXPECT_EQ(cache_.statistics().evictions, 1U);
  EXPECT_EQ(manager_->opened, 4);
  import(parcels[0]);
  EXPECT_EQ(manager_->opened, 4);
  const auto held = import(parcels[1]);  // in place of 2
  EXPECT_EQ(manager_->opened, 5);
  import(parcels[3]);
  import(parcels[0]);
  import(parcels[2]);  // 1 is the oldest, but somebody has it: in place of 3
  EXPECT_EQ(import(parcels[1]), held);
  EXPECT_EQ(manager_->opened, 6);
}

TEST_F(ImportCaches, EvictWhenTold) {
  const std::size_t descriptors = open_descriptors();
  {
    const ApiTextureHandle parcel = new_parcel();
    const auto first = import(parcel);
    EXPECT_TRUE(cache_.evict(*first));
    EXPECT_FALSE(cache_.evict(*first));
    EXPECT_EQ(first->descriptor().extent.width, 16U) << "whoever holds it keeps it";
    EXPECT_NE(import(parcel), first);
    EXPECT_EQ(manager_->opened, 2);
    cache_.clear();
    EXPECT_EQ(cache_.size(), 0U);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST_F(ImportCaches, KeepNothingOfAParcelThatIsRefused) {
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    ApiTextureHandle wrong = new_parcel();
    wrong.layout.modifier = 5;
    const auto refused = cache_.import(std::move(wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::incompatible_layout);
  }
  EXPECT_FALSE(cache_.import({}));
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_EQ(cache_.size(), 0U);
  EXPECT_EQ(cache_.statistics().imports, 0U);
  EXPECT_EQ(cache_.statistics().uncached, 0U);
}

// A closed buffer's identity must not be given to a new one while the texture is here.
TEST_F(ImportCaches, HoldTheObjectsThatTheyKnow) {
  std::vector<std::weak_ptr<SharedTexture>> seen;
  for (int i = 0; i < 200; ++i) {
    const auto texture = import(new_parcel());
    for (const auto& one : seen) EXPECT_NE(one.lock(), texture);
    seen.push_back(texture);
  }
  EXPECT_EQ(manager_->opened, 200);
  EXPECT_EQ(cache_.size(), 3U);
}

TEST(ImportCacheOfAHost, OpensItsMemoryOnce) {
  const std::shared_ptr<TextureShareManager> host = *host::create_manager();
  TextureDescriptor descriptor;
  descriptor.extent = {16, 16, 1};
  auto texture = *host->create_texture(descriptor, HandleKind::host_memory);
  ImportCache cache(host);
  const auto first = *cache.import(*host->export_texture(*texture));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*cache.import(*host->export_texture(*texture)), first);
  EXPECT_EQ(cache.statistics().imports, 1U);
  AccessState state;
  auto write = texture->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(write);
  state = *texture->end_access(*std::move(write));
  auto read = first->begin_access(AccessMode::read, state);
  ASSERT_TRUE(read);
  EXPECT_TRUE(first->end_access(*std::move(read)));
}

}  // namespace
}  // namespace geyser::test
