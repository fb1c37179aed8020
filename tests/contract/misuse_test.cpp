// What a caller can do wrong, at every end: each mistake has its typed error, and changes nothing.
#include <gtest/gtest.h>

#include "platform/shared_memory.hpp"
#include "support/end.hpp"
#include "support/pattern.hpp"

namespace geyser::test {
namespace {

constexpr AccessMode write_modes[] = {AccessMode::write, AccessMode::read_write, AccessMode::discard};

class Misuse : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto end = make_end(GetParam());
    ASSERT_TRUE(end) << end.error().to_string();
    end_ = *std::move(end);
    descriptor_.extent = {16, 8, 1};
    descriptor_.label = "misuse";
  }
  void TearDown() override {
    for (const std::string& complaint : end_->complaints) ADD_FAILURE() << complaint;
  }
  TextureShareManager& manager() { return end_->manager(); }
  std::unique_ptr<SharedTexture> make() {
    auto texture = manager().create_texture(descriptor_, HandleKind::host_memory);
    EXPECT_TRUE(texture) << texture.error().to_string();
    return *std::move(texture);
  }
  static AccessState written(SharedTexture& texture) {
    auto access = texture.begin_access(AccessMode::discard, {});
    EXPECT_TRUE(access) << access.error().to_string();
    return *texture.end_access(*std::move(access));
  }
  ErrorCode import_code(ApiTextureHandle&& parcel) {
    auto imported = manager().import_shared_texture(std::move(parcel));
    EXPECT_FALSE(imported);
    return imported ? ErrorCode{} : imported.error().code();
  }

  std::unique_ptr<End> end_;
  TextureDescriptor descriptor_;
};

TEST_P(Misuse, WriterExcludesEveryone) {
  auto texture = make();
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  for (const AccessMode mode : write_modes) {
    auto second = texture->begin_access(mode, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::busy);
  }
  AccessState pretended;
  pretended.initialized = true;
  auto reader = texture->begin_access(AccessMode::read, pretended);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), ErrorCode::busy);
  EXPECT_TRUE(texture->end_access(*std::move(access)));
}

TEST_P(Misuse, ReadersExcludeWriters) {
  auto texture = make();
  const AccessState state = written(*texture);
  auto first = texture->begin_access(AccessMode::read, state);
  auto second = texture->begin_access(AccessMode::read, state);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(texture->begin_access(AccessMode::write, state).error().code(), ErrorCode::busy);
  EXPECT_TRUE(texture->end_access(*std::move(first)));
  EXPECT_EQ(texture->begin_access(AccessMode::write, state).error().code(), ErrorCode::busy);
  EXPECT_TRUE(texture->end_access(*std::move(second)));
  auto writer = texture->begin_access(AccessMode::write, state);
  ASSERT_TRUE(writer) << writer.error().to_string();
  EXPECT_TRUE(texture->end_access(*std::move(writer)));
}

TEST_P(Misuse, EndNeedsAnOpenAccessOfThisTexture) {
  auto texture = make();
  auto other = make();
  EXPECT_EQ(texture->end_access(TextureAccess{}).error().code(), ErrorCode::invalid_access);
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  auto wrong = other->end_access(*std::move(access));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::invalid_access);
  ASSERT_TRUE(access->is_open()) << "a refused end must leave the access open";
  EXPECT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(texture->end_access(*std::move(access)).error().code(), ErrorCode::invalid_access);
}

TEST_P(Misuse, ADroppedAccessIsEndedAndReported) {
  auto texture = make();
  const AccessState state = written(*texture);
  { auto access = texture->begin_access(AccessMode::read, state); }
  ASSERT_EQ(end_->complaints.size(), 1U);
  EXPECT_NE(end_->complaints[0].find("dropped without end_access"), std::string::npos);
  end_->complaints.clear();
  auto writer = texture->begin_access(AccessMode::write, state);
  ASSERT_TRUE(writer) << writer.error().to_string();
  EXPECT_TRUE(texture->end_access(*std::move(writer)));
}

TEST_P(Misuse, StaleAndUninitializedStatesAreRefused) {
  auto texture = make();
  EXPECT_EQ(texture->begin_access(AccessMode::read, {}).error().code(), ErrorCode::uninitialized);
  const AccessState first = written(*texture);
  auto again = texture->begin_access(AccessMode::write, first);
  ASSERT_TRUE(again);
  ASSERT_TRUE(texture->end_access(*std::move(again)));
  auto stale = texture->begin_access(AccessMode::read, first);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code(), ErrorCode::stale_state);
  EXPECT_EQ(stale.error().message(), "The access state is of write [1], but this texture has seen write [2].");
}

TEST_P(Misuse, AFenceOfAnotherManagerIsRefused) {
  auto texture = make();
  auto fence = manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE(texture->set_signal_fence(*fence));
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  EXPECT_EQ(texture->set_signal_fence(nullptr).error().code(), ErrorCode::busy);
  EXPECT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(manager().create_fence(FenceKind::metal_shared_event).error().code(), ErrorCode::unsupported);
}

// A wait for a fence that is never signalled ends, with everything as before.
TEST_P(Misuse, AWaitIsBounded) {
  auto texture = make();
  auto fence = manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  texture->set_wait_timeout(std::chrono::milliseconds(30));
  AccessState state;
  state.initialized = true;
  ASSERT_TRUE(state.writer.add({*fence, 1}));
  auto access = texture->begin_access(AccessMode::read, state);
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), ErrorCode::timeout);
  ASSERT_TRUE((*fence)->signal(1));
  auto now = texture->begin_access(AccessMode::read, state);
  ASSERT_TRUE(now) << now.error().to_string();
  EXPECT_TRUE(texture->end_access(*std::move(now)));
}

TEST_P(Misuse, WrongParcelsAreRefused) {
  auto texture = make();
  const auto fresh = [&] { return *manager().export_texture(*texture); };

  auto closed = fresh();
  closed.handles[0].reset();
  EXPECT_EQ(import_code(std::move(closed)), ErrorCode::invalid_handle);

  auto none = fresh();
  none.handle_count = 0;
  EXPECT_EQ(import_code(std::move(none)), ErrorCode::invalid_handle);

  auto kind = fresh();
  kind.kind = HandleKind::dma_buf;
  EXPECT_EQ(import_code(std::move(kind)), ErrorCode::invalid_handle);

  auto larger = fresh();
  larger.descriptor.extent.width = 17 * 64;
  EXPECT_EQ(import_code(std::move(larger)), ErrorCode::incompatible_layout);

  auto absurd = fresh();
  absurd.descriptor.extent = {0xffffffffU, 0xffffffffU, 1};
  EXPECT_EQ(import_code(std::move(absurd)), ErrorCode::invalid_argument);

  auto lying = fresh();
  lying.layout.allocation_size = ~0ULL;
  EXPECT_EQ(import_code(std::move(lying)), ErrorCode::incompatible_layout);

  auto small_memory = platform::create_shared_memory(256);
  ASSERT_TRUE(small_memory);
  auto small = fresh();
  small.handles[0] = *std::move(small_memory);
  EXPECT_EQ(import_code(std::move(small)), ErrorCode::incompatible_layout);

  auto device = fresh();
  device.kind = HandleKind::opaque_fd;
  device.handles[0] = OwnedHandle::adopt(HandleKind::opaque_fd, device.handles[0].detach());
  auto refused = manager().import_shared_texture(std::move(device));
  EXPECT_FALSE(refused);
}

TEST_P(Misuse, ASecondImportIsAnotherViewOfTheSameMemory) {
  auto texture = make();
  auto parcel = manager().export_texture(*texture);
  ASSERT_TRUE(parcel);
  auto copy = parcel->duplicate();
  ASSERT_TRUE(copy);
  auto one = manager().import_shared_texture(*std::move(parcel));
  auto two = manager().import_shared_texture(*std::move(copy));
  ASSERT_TRUE(one) << one.error().to_string();
  ASSERT_TRUE(two) << two.error().to_string();
  const auto expected = make_pattern(descriptor_, 5);
  auto access = (*one)->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  ASSERT_TRUE(end_->fill(**one, expected));
  const auto state = (*one)->end_access(*std::move(access));
  ASSERT_TRUE(state) << state.error().to_string();
  texture.reset();  // the importers outlive the exporter
  auto read = (*two)->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(read) << read.error().to_string();
  auto actual = end_->read(**two);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(descriptor_, expected, *actual), "");
  EXPECT_TRUE((*two)->end_access(*std::move(read)));
}

INSTANTIATE_TEST_SUITE_P(Ends, Misuse, testing::ValuesIn(end_names()), [](const auto& pair) { return pair.param; });

}  // namespace
}  // namespace geyser::test
