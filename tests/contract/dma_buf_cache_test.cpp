// dma-bufs that come with each frame, through an import cache.
#include <geyser/import_cache.hpp>

#include <cstdlib>

#include "contract/dma_buf_ends.hpp"

namespace geyser::test {
namespace {

TEST_F(DmaBuf, OneThatComesWithEachFrameIsOpenedOnce) {
  parcel();  // makes texture_
  // The manager is the end's, and outlives the cache.
  const std::shared_ptr<TextureShareManager> manager(&to_->manager(), [](TextureShareManager*) {});
  const std::size_t before = settled_descriptors();
  {
    ImportCache cache(manager);
    const auto first = cache.import(*from_->manager().export_texture(*texture_));
    ASSERT_TRUE(first) << first.error().to_string();
    const std::size_t one = settled_descriptors();
    for (int i = 0; i < 10000; ++i) {
      auto again = cache.import(*from_->manager().export_texture(*texture_));
      ASSERT_TRUE(again) << again.error().to_string();
      ASSERT_EQ(*again, *first);
    }
    EXPECT_EQ(settled_descriptors(), one);
    EXPECT_EQ(cache.statistics().imports, 1U);
    EXPECT_EQ(cache.statistics().hits, 10000U);
    exchange(*texture_, **first);
    // Another buffer with the same layout is another texture.
    auto other = from_->manager().create_texture(descriptor_, *agree(descriptor_));
    ASSERT_TRUE(other);
    auto imported = cache.import(*from_->manager().export_texture(**other));
    ASSERT_TRUE(imported);
    EXPECT_NE(*imported, *first);
    exchange(**other, **imported);
  }
  EXPECT_EQ(settled_descriptors(), before);
}

TEST_F(DmaBuf, WithoutACacheTenThousandImportsLeaveNothing) {
  parcel();
  const std::size_t before = settled_descriptors();
  // On a translated processor the validation layer makes minutes of it; there host_dma_buf_test.cpp does it without.
  const int times = std::getenv("GEYSER_VM") != nullptr ? 500 : 10000;
  for (int i = 0; i < times; ++i) {
    auto imported = to_->manager().import_shared_texture(*from_->manager().export_texture(*texture_));
    ASSERT_TRUE(imported) << imported.error().to_string();
  }
  EXPECT_EQ(settled_descriptors(), before);
}

}  // namespace
}  // namespace geyser::test
